import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type Connector,
  createConnector,
  type DirectoryKind,
  type DirectorySink,
  memoryArchive,
  type StorageAdapter,
} from '@mailsphere/core';
import { toNodeHandler } from '@mailsphere/core/node';
import { office365 } from '@mailsphere/office365';
import { openPostgres, postgresDirectory, postgresStorage } from '@mailsphere/storage/postgres';
import { openSqlite, type SqlDirectory, sqliteDirectory, sqliteStorage } from '@mailsphere/storage/sqlite';
import { Pool } from 'pg';
import { serve, type Usage, usage } from './directory-process.ts';
import type { SimulatedService } from './directory-simulator.ts';

/** Where state and directory go. */
export type Place = { readonly sqlite: string } | { readonly postgres: string; readonly schema: string };

/** What a sync took. */
export interface Syncing extends Usage {
  readonly seconds: number;
  /** Of each kind, until its last page was stored. */
  readonly phases: Readonly<Partial<Record<DirectoryKind, number>>>;
  readonly requests: number;
  readonly resourceUnits: number;
  readonly upserted: number;
  readonly removed: number;
  /** Rows in the tables of the directory afterwards. */
  readonly rows: number;
}

let host: Awaited<ReturnType<typeof createHost>> | undefined;

async function open(
  place: Place,
): Promise<{ readonly storage: StorageAdapter; readonly directory: SqlDirectory }> {
  if ('sqlite' in place) {
    const database = openSqlite({ path: place.sqlite });
    return { storage: sqliteStorage(database), directory: sqliteDirectory(database) };
  }
  const pool = new Pool({ connectionString: place.postgres });
  const database = await openPostgres({ pool, schema: place.schema });
  return { storage: postgresStorage(database), directory: postgresDirectory(database) };
}

/** Notes when a kind was stored last. */
function watched(sink: DirectorySink) {
  const ends = new Map<DirectoryKind, number>();
  const watching: DirectorySink = {
    ...sink,
    async apply(batch, options) {
      await sink.apply(batch, options);
      ends.set(batch.kind, performance.now());
    },
  };
  return { ends, sink: watching };
}

async function createHost(service: SimulatedService, place: Place) {
  const { storage, directory } = await open(place);
  const { ends, sink } = watched(directory);
  let handler: Connector['handler'] = async () => new Response(null, { status: 503 });
  const server = createServer(toNodeHandler((request) => handler(request)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/connect`;
  const connector = createConnector({
    providers: [
      office365({
        clientId: service.clientId,
        credential: { secret: service.secret },
        cloud: { login: service.login, graph: service.graph },
      }),
    ],
    storage,
    directory: sink,
    archive: memoryArchive(),
    baseUrl,
    hooks: { authorize: () => 'bench' },
  });
  handler = connector.handler;
  const { id } = await connector.connections.register({ organizationId: 'bench', tenant: service.tenantId });
  return { connector, directory, ends, id, link: `${baseUrl}/begin?connectionId=${id}` };
}

/** @returns The link with which the administrator begins. */
async function start({ service, place }: { readonly service: SimulatedService; readonly place: Place }) {
  host = await createHost(service, place);
  return host.link;
}

async function sync(): Promise<Syncing> {
  if (!host) throw new Error('The host is not there.');
  const { connector, directory, ends, id } = host;
  ends.clear();
  const used = usage();
  const began = performance.now();
  const { counts, requests, resourceUnits, outcome } = await connector.directory.sync(id);
  const seconds = (performance.now() - began) / 1000;
  if (outcome !== 'completed') throw new Error(`The sync is ${outcome}.`);
  const usedUp = await used();
  const phases: Partial<Record<DirectoryKind, number>> = {};
  let from = began;
  for (const [kind, end] of ends) {
    phases[kind] = (end - from) / 1000;
    from = end;
  }
  const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
  return {
    seconds,
    phases,
    requests,
    resourceUnits,
    upserted: sum(Object.values(counts).map(({ upserted }) => upserted)),
    removed: sum(Object.values(counts).map(({ removed }) => removed)),
    rows: sum(Object.values(await directory.counts(id))),
    ...usedUp,
  };
}

serve({ start, sync });
