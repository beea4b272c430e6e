import { createHash } from 'node:crypto';
import { type Clock, createConnector, memoryArchive, memoryDirectory } from '@mailsphere/core';
import { office365, type Transport, undiciTransport } from '@mailsphere/office365';
import { createLocalEngine } from '@mailsphere/scheduler';
import type { ScenarioFault } from '@mailsphere/simulator';
import { startServer } from '@mailsphere/simulator/server';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Authorized, authorizeOnce } from './histories/fleet.ts';

// The pauses between two tries are not what is looked at here, so they pass fifty times as fast.
const FASTER = 50;
const began = Date.now();
const fastClock: Clock = {
  now: () => began + (Date.now() - began) * FASTER,
  wait: (milliseconds, { signal } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', stop);
          resolve();
        },
        Math.min(milliseconds / FASTER, 2 ** 31 - 1),
      );
      signal?.addEventListener('abort', stop, { once: true });
    }),
};

let authorized: Authorized;
beforeAll(async () => {
  authorized = await authorizeOnce();
});

/** Reads a tenant over sockets of this machine, and says what the archive lacks. */
async function read(
  faults: readonly ScenarioFault[],
  through: (transport: Transport) => Transport = (one) => one,
) {
  await using server = await startServer({
    tenants: [{ name: 'contoso', users: 4, messagesPerUser: 6, consented: true }],
    scenario: { faults },
  });
  const { simulator } = server;
  const [tenant] = simulator.tenants;
  if (!tenant) throw new Error('There is a tenant.');
  const transport = undiciTransport({ headersTimeout: 1_000, bodyTimeout: 1_000 });
  const archive = memoryArchive();
  const connector = createConnector({
    providers: [
      office365({
        clientId: simulator.app.clientId,
        credential: { secret: simulator.app.secret },
        cloud: { login: server.login, graph: server.graph },
        transport: through(transport),
        clock: fastClock,
      }),
    ],
    storage: await authorized.copyFor('connection-over-sockets'),
    directory: memoryDirectory(),
    archive,
    baseUrl: 'http://localhost/connect',
    hooks: { authorize: () => 'anna' },
    mailSync: { drafts: true },
    clock: fastClock,
  });
  const engine = createLocalEngine({ connector, clock: fastClock, pollInterval: 86_400_000 });
  engine.start();
  try {
    await engine.idle();
    const lacking: string[] = [];
    for (const { mailboxId, messageId, sha256 } of simulator.manifest(tenant.id)) {
      const content = await archive.read({ tenantId: tenant.id, mailboxId, messageId });
      const bytes = content && new Uint8Array(await new Response(content).arrayBuffer());
      if (!bytes || createHash('sha256').update(bytes).digest('hex') !== sha256) lacking.push(messageId);
    }
    return { lacking, counts: simulator.counts, size: archive.size };
  } finally {
    await engine.stop();
    await connector.close();
    await transport.close();
  }
}

const VALUE = 'messages.value';

describe('no message is lost or stored in part when the connection', () => {
  it.each<[string, ScenarioFault]>([
    ['breaks before the answer', { answer: 'resetBeforeHeaders', skip: 3, times: 4 }],
    ['breaks within the answer', { answer: 'resetInBody', skip: 3, times: 4 }],
    ['breaks within a message', { answer: 'resetInBody', route: VALUE, times: 2 }],
    ['ends before the announced length', { answer: 'truncated', route: VALUE, times: 2 }],
    ['ends without the last chunk', { answer: 'chunksCut', route: VALUE, times: 2 }],
    ['stalls within a message', { answer: 'stallInBody', route: VALUE, times: 1 }],
    ['stalls before the answer', { answer: 'stallBeforeHeaders', route: VALUE, times: 1 }],
    ['leads to the page of a proxy', { answer: 'html', route: VALUE, times: 2 }],
  ])('%s', async (_name, fault) => {
    const { lacking, counts, size } = await read([fault]);
    expect(lacking).toEqual([]);
    expect(size).toBeGreaterThan(10);
    expect(counts.maxInFlight).toBeLessThanOrEqual(4);
  });

  it.each([
    ['is refused', 'http:'],
    ['fails at TLS', 'https:'],
  ])('%s', async (_name, protocol) => {
    let asked = 0;
    const { lacking } = await read([], (transport) => (request) => {
      if (!request.url.pathname.endsWith('/$value') || ++asked > 2) return transport(request);
      // Nobody listens at the discard port, and the simulator speaks no TLS here.
      const url = new URL(request.url);
      url.protocol = protocol;
      if (protocol === 'http:') url.port = '9';
      return transport({ ...request, url });
    });
    expect(asked).toBeGreaterThan(2);
    expect(lacking).toEqual([]);
  });
});
