// A process of a host that brings the mail of a connection, and kills itself at a numbered step if it is told to.
import fs, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { type Clock, createConnector, memoryDirectory, systemClock } from '@mailsphere/core';
import { type CloudRoots, office365 } from '@mailsphere/office365';
import { filesystemArchive } from '@mailsphere/storage/filesystem';
import { openSqlite, sqliteStorage } from '@mailsphere/storage/sqlite';
import { BASE_URL } from '../active-connection.ts';
import { bringMail } from './bring-all.ts';

/** What the process is told at its start, as its only argument. */
export interface MailProcessSettings {
  readonly databasePath: string;
  readonly mailFolder: string;
  readonly cloud: CloudRoots;
  readonly clientId: string;
  readonly secret: string;
  readonly connectionId: string;
  /** Milliseconds that its clock is ahead. */
  readonly ahead: number;
  /** The step right before which it kills itself, from 1 on. */
  readonly killAt?: number | undefined;
}

const settings: MailProcessSettings = JSON.parse(process.argv[2] ?? '');
let steps = 0;
const step = () => {
  if (++steps === settings.killAt) process.kill(process.pid, 'SIGKILL');
};
const counted =
  <Args extends unknown[], Result>(call: (...args: Args) => Result) =>
  (...args: Args): Result => {
    step();
    return call(...args);
  };
const countCalls = <T extends object>(target: T, ...names: (keyof T)[]) => {
  for (const name of names) {
    const call = target[name];
    if (typeof call === 'function') target[name] = counted(call.bind(target)) as T[typeof name];
  }
};

const files = fs as { -readonly [Name in keyof typeof fs]: (typeof fs)[Name] };
// Everything that the archive does to the disk is a step, too.
const { open } = files;
countCalls(files, 'mkdir', 'rename', 'unlink', 'rm', 'appendFile', 'writeFile', 'link');
files.open = async (...of: Parameters<typeof open>): Promise<FileHandle> => {
  step();
  const handle = await open(...of);
  countCalls(handle, 'write', 'writev', 'sync', 'datasync', 'close');
  return handle;
};
syncBuiltinESMExports();

let ahead = settings.ahead;
const clock: Clock = { now: () => Date.now() + ahead, wait: systemClock.wait };
const database = openSqlite({ path: settings.databasePath });
const storage = sqliteStorage(database);
countCalls(storage, 'put', 'delete');
const archive = filesystemArchive({ directory: settings.mailFolder });
countCalls(archive, 'missing', 'store');
const provider = office365({
  clientId: settings.clientId,
  credential: { secret: settings.secret },
  cloud: settings.cloud,
  clock,
});
countCalls(provider.mail, 'folders', 'messages', 'content');
const connector = createConnector({
  providers: [provider],
  storage,
  directory: memoryDirectory(),
  archive,
  baseUrl: BASE_URL,
  hooks: { authorize: () => undefined },
  mailSync: { drafts: true, quietHours: { mode: 'always' } },
  clock,
});
console.log('ready');
await bringMail(connector, settings.connectionId, (milliseconds) => {
  ahead += milliseconds;
});
await connector.close();
await archive.close?.();
await database.close();
await provider.close?.();
console.log(JSON.stringify({ steps }));
