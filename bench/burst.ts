import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHost } from './backfill.ts';
import type { Program } from './directory-process.ts';
import type { MailTenant } from './mail-simulator.ts';
import type { MailRound } from './mail-sync.ts';
import type { Row } from './report.ts';

const tenantOf = (bytes: number): MailTenant => ({
  users: 70,
  messagesPerUser: 4,
  skew: 0,
  messageSize: { medianBytes: bytes, sigma: 0, maxBytes: bytes },
});

async function measure(bytes: number): Promise<MailRound> {
  const root = mkdtempSync(join(tmpdir(), 'mailsphere-bench-'));
  const programs: Program[] = [];
  try {
    const place = { database: join(root, 'state.sqlite'), mail: join(root, 'mail'), tasks: 64 };
    const { host } = await startHost(programs, tenantOf(bytes), place);
    return await host.ask<MailRound>('round');
  } finally {
    for (const program of programs) await program.stop();
    rmSync(root, { recursive: true });
  }
}

const whole = (value: number) => Math.round(value).toLocaleString('en');

/** Four large messages of each of 64 mailboxes at once, against as many small ones. */
export async function benchBurst(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let base: number | undefined;
  for (const bytes of [20_000, 2_000_000, 20_000_000]) {
    const { messages, seconds, peakMemory, loopDelay, bytes: all } = await measure(bytes);
    base ??= peakMemory;
    rows.push({
      name: `${whole(messages)} messages of ${whole(bytes)} bytes`,
      result: `peak ${whole(peakMemory)} MB; ${whole(all / 1e6 / seconds)} MB/s; event loop p99 ${loopDelay.p99.toFixed(1)} ms`,
      against: `${whole(peakMemory - base)} MB more than the first; target: at most 64 MB more`,
    });
  }
  return rows;
}
