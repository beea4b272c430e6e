import { createConnector, memoryArchive } from '@mailsphere/core';
import { office365 } from '@mailsphere/office365';
import type { SimulatorOptions } from '@mailsphere/simulator';
import { startServer } from '@mailsphere/simulator/server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { activeConnection, BASE_URL } from './active-connection.ts';
import { storedCopy, tenantCopy } from './directory-copy.ts';
import { holdAnswer } from './processes/held-answer.ts';
import { startProcess } from './processes/host-process.ts';
import { storages } from './storages.ts';

const USERS = 60;
const PAGE = 10;
/** Longer than a lease lasts. */
const AHEAD = { ahead: 60_000 };
const COLLECTIONS = ['checkpoints', 'removals', 'removal-chunks', 'schedules'];
const IN_GOOD_ORDER = { code: 0, errors: '' };
const simulated: SimulatorOptions = {
  tenants: [{ name: 'contoso', users: USERS, messagesPerUser: 1 }],
  // Requests can be counted only where every page is full.
  quirks: { directoryPage: PAGE, emptyPages: 0, repeatedRows: 0 },
};

/** An active connection, in a database that processes can share. Everything ends with the test. */
async function createHost(open: (typeof storages)[number]['open'], options: SimulatorOptions = {}) {
  const opened = await open();
  onTestFinished(() => opened.close());
  const server = await startServer({ ...simulated, ...options });
  onTestFinished(() => server.close());
  const { simulator } = server;
  const [tenant] = simulator.tenants;
  if (!tenant) throw new Error('There is a tenant.');
  const { storage, directory, place } = opened;
  const { clientId, secret } = simulator.app;
  const cloud = { login: server.login, graph: server.graph };
  const provider = office365({ clientId, credential: { secret }, cloud });
  onTestFinished(() => provider.close?.());
  const connector = createConnector({
    providers: [provider],
    storage,
    directory,
    archive: memoryArchive(),
    baseUrl: BASE_URL,
    hooks: { authorize: () => 'user-1' },
  });
  onTestFinished(() => connector.close());
  const connectionId = await activeConnection(connector, tenant, (request) => fetch(request));
  simulator.resetCounts();
  return {
    simulator,
    tenant,
    storage,
    connector,
    connectionId,
    start: () => startProcess({ place, cloud, clientId, secret, connectionId }),
    stored: () => storedCopy(directory, connectionId),
    counts: () => directory.counts(connectionId),
    /** How many users are stored for good. */
    progress: async () => {
      const record = await storage.get('checkpoints', `${connectionId}/directory/user`);
      const { counts } = (record?.value ?? {}) as { readonly counts?: { readonly upserted?: number } };
      return counts?.upserted;
    },
    /** All that a sync writes, but for the record that it has run: each run tells of itself, also one that lost its place. */
    written: async () => ({
      stored: await storedCopy(directory, connectionId),
      records: (await Promise.all(COLLECTIONS.map((collection) => storage.list(collection))))
        .flat()
        .map(({ id, version }) => `${id} ${version}`),
    }),
  };
}

type Host = Awaited<ReturnType<typeof createHost>>;

/** Synchronises in a process of its own while nobody else is at it. */
async function syncAlone(host: Host) {
  const alone = await host.start();
  alone.tell('sync');
  const report = await alone.report();
  expect(await alone.end()).toEqual(IN_GOOD_ORDER);
  return report;
}

/** Every entry is there once, and as it is in the tenant. */
async function expectComplete({ stored, counts, tenant }: Host) {
  expect(await stored()).toEqual(tenantCopy(tenant));
  const { domainRecords, users, contacts, groups } = tenant;
  expect(await counts()).toMatchObject({
    domain: domainRecords.length,
    user: users.length,
    contact: contacts.length,
    group: groups.length,
  });
}

describe.each(storages)('two processes that share a $name', { timeout: 60_000 }, ({ open }) => {
  it('and synchronise one directory at the same moment do the work once, and both know how it ended', async () => {
    // So slow that the second one cannot come after the first one has ended.
    const host = await createHost(open, { latencyMs: 100 });
    const pair = await Promise.all([host.start(), host.start()]);
    for (const one of pair) one.tell('sync');
    const [first, second] = await Promise.all(pair.map((one) => one.report()));
    expect(first).toMatchObject({ run: { outcome: 'completed', counts: { user: { upserted: USERS } } } });
    expect(second).toEqual(first);
    expect(await host.connector.directory.runs(host.connectionId)).toHaveLength(1);
    await expectComplete(host);
    for (const one of pair) expect(await one.end()).toEqual(IN_GOOD_ORDER);

    const twin = await createHost(open);
    await syncAlone(twin);
    expect(host.simulator.counts.byRoute).toEqual(twin.simulator.counts.byRoute);
    expect(await host.stored()).toEqual(await twin.stored());
  });

  it('lose nothing when one is killed in its first sync: the other goes on where it was', async () => {
    const host = await createHost(open);
    const { made, deliver } = holdAnswer(host.simulator, '/users/delta', 4);
    const [killed, other] = await Promise.all([host.start(), host.start()]);
    killed.tell('sync');
    await made;
    await expect.poll(host.progress, { interval: 20, timeout: 10_000 }).toBe(3 * PAGE);
    other.tell('sync');
    await killed.kill();
    deliver();
    other.tell(AHEAD);
    expect(await other.report()).toMatchObject({
      run: { outcome: 'completed', counts: { user: { upserted: USERS - 3 * PAGE } } },
    });
    await expectComplete(host);
    // The page that the killed one had asked for was asked for once more.
    expect(host.simulator.counts.byRoute['users.delta']).toBe(USERS / PAGE + 1);
    expect(await other.end()).toEqual(IN_GOOD_ORDER);
  });

  it('do not undo each other when one slept while the other took over and finished', async () => {
    const host = await createHost(open);
    const { simulator, tenant } = host;
    const { made, deliver } = holdAnswer(simulator, '/users/delta', 4);
    const [sleeper, other] = await Promise.all([host.start(), host.start()]);
    sleeper.tell('sync');
    await made;
    await expect.poll(host.progress, { interval: 20, timeout: 10_000 }).toBe(3 * PAGE);
    sleeper.stop();
    // One of a page that the sleeper has stored, and one of the page that it waits for.
    const [early, late] = [tenant.users[5], tenant.users[3 * PAGE + 5]];
    if (!early || !late) throw new Error('There are users.');
    simulator.updateUser(tenant.id, late.id, { displayName: 'renamed' });
    simulator.removeUser(tenant.id, early.id);
    simulator.addUser(tenant.id, { nickname: 'newcomer' });
    other.tell(AHEAD);
    // The round that the sleeper began, and then what changed meanwhile.
    for (const _ of [1, 2]) {
      other.tell('sync');
      expect(await other.report()).toMatchObject({ run: { outcome: 'completed' } });
    }
    await expectComplete(host);
    const [last] = await host.connector.directory.runs(host.connectionId);
    const before = await host.written();
    // The page behind the one that it waits for is on its way when it finds out.
    const behind = holdAnswer(simulator, '/users/delta', 1);
    deliver();
    sleeper.goOn();
    expect(await sleeper.report()).toEqual({ run: last });
    behind.deliver();
    expect(await host.written()).toEqual(before);
    for (const one of [sleeper, other]) expect(await one.end()).toEqual(IN_GOOD_ORDER);
  });

  it('do not lose a user who was gone only while one of them slept', async () => {
    const host = await createHost(open);
    const { simulator, tenant } = host;
    await syncAlone(host);
    const [user] = tenant.users.slice(-1);
    if (!user) throw new Error('There is a user.');
    const { made, deliver } = holdAnswer(simulator, '/users/delta', 1);
    const [sleeper, other] = await Promise.all([host.start(), host.start()]);
    simulator.removeUser(tenant.id, user.id);
    sleeper.tell('sync');
    await made;
    sleeper.stop();
    simulator.restoreUser(tenant.id, user.id);
    other.tell(AHEAD);
    other.tell('sync');
    expect(await other.report()).toMatchObject({ run: { outcome: 'completed' } });
    await expectComplete(host);
    const before = await host.written();
    deliver();
    sleeper.goOn();
    await sleeper.report();
    expect.soft(await host.written(), 'what the sleeper wrote').toEqual(before);
    other.tell('sync');
    expect(await other.report()).toMatchObject({ run: { outcome: 'completed' } });
    await expectComplete(host);
    for (const one of [sleeper, other]) expect(await one.end()).toEqual(IN_GOOD_ORDER);
  });
});
