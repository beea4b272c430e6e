import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { createConnector, memoryArchive, memoryDirectory } from '@mailsphere/core';
import { office365 } from '@mailsphere/office365';
import type { SimulatorOptions } from '@mailsphere/simulator';
import { startServer } from '@mailsphere/simulator/server';
import { filesystemArchive } from '@mailsphere/storage/filesystem';
import { openSqlite, sqliteStorage } from '@mailsphere/storage/sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { activeConnection, BASE_URL } from './active-connection.ts';
import type { MailProcessSettings } from './processes/bring-mail.ts';

const program = fileURLToPath(new URL('processes/bring-mail.ts', import.meta.url));
/** Longer than a lease lasts. */
const LEASE = 20_000;
// Steps of the ingest at which a process is killed: all of them when asked for, else evenly chosen ones.
const STEPS = process.env.CRASHES === undefined ? 20 : Number.POSITIVE_INFINITY;
const KILLS = process.env.CRASHES === undefined ? 20 : 200;

/** A tenant with mail, and a connection to it whose state can be copied. Everything ends with the test. */
async function createTenant(
  options: Pick<NonNullable<SimulatorOptions['tenants']>[number], 'users' | 'messagesPerUser'>,
) {
  const root = mkdtempSync(join(tmpdir(), 'mailsphere-crash-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));
  const messageSize = { medianBytes: 3_000, maxBytes: 200_000 };
  const server = await startServer({
    tenants: [{ name: 'contoso', ...options, messageSize }],
    limits: false,
  });
  onTestFinished(() => server.close());
  const { simulator } = server;
  const [tenant] = simulator.tenants;
  if (!tenant) throw new Error('There is a tenant.');
  const { clientId, secret } = simulator.app;
  const cloud = { login: server.login, graph: server.graph };
  const template = join(root, 'template.sqlite');
  const database = openSqlite({ path: template });
  const provider = office365({ clientId, credential: { secret }, cloud });
  const connector = createConnector({
    providers: [provider],
    storage: sqliteStorage(database),
    directory: memoryDirectory(),
    archive: memoryArchive(),
    baseUrl: BASE_URL,
    hooks: { authorize: () => 'user-1' },
  });
  const connectionId = await activeConnection(connector, tenant, (request) => fetch(request));
  await connector.close();
  await provider.close?.();
  await database.close();

  const all = [...simulator.manifest(tenant)];
  const [poison] = all;
  if (!poison) throw new Error('There is mail.');
  simulator.poisonMessage(tenant.id, poison.mailboxId, poison.messageId);
  const good = all.filter(({ messageId }) => messageId !== poison.messageId);

  /** A place of its own: the state as it was after the connection, and an empty archive. */
  let places = 0;
  const createPlace = () => {
    const folder = join(root, `${++places}`);
    mkdirSync(folder);
    const databasePath = join(folder, 'state.sqlite');
    cpSync(template, databasePath);
    return { databasePath, mailFolder: join(folder, 'mail'), cloud, clientId, secret, connectionId };
  };
  return { simulator, tenant, good, poison, createPlace, connectionId };
}

type Place = ReturnType<Awaited<ReturnType<typeof createTenant>>['createPlace']>;

/** Starts a process that brings the mail. It does not outlive the test. */
function start(place: Place, more: Pick<MailProcessSettings, 'ahead' | 'killAt'>) {
  const settings: MailProcessSettings = { ...place, ...more };
  const child = spawn(
    process.execPath,
    ['--conditions=@mailsphere/source', program, JSON.stringify(settings)],
    // Nothing of the test runner's environment: it would change how the child behaves.
    { env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
    ([output, errors, [code, signal]]) => ({ output, errors, code: code as number | null, signal }),
  );
  return { child, ready: once(child.stdout, 'data'), ended };
}

/** Runs until everything is brought. Resolves with the steps that it took. */
async function finish(place: Place, ahead: number): Promise<number> {
  const { output, errors, code } = await start(place, { ahead }).ended;
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '').steps;
}

/** What is archived, each message with the hash of its bytes as they are now. */
async function archived({ mailFolder }: Place) {
  const archive = filesystemArchive({ directory: mailFolder });
  const found: string[] = [];
  for await (const { mailboxId, messageId, sha256, status } of archive.verify())
    found.push(`${mailboxId} ${messageId} ${sha256} ${status}`);
  await archive.close?.();
  return found.sort();
}

const expected = (good: Awaited<ReturnType<typeof createTenant>>['good']) =>
  good.map(({ mailboxId, messageId, sha256 }) => `${mailboxId} ${messageId} ${sha256} intact`).sort();

/** What is recorded, without times. */
async function recorded({ databasePath }: Place) {
  const database = openSqlite({ path: databasePath });
  const storage = sqliteStorage(database);
  const valuesOf = async (collection: string) =>
    (await storage.list(collection)).map(({ value }) => value as Record<string, unknown>);
  const mailboxes = (await valuesOf('mailboxes')).map(
    ({ mailboxId, state, discovered, archived: stored, alreadyStored, failed, gone }) => ({
      ...{ mailboxId, state, discovered, failed, gone },
      brought: Number(stored) + Number(alreadyStored),
    }),
  );
  const failures = (await valuesOf('failures')).map(({ messageId, class: kind }) => ({ messageId, kind }));
  const claimed = (await valuesOf('checkpoints'))
    .map(({ counts }) => counts as Record<string, number>)
    .reduce((sum, { archived: stored = 0 }) => sum + stored, 0);
  await database.close();
  return { mailboxes, failures, claimed };
}

describe('a process that is killed while it brings mail', () => {
  const which = STEPS === Number.POSITIVE_INFINITY ? 'every step' : `${STEPS} of the steps, evenly`;
  it(`at ${which}, has lost nothing, and the next one ends as if it had never happened`, async () => {
    const { createPlace, good } = await createTenant({ users: 3, messagesPerUser: 8 });
    const whole = createPlace();
    const steps = await finish(whole, 0);
    expect(await archived(whole)).toEqual(expected(good));
    const { claimed: _, ...uninterrupted } = await recorded(whole);
    expect(uninterrupted.failures).toMatchObject([{ kind: 'poison' }]);
    expect(steps).toBeGreaterThan(150);

    const count = Math.min(STEPS, steps);
    for (let index = 0; index < count; index++) {
      const killAt = 1 + Math.floor((index * steps) / count);
      const place = createPlace();
      const { signal } = await start(place, { ahead: 0, killAt }).ended;
      expect(signal, `step ${killAt}`).toBe('SIGKILL');
      // Nothing is recorded as archived that is not there.
      const before = await archived(place);
      const { claimed } = await recorded(place);
      expect(before.filter((line) => line.endsWith('intact')).length).toBeGreaterThanOrEqual(claimed);
      expect(
        before.filter((line) => line.endsWith('damaged')),
        `step ${killAt}`,
      ).toEqual([]);
      await finish(place, LEASE);
      expect(await archived(place), `step ${killAt}`).toEqual(expected(good));
      const { claimed: after, ...end } = await recorded(place);
      expect(end, `step ${killAt}`).toEqual(uninterrupted);
      expect(after).toBeLessThanOrEqual(good.length);
      rmSync(place.mailFolder, { recursive: true });
    }
  }, 1_200_000);

  it(`at any moment, ${KILLS} times and while the service fails, makes progress and loses nothing`, async () => {
    const { simulator, createPlace, good } = await createTenant({ users: 6, messagesPerUser: 60 });
    let seed = 7;
    const random = () => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed / 2 ** 32;
    };
    const faults = ['reset', 'html'] as const;
    let place = createPlace();
    let kills = 0;
    for (let ahead = 0; kills < KILLS; ahead += LEASE) {
      for (const answer of faults)
        if (random() < 0.5) simulator.inject({ route: 'messages.value', answer, times: 1 });
      const { child, ready, ended } = start(place, { ahead });
      await Promise.race([ready, ended]);
      const timer = setTimeout(() => child.kill('SIGKILL'), random() * 400);
      const { signal, errors } = await ended;
      clearTimeout(timer);
      if (signal === 'SIGKILL') {
        kills++;
        continue;
      }
      expect(errors).toBe('');
      simulator.clearFaults();
      expect(await archived(place)).toEqual(expected(good));
      place = createPlace();
      ahead = 0;
    }
    simulator.clearFaults();
    await finish(place, 3600_000);
    expect(await archived(place)).toEqual(expected(good));
  }, 1_200_000);
});

it('a process that slept past its lease writes nothing when it wakes up', async () => {
  const { simulator, tenant, createPlace, good } = await createTenant({ users: 3, messagesPerUser: 20 });
  const place = createPlace();
  const sleeper = start(place, { ahead: 0 });
  await sleeper.ready;
  // In the middle of a page.
  const asked = () => simulator.counts.byRoute['messages.value'] ?? 0;
  while (asked() < 10) await new Promise((resolve) => setTimeout(resolve, 5));
  sleeper.child.kill('SIGSTOP');
  await finish(place, LEASE);
  const [late] = good;
  if (!late) throw new Error('There is mail.');
  simulator.removeMessage(tenant.id, late.mailboxId, late.messageId);
  const before = { files: await archived(place), records: await recorded(place) };
  sleeper.child.kill('SIGCONT');
  const { signal } = await sleeper.ended;
  expect(signal).toBeNull();
  expect({ files: await archived(place), records: await recorded(place) }).toEqual(before);
  expect(before.files).toEqual(expected(good));
}, 120_000);
