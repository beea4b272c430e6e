import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHost } from './backfill.ts';
import type { Program } from './directory-process.ts';
import type { MailRound } from './mail-sync.ts';
import type { Row } from './report.ts';

interface Size {
  readonly messages: number;
  readonly folders: number;
}

interface Measured extends MailRound {
  readonly pages: number;
  /** Messages in the other mailboxes of the tenant included. */
  readonly listed: number;
}

// Megabytes: without a cap, V8 keeps what nobody needs any more, and shows it as needed.
const HEAP = 96;

const SIZES: readonly Size[] = [
  { messages: 50_000, folders: 500 },
  { messages: 500_000, folders: 500 },
  { messages: 50_000, folders: 5_000 },
];

/** Reads the ids of a mailbox whose messages are all in the archive, in a process of its own. */
export async function measureMailbox({ messages, folders }: Size): Promise<Measured> {
  const root = mkdtempSync(join(tmpdir(), 'mailsphere-bench-'));
  const programs: Program[] = [];
  try {
    const tenant = { users: 1, messagesPerUser: messages, skew: 0, folders };
    const place = { database: join(root, 'state.sqlite'), tasks: 8 };
    const { simulator, host } = await startHost(programs, tenant, place, HEAP);
    const round = await host.ask<MailRound>('round');
    const states = await host.ask<Readonly<Record<string, number>>>('status');
    if (states.completed !== 1) throw new Error(`The mailbox is ${JSON.stringify(states)}.`);
    const counts = await simulator.ask<Readonly<Record<string, number>>>('counts');
    return { ...round, pages: counts['messages.delta'] ?? 0, listed: messages };
  } finally {
    for (const program of programs) await program.stop();
    rmSync(root, { recursive: true });
  }
}

const whole = (value: number) => Math.round(value).toLocaleString('en');

/** A mailbox ten times as large, and one with ten times as many folders. */
export async function benchMailbox(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let smallest: Measured | undefined;
  for (const size of SIZES) {
    const measured = await measureMailbox(size);
    smallest ??= measured;
    const { seconds, peakMemory, heldMemory, puts, written, largest, pages, listed } = measured;
    const ratio = (value: number, base: number) => (value / base).toFixed(2);
    rows.push({
      name: `${whole(size.messages)} messages, ${whole(size.folders)} folders more than usual`,
      result: `${seconds.toFixed(1)} s; peak ${whole(peakMemory)} MB, held ${whole(heldMemory)} MB; ${whole(pages)} pages; ${whole(puts)} writes, ${whole(written)} bytes: ${(written / pages).toFixed(0)} for a page, ${(written / listed).toFixed(1)} for a message, the largest ${whole(largest)}`,
      against: `peak ${ratio(peakMemory, smallest.peakMemory)} and held ${ratio(heldMemory, smallest.heldMemory)} of the first; target: 1`,
    });
  }
  return rows;
}
