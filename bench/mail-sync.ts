import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import {
  type Connector,
  createConnector,
  type MailArchive,
  memoryDirectory,
  type StorageAdapter,
} from '@mailsphere/core';
import { toNodeHandler } from '@mailsphere/core/node';
import { office365 } from '@mailsphere/office365';
import { createLocalEngine } from '@mailsphere/scheduler';
import { filesystemArchive } from '@mailsphere/storage/filesystem';
import { openSqlite, sqliteStorage } from '@mailsphere/storage/sqlite';
import { serve, type Usage, usage } from './directory-process.ts';
import type { HeldMessage, MailService } from './mail-simulator.ts';

/** Where state and mail go, and how many mailboxes are read at once. */
export interface MailHost {
  readonly service: MailService;
  readonly database: string;
  /** Without it, the archive holds every message already, and nothing is downloaded. */
  readonly mail?: string;
  readonly tasks: number;
}

/** What a round over all mailboxes took. */
export interface MailRound extends Usage {
  /** Until the last message was durable, or without any until nothing was left to do. */
  readonly seconds: number;
  readonly messages: number;
  readonly bytes: number;
  /** Milliseconds, of a timer that is due each of them. */
  readonly loopDelay: { readonly p99: number; readonly max: number };
  /** Written to the storage: how often, and how many characters of JSON in all and at most. */
  readonly puts: number;
  readonly written: number;
  readonly largest: number;
}

let host: Awaited<ReturnType<typeof createHost>> | undefined;

const holdsEverything: MailArchive = {
  missing: async () => [],
  store() {
    throw new Error('Nothing is missing.');
  },
};

/** Counts what is written. */
function counted(storage: StorageAdapter) {
  const written = { puts: 0, written: 0, largest: 0 };
  const counting: StorageAdapter = {
    ...storage,
    put(collection, id, value, options) {
      const { length } = JSON.stringify(value);
      written.puts++;
      written.written += length;
      written.largest = Math.max(written.largest, length);
      return storage.put(collection, id, value, options);
    },
  };
  return { counting, written };
}

async function createHost({ service, database, mail, tasks }: MailHost) {
  const { counting, written } = counted(sqliteStorage(openSqlite({ path: database })));
  const files = mail === undefined ? undefined : filesystemArchive({ directory: mail });
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
    storage: counting,
    directory: memoryDirectory(),
    archive: files ?? holdsEverything,
    baseUrl,
    hooks: { authorize: () => 'bench' },
    mailSync: { drafts: true },
  });
  handler = connector.handler;
  const { id } = await connector.connections.register({ organizationId: 'bench', tenant: service.tenantId });
  return { connector, files, written, id, tasks, link: `${baseUrl}/begin?connectionId=${id}` };
}

/** @returns The link with which the administrator begins. */
async function start(given: MailHost) {
  host = await createHost(given);
  return host.link;
}

/** Everything that is no part of a round: so that the engine finds only mail to do. */
async function prepare(): Promise<void> {
  const { connector, id } = theHost();
  await connector.directory.sync(id);
}

async function round(): Promise<MailRound> {
  const { connector, id, tasks, written } = theHost();
  Object.assign(written, { puts: 0, written: 0, largest: 0 });
  let messages = 0;
  let bytes = 0;
  let last: number | undefined;
  const onArchived = (event: { readonly bytes: number }) => {
    messages++;
    bytes += event.bytes;
    last = performance.now();
  };
  connector.events.on('message.archived', onArchived);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const used = usage();
  const began = performance.now();
  delay.enable();
  await connector.run({ kind: 'mail.plan', connectionId: id });
  const engine = createLocalEngine({ connector, concurrency: { tasks } });
  engine.start();
  await engine.idle();
  delay.disable();
  const seconds = ((last ?? performance.now()) - began) / 1000;
  const loopDelay = { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 };
  const usedUp = await used();
  await engine.stop();
  connector.events.off('message.archived', onArchived);
  return { seconds, messages, bytes, loopDelay, ...written, ...usedUp };
}

/** How many of these messages the archive lists with the same size and hash, and how many it lists at all. */
async function compare(held: readonly HeldMessage[]) {
  const { files } = theHost();
  const sums = new Map(
    held.map(({ mailboxId, messageId, bytes, sha256 }) => [
      `${mailboxId}/${messageId}`,
      `${bytes} ${sha256}`,
    ]),
  );
  let same = 0;
  let listed = 0;
  for await (const { mailboxId, messageId, bytes, sha256 } of files?.entries() ?? []) {
    listed++;
    if (sums.get(`${mailboxId}/${messageId}`) === `${bytes} ${sha256}`) same++;
  }
  return { same, listed };
}

async function status() {
  const { connector, id } = theHost();
  return (await connector.mail.status(id)).states;
}

function theHost() {
  if (!host) throw new Error('The host is not there.');
  return host;
}

serve({ start, prepare, round, compare, status });
