import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { authorizeAsAdministrator } from '@mailsphere/simulator';
import { tokenOf } from './directory.ts';
import { type Program, startProgram } from './directory-process.ts';
import type { BareTransfer } from './mail-by-hand.ts';
import type { HeldMessage, MailService, MailTenant } from './mail-simulator.ts';
import type { MailHost, MailRound } from './mail-sync.ts';
import type { Row } from './report.ts';

const BYTES = 75_000;
const SIZES = { medianBytes: BYTES, sigma: 0, maxBytes: BYTES };
/** Few requests that are no messages. */
const LARGE: MailTenant = { users: 4, messagesPerUser: 5000, skew: 0, messageSize: SIZES };
/** 200 mailboxes, and a message of 150 MB. */
const MANY: MailTenant = {
  users: 235,
  messagesPerUser: 50,
  skew: 0.8,
  messageSize: SIZES,
  hugeMessageBytes: 150_000_000,
};

/** The service, and a host that is connected to it, each in a process of its own. */
export async function startHost(
  programs: Program[],
  tenant: MailTenant,
  place: Pick<MailHost, 'database' | 'mail' | 'tasks'>,
  /** Megabytes for the objects of the host. */
  heap?: number,
) {
  const start = (name: string, megabytes?: number) => {
    const program = startProgram(name, megabytes);
    programs.push(program);
    return program;
  };
  const simulator = start('mail-simulator.ts');
  const service = await simulator.ask<MailService>('start', tenant);
  const host = start('mail-sync.ts', heap);
  const link = await host.ask<string>('start', { service, ...place });
  await authorizeAsAdministrator(link, { username: service.administrator });
  await host.ask('prepare');
  await simulator.ask('counts');
  return { simulator, service, host, start };
}

interface Round extends MailRound {
  readonly counts: Readonly<Record<string, number>>;
}

/** What the rounds of a tenant took, the first of them bringing all messages, and what these take by hand. */
interface Measured {
  readonly mailboxes: number;
  readonly held: number;
  readonly rounds: readonly Round[];
  readonly bare: BareTransfer;
}

async function measure(tenant: MailTenant, rounds: number): Promise<Measured> {
  const root = mkdtempSync(join(tmpdir(), 'mailsphere-bench-'));
  const programs: Program[] = [];
  try {
    const place = { database: join(root, 'state.sqlite'), mail: join(root, 'mail'), tasks: 8 };
    const { simulator, service, host, start } = await startHost(programs, tenant, place);
    const held = await simulator.ask<readonly HeldMessage[]>('held');
    const measured: Round[] = [];
    while (measured.length < rounds) {
      const round = await host.ask<MailRound>('round');
      measured.push({ ...round, counts: await simulator.ask('counts') });
    }
    const { same, listed } = await host.ask<{ same: number; listed: number }>('compare', held);
    if (same !== held.length || listed !== held.length)
      throw new Error(`Of ${held.length} messages ${listed} are listed, and ${same} are the same.`);
    const directory = join(root, 'by-hand');
    mkdirSync(directory);
    const loop = start('mail-by-hand.ts');
    const task = { graph: service.graph, token: await tokenOf(service), directory, messages: held };
    const bare = await loop.ask<BareTransfer>('transfer', task);
    return { mailboxes: service.mailboxes, held: held.length, rounds: measured, bare };
  } finally {
    for (const program of programs) await program.stop();
    rmSync(root, { recursive: true });
  }
}

const whole = (value: number) => Math.round(value).toLocaleString('en');
const sum = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((total, count) => total + count, 0);
const routes = (counts: Round['counts']) =>
  Object.entries(counts)
    .map(([route, count]) => `${route} ${whole(count)}`)
    .join(', ');

function speedOf({ mailboxes, held, rounds, bare }: Measured): readonly Row[] {
  const [first] = rounds;
  if (!first) return [];
  const rate = first.messages / first.seconds;
  const bareRate = held / bare.seconds;
  const perMessage = (cpu: number) => `${((cpu / held) * 1e6).toFixed(0)} µs`;
  return [
    {
      name: 'messages, durable',
      result: `${whole(rate)}/s: ${whole(first.messages)} of ${mailboxes} mailboxes, ${whole(first.bytes / 1e6)} MB in ${first.seconds.toFixed(1)} s`,
      against: `target: 90 % of the same by hand; ${((rate / bareRate) * 100).toFixed(0)} % of ${whole(bareRate)}/s (${bare.seconds.toFixed(1)} s)`,
    },
    {
      name: 'processor for a message',
      result: perMessage(first.cpu),
      against: `by hand ${perMessage(bare.cpu)}; ${availableParallelism()} processors for all processes`,
    },
    {
      name: 'requests for a message',
      result: `${(sum(first.counts) / first.messages).toFixed(4)} with everything`,
      against: `target: at most 1.006; ${routes(first.counts)}`,
    },
    {
      name: 'writes to the storage',
      result: `${whole(first.puts)} of ${whole(first.written / first.puts)} bytes, the largest ${whole(first.largest)}`,
      against: `${(first.puts / first.messages).toFixed(3)} for a message`,
    },
  ];
}

function sizeOf({ mailboxes, rounds, bare }: Measured): readonly Row[] {
  const [first, second, third] = rounds;
  if (!first || !second || !third) return [];
  const perMailbox = ({ counts, seconds }: Round) =>
    `${(sum(counts) / mailboxes).toFixed(2)} requests for a mailbox in ${seconds.toFixed(1)} s`;
  return [
    {
      name: `peak of memory, ${mailboxes} mailboxes`,
      result: `${whole(first.peakMemory)} MB, ${whole(third.peakMemory)} MB after three rounds`,
      against: `target: at most 256 MB; by hand ${whole(bare.peakMemory)} MB`,
    },
    {
      name: 'delay of the event loop',
      result: `p99 ${first.loopDelay.p99.toFixed(1)} ms, at most ${first.loopDelay.max.toFixed(0)} ms`,
      against: 'target: p99 at most 20 ms',
    },
    {
      name: 'round with all ids compared',
      result: perMailbox(second),
      against: routes(second.counts),
    },
    {
      name: 'round with nothing new',
      result: perMailbox(third),
      against: `target: folders + 1; one more for each folder that has folders: ${routes(third.counts)}`,
    },
  ];
}

/** Mail brought by the SDK and by hand: how fast from large mailboxes, and what many mailboxes and a message of 150 MB take. */
export async function benchBackfill(): Promise<readonly Row[]> {
  return [...speedOf(await measure(LARGE, 1)), ...sizeOf(await measure(MANY, 3))];
}
