import crypto, { randomUUID } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { virtualClock } from '@mailsphere/core/testing';
import { fetchTransport, office365, type TransportRequest } from '@mailsphere/office365';
import { createSimulator, type SimulatorOptions } from '@mailsphere/simulator';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cloudSchema } from '../../packages/office365/src/cloud.ts';
import { createGraphClient } from '../../packages/office365/src/graph/graph-client.ts';
import { removedSchema } from '../../packages/office365/src/graph/removed.ts';
import { createLimiter } from '../../packages/office365/src/limiter/limiter.ts';
import { careless, createRequestWatch, requestWatch } from '../request-watch.ts';

/** The provider over a simulator, and the way that its requests take, open to any request. */
function connected(options: SimulatorOptions = {}) {
  const clock = virtualClock();
  const random = () => 0.5;
  const tenants = [{ name: 'contoso', users: 12, consented: true }];
  const simulator = createSimulator({ clock, tenants, ...options });
  const [tenant] = simulator.tenants;
  if (!tenant) throw new Error('There is a tenant.');
  const tenantId = tenant.id;
  const transport = fetchTransport((request) => simulator.fetch(request));
  const { clientId, secret } = simulator.app;
  const provider = office365({ clientId, credential: { secret }, transport, clock, random });
  const graph = createGraphClient({
    cloud: cloudSchema.parse('global'),
    tokens: { acquire: () => provider.acquireToken({ tenantId }), discard() {}, keep() {}, forget() {} },
    limiter: createLimiter({ clock, random }),
    transport,
    clock,
    random,
  });
  const lane = { kind: 'directory', tenantId } as const;
  // Of an answer, any object will do.
  const get = (path: readonly string[], query: string) =>
    clock.run(
      graph.read({ tenantId, lane, path, query, about: 'directory', maxWait: 60_000 }, removedSchema),
    );
  /** Uses up the quota of the directory, as another client of the same app would. */
  const exhaust = async () => {
    const { token } = await provider.acquireToken({ tenantId });
    const url = `https://graph.microsoft.com/v1.0/groups/${tenant.groups[0]?.id}/transitiveMembers`;
    const headers = { authorization: `Bearer ${token}`, 'client-request-id': randomUUID() };
    for (;;) if ((await simulator.fetch(new Request(url, { headers }))).status === 429) return;
  };
  return { clock, simulator, provider, tenantId, get, exhaust };
}

/** Until the end of the test, the next requests have these ids, and those behind them the last one. */
function withIds(...ids: readonly string[]) {
  const original = crypto.randomUUID;
  let next = 0;
  crypto.randomUUID = (() => ids[Math.min(next++, ids.length - 1)]) as typeof original;
  syncBuiltinESMExports();
  onTestFinished(() => {
    crypto.randomUUID = original;
    syncBuiltinESMExports();
  });
}

const SELECT = '$select=id';

describe('a test fails', () => {
  it.fails('when a request does not say which properties it wants', async () => {
    await connected().get(['users', 'delta'], '');
  });

  it.fails('when a request has no id of its own', async () => {
    withIds('');
    await connected().get(['users'], SELECT);
  });

  it.fails('when more is asked of the directory than its quota', async () => {
    const { exhaust, get } = connected();
    await exhaust();
    await get(['users'], SELECT);
  });

  it('and says what is wrong with which request, but no id of anybody', async () => {
    const { get, tenantId } = connected();
    await get(['users', 'adele.vance@contoso.com'], '').catch(() => undefined);
    await get(['organization', tenantId], '').catch(() => undefined);
    const faults = requestWatch.takeFaults();
    expect(faults).toEqual([
      'GET users/{id} selects no properties',
      'GET organization/{id} selects no properties',
    ]);
    expect(careless(faults).message).toContain('GET users/{id} selects no properties');
  });
});

describe('a request is found', () => {
  it.each([
    ['of domains', ['domains']],
    ['of users', ['users']],
    ['of what changed of users', ['users', 'delta']],
    ['of what changed of contacts', ['contacts', 'delta']],
    ['of what changed of groups', ['groups', 'delta']],
  ])('%s that selects nothing', async (_, path) => {
    const { get } = connected();
    await get(path, '$select=');
    expect(requestWatch.takeFaults()).toEqual([`GET ${path.join('/')} selects no properties`]);
    await get(path, SELECT);
    expect(requestWatch.takeFaults()).toEqual([]);
  });

  it('whose id is no GUID', async () => {
    withIds('request-1');
    await connected().get(['users'], SELECT);
    expect(requestWatch.takeFaults()).toEqual(['GET users has a client-request-id that is no GUID']);
  });

  it('also when the provider sends it on its own', async () => {
    withIds('request-2');
    const { provider, tenantId } = connected();
    await Array.fromAsync(provider.directory.changes({ tenantId }, 'domain'));
    expect(requestWatch.takeFaults()).toEqual(['GET domains has a client-request-id that is no GUID']);
  });

  it('whose id was that of the try before', async () => {
    withIds(randomUUID());
    const { simulator, get } = connected();
    simulator.inject({ route: 'users.list', answer: { status: 503 } });
    await get(['users'], SELECT);
    expect(requestWatch.takeFaults()).toEqual(['GET users has the client-request-id of an earlier request']);
  });

  it('that the directory has no units left for', async () => {
    const { exhaust, get } = connected();
    await exhaust();
    expect(requestWatch.takeFaults()).toEqual([]);
    await get(['users'], SELECT);
    expect(requestWatch.takeFaults()).toEqual(['GET users was more than the quota of the directory']);
  });

  it('that has no id at all', () => {
    const watch = createRequestWatch();
    const url = new URL('https://graph.microsoft.com/v1.0/domains?$select=id');
    watch.sent({ method: 'GET', url, headers: {} } satisfies TransportRequest);
    expect(watch.takeFaults()).toEqual(['GET domains has no client-request-id']);
  });
});

describe('nothing is found', () => {
  it('in what a test asked for by a smaller quota or a fault', async () => {
    const small = connected({ limits: { directoryUnits: 5 } });
    await small.exhaust();
    await small.get(['users'], SELECT);
    const faulty = connected();
    faulty.simulator.inject({ route: 'users.list', answer: { status: 429 } });
    await faulty.exhaust();
    await faulty.get(['users'], SELECT);
    expect(small.simulator.counts.throttled + faulty.simulator.counts.throttled).toBeGreaterThan(3);
    expect(requestWatch.takeFaults()).toEqual([]);
  });

  it('in pages that a link leads to, and in the bytes of a message', async () => {
    const { simulator, provider, tenantId } = connected({ quirks: { directoryPage: 2 } });
    const pages = await Array.fromAsync(provider.directory.changes({ tenantId }, 'user'));
    expect(pages.length).toBeGreaterThan(3);
    const [entry] = simulator.manifest(tenantId);
    if (!entry) throw new Error('There is a message.');
    const { mailboxId, messageId } = entry;
    const content = await provider.mail.content({
      tenantId,
      mailboxId,
      folderId: 'any',
      messageId,
      receivedAt: '2026-01-05T00:00:00Z',
    });
    await content.cancel();
    expect(requestWatch.takeFaults()).toEqual([]);
  });
});
