import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Agent, request } from 'undici';
import { serve, type Usage, usage } from './directory-process.ts';
import type { HeldMessage } from './mail-simulator.ts';

const WRITERS = 16;

interface Task {
  readonly graph: string;
  readonly token: string;
  readonly directory: string;
  readonly messages: readonly HeldMessage[];
}

/** What it took to bring some messages. */
export interface BareTransfer extends Usage {
  readonly seconds: number;
}

/** One message: GET, sha256, temporary file, fsync, rename, fsync of the folder, row. */
async function bring(
  { graph, token, directory }: Task,
  dispatcher: Agent,
  rows: StatementSync,
  { mailboxId, messageId, sha256 }: HeldMessage,
): Promise<void> {
  const name = createHash('sha256').update(`${mailboxId}/${messageId}`).digest('hex');
  const temporary = join(directory, `${name}.tmp`);
  const url = `${graph}/v1.0/users/${mailboxId}/messages/${encodeURIComponent(messageId)}/$value`;
  const headers = { authorization: `Bearer ${token}`, prefer: 'IdType="ImmutableId"' };
  const { statusCode, body } = await request(url, { dispatcher, headers });
  if (statusCode !== 200) throw new Error(`The simulator answered with ${statusCode}.`);
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(temporary, 'wx');
  for await (const chunk of body) {
    hash.update(chunk);
    bytes += chunk.length;
    await file.write(chunk);
  }
  await file.sync();
  await file.close();
  const folder = join(directory, name.slice(0, 2));
  mkdirSync(folder, { recursive: true });
  await rename(temporary, join(folder, name));
  const handle = await open(folder, 'r');
  await handle.sync();
  await handle.close();
  const sum = hash.digest('hex');
  if (sum !== sha256) throw new Error('The content is another one.');
  rows.run(name, sum, bytes);
}

async function transfer(task: Task): Promise<BareTransfer> {
  const { directory, messages } = task;
  const database = new DatabaseSync(join(directory, 'rows.sqlite'));
  database.exec(
    'pragma journal_mode = wal; pragma synchronous = full; create table message (name text primary key, sha256 text, bytes integer) strict',
  );
  const rows = database.prepare('insert into message values (?, ?, ?)');
  const dispatcher = new Agent({ pipelining: 1 });
  const used = usage();
  const began = performance.now();
  let next = 0;
  const writer = async () => {
    for (let message = messages[next++]; message; message = messages[next++])
      await bring(task, dispatcher, rows, message);
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  const seconds = (performance.now() - began) / 1000;
  const usedUp = await used();
  database.close();
  await dispatcher.close();
  return { seconds, ...usedUp };
}

serve({ transfer });
