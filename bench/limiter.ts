import {
  awsAdaptive,
  fullJitter,
  hybrid,
  memoryStore,
  type Policy,
  singleBucket,
  type World,
  windowAndFence,
} from './limiter-policies.ts';
import {
  createMailbox,
  createTime,
  HOUR,
  QUOTA,
  type RetryAfter,
  SECOND,
  seeded,
  WINDOW,
} from './limiter-world.ts';
import type { Row } from './report.ts';

const LATENCY = 120;
const MAILBOXES = 100;
const SPENT = 3;
const LARGE = 500_000;
const SMALL = 5_000;
/** How many mailboxes are worked on at a time. */
const LANES = 10;

type MakePolicy = (world: World) => Policy;

interface Server {
  readonly name: string;
  readonly quota: number;
  readonly retryAfter: RetryAfter;
  readonly target: string;
}

const dishonest = 'target: at least 95 %, at most 0.05 %';
const servers: readonly Server[] = [
  {
    name: 'honest Retry-After',
    quota: QUOTA,
    retryAfter: (honest) => honest,
    target: 'target: at least 99.5 %, 0 %',
  },
  { name: 'Retry-After always 1 s', quota: QUOTA, retryAfter: () => 1000, target: dishonest },
  { name: 'no Retry-After', quota: QUOTA, retryAfter: () => undefined, target: dishonest },
  { name: 'half the quota, honest', quota: QUOTA / 2, retryAfter: (honest) => honest, target: dishonest },
  { name: 'half the quota, always 1 s', quota: QUOTA / 2, retryAfter: () => 1000, target: dishonest },
];

const peers: readonly (readonly [name: string, policy: MakePolicy])[] = [
  ['window 9,600 and fence', (world) => windowAndFence(world, 'mailbox')],
  ['AWS adaptive', awsAdaptive],
  ['full jitter', fullJitter],
];

const percent = (part: number, whole: number, digits: number) =>
  `${((part / whole) * 100).toFixed(digits)} %`;
const perSecond = (count: number) =>
  `${(count / (HOUR / SECOND)).toLocaleString('en', { maximumFractionDigits: 0 })}/s`;

interface Counts {
  accepted: number;
  refused: number;
}

/** Four callers of a mailbox, who go on until `isOver` or `left` says that it is enough. */
function callers(
  world: World,
  policy: Policy,
  mailbox: number,
  serve: ReturnType<typeof createMailbox>,
  isOver: () => boolean,
  counts: Counts,
): Promise<unknown> {
  const { clock, random } = world;
  const call = async (caller: number) => {
    while (!isOver()) {
      const ticket = await policy.acquire(mailbox, caller);
      if (isOver()) return;
      const refusal = serve(clock.now());
      await clock.wait(LATENCY * (0.6 + 0.8 * random()));
      if (isOver()) return;
      if (refusal) counts.refused++;
      else counts.accepted++;
      ticket.done(refusal);
    }
  };
  return Promise.all([0, 1, 2, 3].map(call));
}

async function oneMailbox({ quota, retryAfter }: Server, makePolicy: MakePolicy) {
  const clock = createTime();
  const world = { clock, random: seeded(1) };
  const end = clock.now() + HOUR;
  const counts = { accepted: 0, refused: 0 };
  const serve = createMailbox(quota, retryAfter);
  await clock.run(callers(world, makePolicy(world), 0, serve, () => clock.now() >= end, counts));
  const share = percent(counts.accepted, (quota * HOUR) / WINDOW, 1);
  return `${share} / ${percent(counts.refused, counts.accepted + counts.refused, 2)}`;
}

/** Each server with ours and the others. */
async function oneMailboxRows(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const server of servers) {
    const others: string[] = [];
    for (const [name, policy] of peers) others.push(`${name} ${await oneMailbox(server, policy)}`);
    rows.push({
      name: server.name,
      result: await oneMailbox(server, (world) => hybrid(world)),
      against: `${server.target}; ${others.join(', ')}`,
    });
  }
  return rows;
}

/** An hour of a tenant, three of whose mailboxes are spent; the process is killed after half of it, and back 5 s later. */
async function tenantHour(makePolicy: MakePolicy) {
  const clock = createTime();
  const world = { clock, random: seeded(2) };
  const start = clock.now();
  const end = start + HOUR;
  const killedAt = start + HOUR / 2;
  const all = Array.from({ length: MAILBOXES }, (_, mailbox) => ({
    serve: createMailbox(QUOTA, (honest) => honest, mailbox < SPENT ? start - SECOND : undefined),
    before: { accepted: 0, refused: 0 },
    after: { accepted: 0, refused: 0 },
  }));
  const process = (isOver: () => boolean, counts: 'before' | 'after') => {
    const policy = makePolicy(world);
    return all.map((each, mailbox) => callers(world, policy, mailbox, each.serve, isOver, each[counts]));
  };
  const work = async () => {
    // Who waits in the killed process waits on, and does nothing more.
    void Promise.all(process(() => clock.now() >= killedAt, 'before'));
    await clock.wait(HOUR / 2 + 5 * SECOND);
    await Promise.all(process(() => clock.now() >= end, 'after'));
  };
  await clock.run(work());
  const sum = (of: readonly Counts[], field: keyof Counts) =>
    of.reduce((total, each) => total + each[field], 0);
  const before = all.map((each) => each.before);
  const after = all.map((each) => each.after);
  return {
    accepted: sum([...before, ...after], 'accepted'),
    refusedSpent: Math.max(...before.slice(0, SPENT).map(({ refused }) => refused)),
    refusedBefore: sum(before, 'refused'),
    refusedAfter: sum(after, 'refused'),
  };
}

async function tenantRows(): Promise<readonly Row[]> {
  const row = async (name: string, makePolicy: MakePolicy, target: string): Promise<Row> => {
    const { accepted, refusedSpent, refusedBefore, refusedAfter } = await tenantHour(makePolicy);
    return {
      name: `${MAILBOXES} mailboxes, ${name}`,
      result: perSecond(accepted),
      against: `${refusedBefore} refused before the restart, ${refusedSpent} of a spent mailbox, ${refusedAfter} after it${target}`,
    };
  };
  const store = memoryStore();
  const target = '; target: at least 1,630/s, at most 1 of a spent mailbox';
  return [
    await row('counts kept', (world) => hybrid(world, { store }), target),
    await row('counts not kept', (world) => hybrid(world), target),
    await row('not kept, 75 % taken for spent', (world) => hybrid(world, { assumedSpent: 0.75 }), ''),
    await row('not kept, all taken for spent', (world) => hybrid(world, { assumedSpent: 1 }), ''),
    await row('window 9,600, one fence for all', (world) => windowAndFence(world, 'all'), ''),
    await row('one bucket of 16/s', singleBucket, ''),
  ];
}

/** A tenant with one large mailbox: the time to its end against the time that the quota of the largest one takes. */
async function skewed(sizes: readonly number[]): Promise<number> {
  const clock = createTime();
  const world = { clock, random: seeded(3) };
  const policy = hybrid(world);
  const start = clock.now();
  let next = 0;
  const lane = async () => {
    for (let mailbox = next++; mailbox < sizes.length; mailbox = next++) {
      let left = sizes[mailbox] ?? 0;
      const serve = createMailbox(QUOTA, (honest) => honest);
      const call = async (caller: number) => {
        while (left > 0) {
          left--;
          const ticket = await policy.acquire(mailbox, caller);
          const refusal = serve(clock.now());
          await clock.wait(LATENCY * (0.6 + 0.8 * world.random()));
          if (refusal) left++;
          ticket.done(refusal);
        }
      };
      await Promise.all([0, 1, 2, 3].map(call));
    }
  };
  await clock.run(Promise.all(Array.from({ length: LANES }, lane)));
  return clock.now() - start;
}

async function skewedRows(): Promise<readonly Row[]> {
  const small = Array.from({ length: 99 }, () => SMALL);
  // All full windows but the last, and the last 10,000 as fast as four at a time are answered.
  const bound = (LARGE / QUOTA - 1) * WINDOW + (QUOTA * LATENCY) / 4;
  const row = async (name: string, sizes: readonly number[], target: string): Promise<Row> => {
    const time = await skewed(sizes);
    return {
      name: `1 × 500,000 and 99 × 5,000, ${name}`,
      result: `${(time / bound).toFixed(3)} of the lower bound`,
      against: `${(time / HOUR).toFixed(2)} h${target}`,
    };
  };
  return [
    await row('largest first', [LARGE, ...small], '; target: at most 1.02'),
    await row('largest last', [...small, LARGE], ''),
  ];
}

/** In virtual time, 120 ms for each request: how much of the quota is used, and how much is refused. */
export async function benchLimiter(): Promise<readonly Row[]> {
  return [...(await oneMailboxRows()), ...(await tenantRows()), ...(await skewedRows())];
}
