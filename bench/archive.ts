import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { MessageRef } from '@mailsphere/core';
import { filesystemArchive } from '@mailsphere/storage/filesystem';
import { median, type Row } from './report.ts';

const MESSAGES = 2000;
const BYTES = 75_000;
const WRITERS = 16;
const ROUNDS = 5;

const body = randomBytes(BYTES);
const content = () => new Blob([body]).stream() as ReadableStream<Uint8Array>;

async function inParallel(work: (index: number) => Promise<unknown>): Promise<number> {
  const start = performance.now();
  let next = 0;
  const writer = async () => {
    for (let index = next++; index < MESSAGES; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  return MESSAGES / ((performance.now() - start) / 1000);
}

/** The shortest code that is durable: read, hash, write to a temporary file, fsync, rename, fsync of the folder, row. */
async function writeByHand(directory: string, rows: StatementSync, index: number): Promise<void> {
  const name = createHash('sha256').update(`message-${index}`).digest('hex');
  const temporary = join(directory, `${name}.tmp`);
  const hash = createHash('sha256');
  const file = await open(temporary, 'wx');
  for await (const chunk of content()) {
    hash.update(chunk);
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
  rows.run(name, hash.digest('hex'), BYTES);
}

/** Durable messages per second, 75 KB each, against the same steps written by hand, in turn. */
export async function benchArchive(): Promise<readonly Row[]> {
  const root = mkdtempSync(join(tmpdir(), 'mailsphere-bench-'));
  const ours: number[] = [];
  const byHand: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const peer = join(root, `peer-${round}`);
      mkdirSync(peer);
      const database = new DatabaseSync(join(peer, 'rows.sqlite'));
      database.exec(
        'pragma journal_mode = wal; pragma synchronous = full; create table message (name text primary key, sha256 text, bytes integer) strict',
      );
      const rows = database.prepare('insert into message values (?, ?, ?)');
      byHand.push(await inParallel((index) => writeByHand(peer, rows, index)));
      database.close();

      const archive = filesystemArchive({ directory: join(root, `archive-${round}`) });
      const message = (index: number): MessageRef => ({
        tenantId: 'tenant',
        mailboxId: `mailbox-${index % 8}`,
        folderId: 'inbox',
        messageId: `message-${index}`,
        receivedAt: undefined,
      });
      ours.push(await inParallel((index) => archive.store(message(index), content())));
      await archive.close?.();
    }
  } finally {
    rmSync(root, { recursive: true });
  }
  const ratios = ours.map((rate, round) => rate / (byHand[round] ?? Number.NaN));
  return [
    {
      name: 'filesystemArchive',
      result: `${median(ours).toFixed(0)} messages/s durable`,
      against: `${(median(ratios) * 100).toFixed(0)} % of the same by hand (${median(byHand).toFixed(0)}/s); ${ratios.map((ratio) => ratio.toFixed(2)).join(' ')}`,
    },
  ];
}
