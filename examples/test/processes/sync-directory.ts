// A process of a host: it does what the lines of its input say, and tells how each directory sync ended, as JSON.
import { createInterface } from 'node:readline';
import {
  ConnectorError,
  createConnector,
  type DirectoryRun,
  memoryArchive,
  systemClock,
} from '@mailsphere/core';
import { type CloudRoots, office365 } from '@mailsphere/office365';
import { BASE_URL } from '../active-connection.ts';
import { type DatabasePlace, openPlace } from '../database-place.ts';

/** What the process is told at its start, as its only argument. */
export interface ProcessSettings {
  readonly place: DatabasePlace;
  readonly cloud: CloudRoots;
  readonly clientId: string;
  readonly secret: string;
  readonly connectionId: string;
}

/** What it is told later: to synchronise, to put its clock ahead, or to end. */
export type ProcessOrder = 'sync' | 'end' | { readonly ahead: number };

/** What it says: that it is ready, and how each sync ended. */
export type ProcessReport = 'ready' | { readonly run: DirectoryRun } | { readonly code: string };

const say = (report: ProcessReport) => console.log(JSON.stringify(report));

const { place, cloud, clientId, secret, connectionId }: ProcessSettings = JSON.parse(process.argv[2] ?? '');
let ahead = 0;
const clock = { now: () => Date.now() + ahead, wait: systemClock.wait };
const database = await openPlace(place);
const provider = office365({ clientId, credential: { secret }, cloud, clock });
const connector = createConnector({
  providers: [provider],
  storage: database.storage,
  directory: database.directory,
  archive: memoryArchive(),
  baseUrl: BASE_URL,
  hooks: { authorize: () => undefined },
  clock,
});
let syncing = Promise.resolve();

const sync = async () => {
  try {
    say({ run: await connector.directory.sync(connectionId) });
  } catch (error) {
    if (!ConnectorError.is(error)) throw error;
    say({ code: error.code });
  }
};

say('ready');
for await (const line of createInterface(process.stdin)) {
  const order: ProcessOrder = JSON.parse(line);
  if (order === 'end') break;
  if (order === 'sync') syncing = sync();
  else ahead += order.ahead;
}
await syncing;
await connector.close();
await provider.close?.();
await database.close();
