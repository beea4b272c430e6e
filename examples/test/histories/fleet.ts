import {
  type Connector,
  type ConnectorOptions,
  createConnector,
  memoryArchive,
  memoryDirectory,
  memoryStorage,
  type StorageAdapter,
} from '@mailsphere/core';
import { fetchTransport, office365 } from '@mailsphere/office365';
import {
  authorizeAsAdministrator,
  createSimulator,
  type Quirks,
  type Simulator,
} from '@mailsphere/simulator';
import type { SqlDirectory } from '@mailsphere/storage/sqlite';
import { type Crash, type Mortal, mortal } from './crashing.ts';
import { type IdleClock, idleClock } from './idle-clock.ts';
import { withStaleRows } from './stale-rows.ts';

const BASE = 'http://localhost/connect';

/** The state of a connector whose connection an administrator has authorised, to be copied: that takes longer than a history. */
export interface Authorized {
  /** A storage with all of it, for a connection of another id. */
  copyFor(connectionId: string): Promise<StorageAdapter>;
}

/** The same tenant each time, with the same ids. */
const createMicrosoft = (clock: IdleClock, quirks: Partial<Quirks> = {}): Simulator =>
  createSimulator({
    clock,
    limits: false,
    tenants: [{ name: 'contoso', users: 8, messagesPerUser: 0, consented: true }],
    quirks: { emptyPages: 0, repeatedRows: 0, ...quirks },
  });

const createProvider = (
  clock: IdleClock,
  simulator: Simulator,
  { fetch, onRequest }: Pick<Simulator, 'fetch'> & { onRequest?(): void } = simulator,
) =>
  office365({
    clientId: simulator.app.clientId,
    credential: { secret: simulator.app.secret },
    transport: (request) =>
      clock.busy(async () => {
        onRequest?.();
        return fetchTransport(fetch)(request);
      }),
    clock,
    random: () => 0.5,
  });

export async function authorizeOnce(): Promise<Authorized> {
  const clock = idleClock();
  const simulator = createMicrosoft(clock);
  const [tenant] = simulator.tenants;
  const memory = memoryStorage();
  const collections = new Set<string>();
  const storage: StorageAdapter = {
    ...memory,
    put(collection, ...rest) {
      collections.add(collection);
      return memory.put(collection, ...rest);
    },
  };
  const connector = createConnector({
    providers: [createProvider(clock, simulator)],
    storage,
    directory: memoryDirectory(),
    archive: memoryArchive(),
    baseUrl: BASE,
    hooks: { authorize: () => 'anna' },
    clock,
  });
  const { id } = await connector.connections.register({ organizationId: 'org-1', tenant: 'contoso' });
  const authorizing = authorizeAsAdministrator(`${BASE}/begin?connectionId=${id}`, {
    username: tenant?.administrator.username ?? '',
    fetch: (request) =>
      clock.busy(async () =>
        request.url.startsWith(BASE) ? connector.handler(request) : simulator.fetch(request),
      ),
  });
  await authorizing;
  if ((await connector.connections.get(id))?.status !== 'active')
    throw new Error('The way to connect failed.');
  await connector.close();
  return {
    async copyFor(connectionId) {
      const copy = memoryStorage();
      for (const collection of collections)
        for (const record of await memory.list(collection)) {
          const value = JSON.stringify(record.value).replaceAll(id, connectionId);
          await copy.put(collection, record.id.replaceAll(id, connectionId), JSON.parse(value));
        }
      return copy;
    },
  };
}

/** One connection's processes, which come and go, over one tenant, storage and sink. */
export interface Fleet {
  readonly clock: IdleClock;
  readonly simulator: Simulator;
  /** Called before each request is answered. */
  onRequest: () => void;
  /** A new process. */
  start(crash?: Crash): Process;
}

export interface Process extends Pick<Mortal, 'dead' | 'late'> {
  readonly connector: Connector;
}

export async function createFleet(options: {
  readonly authorized: Authorized;
  readonly connectionId: string;
  readonly directory: SqlDirectory;
  readonly quirks: Partial<Quirks> & { readonly staleRows: boolean };
  readonly directorySync: ConnectorOptions['directorySync'];
}): Promise<Fleet> {
  const { authorized, connectionId, directory, directorySync } = options;
  const { staleRows, ...quirks } = options.quirks;
  const clock = idleClock();
  const simulator = createMicrosoft(clock, quirks);
  const fetch = staleRows ? withStaleRows(simulator.fetch) : simulator.fetch;
  const storage = await authorized.copyFor(connectionId);
  // Of a database it is not known when it answers: time stands still meanwhile.
  const sink: SqlDirectory = {
    ...directory,
    apply: (...args) => clock.busy(() => directory.apply(...args)),
    measure: (...args) => clock.busy(() => directory.measure(...args)),
  };
  const fleet: Fleet = {
    clock,
    simulator,
    onRequest() {},
    start(crash) {
      const life = mortal(crash);
      const onRequest = () => {
        life.live();
        fleet.onRequest();
      };
      const provider = createProvider(clock, simulator, { fetch, onRequest });
      const connector = createConnector({
        providers: [provider],
        storage: life.storage(storage),
        directory: life.sink(sink),
        archive: memoryArchive(),
        baseUrl: BASE,
        hooks: { authorize: () => 'anna' },
        clock,
        directorySync,
      });
      return {
        connector,
        get dead() {
          return life.dead;
        },
        get late() {
          return life.late;
        },
      };
    },
  };
  return fleet;
}
