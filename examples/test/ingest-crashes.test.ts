import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { authorizedHosts, PAST_THE_LEASE, successor } from './crashes/archive-place.ts';
import { endState, expectNoFalseClaim, heldBy, writtenState } from './crashes/archive-state.ts';
import { injectFaults, seededRandom } from './crashes/faulty-service.ts';
import {
  addRestlessMail,
  changeArchivedMail,
  type MailTenant,
  startMailTenant,
} from './crashes/mail-tenant.ts';
import { holdAnswer } from './processes/held-answer.ts';
import type { MailHost, MailPlace } from './processes/mail-host.ts';

// A new key pair takes longer than a whole history, so all simulators sign with the same ones.
vi.mock('../../packages/simulator/src/login/signing-key.ts', async (original) => {
  const actual = await original<typeof import('../../packages/simulator/src/login/signing-key.ts')>();
  const keys = actual.createSigningKeys();
  return { ...actual, createSigningKeys: () => keys };
});

const IN_GOOD_ORDER = { code: 0, errors: '' };
const KILLED = { signal: 'SIGKILL', errors: '' };
const ROUNDS = 2;
/** `CRASH_STEPS=all`, or another number of steps for each history. */
const STEPS = process.env.CRASH_STEPS ?? '60';
/** `CRASH_KILLS=200`, or another number of random moments. */
const KILLS = Number(process.env.CRASH_KILLS ?? 25);
/** Histories under way at once. */
const AT_ONCE = 3;
const DAY = 24 * 3600_000;

let hosts: Awaited<ReturnType<typeof authorizedHosts>>;
beforeAll(async () => {
  hosts = await authorizedHosts();
});
afterAll(() => hosts.close());

interface History {
  readonly name: string;
  readonly from: 'empty' | 'archived';
  readonly happen: (tenant: MailTenant) => void;
  /** Steps without which its crashes would mean little. */
  readonly steps: readonly string[];
}
const ALWAYS = [
  'half a write',
  'after fdatasync',
  'after link',
  'before put checkpoints',
  'before put departures',
];
const histories: readonly History[] = [
  {
    name: 'a first archiving',
    from: 'empty',
    happen: addRestlessMail,
    steps: [...ALWAYS, 'before put failures', 'before put schedules', 'after mkdir'],
  },
  {
    name: 'a later round',
    from: 'archived',
    happen: changeArchivedMail,
    steps: [...ALWAYS, 'before put removed', 'before delete departures'],
  },
];

/** Lets a process archive a tenant of its own, which is killed at the step of this number; another one finishes. */
async function archiveWithCrash({ from, happen }: History, crashAt?: number) {
  const tenant = await startMailTenant({ isSmall: true });
  try {
    happen(tenant);
    const place = await hosts.place(tenant, from);
    const child = await hosts.start({ ...place, ...(crashAt !== undefined && { crashAt }) });
    child.tell({ archive: ROUNDS });
    expect(await child.report()).toBe('begun');
    const report = await child.reportIfAlive();
    if (report === undefined) expect(await child.ended()).toEqual(KILLED);
    else expect(await child.end()).toEqual(IN_GOOD_ORDER);
    const host = await successor(place);
    try {
      if (report === undefined) await expectNoFalseClaim(host, tenant, place.folder);
      await host.archiveMail(ROUNDS);
      // What moved during the last round is found in the one after it.
      await host.archiveMail((await host.rounds()) + 1);
      return {
        state: await endState(host, place.folder),
        held: heldBy(tenant),
        steps: typeof report === 'object' ? report.steps : undefined,
      };
    } finally {
      await host.close();
    }
  } finally {
    await tenant.close();
  }
}

/** Numbers from 1 to `last`, spread evenly, `count` of them at most. */
const spread = (last: number, count: number) =>
  Array.from({ length: Math.min(last, count) }, (_, index) =>
    Math.ceil(((index + 1) * last) / Math.min(last, count)),
  );

describe('when the process that archives is killed', { timeout: 3_600_000 }, () => {
  it.each(histories)(
    `no mail is lost, doubled or damaged, at ${STEPS} of the numbered steps of $name`,
    async (history) => {
      const { steps = [], state, held } = await archiveWithCrash(history);
      const failing = state.failures.map((key) => `${key} `);
      const archived = new Set(state.archived);
      expect(held.filter((entry) => !archived.has(entry))).toEqual(
        held.filter((entry) => failing.some((key) => entry.startsWith(key))),
      );
      expect(steps).toEqual(expect.arrayContaining([...history.steps]));

      let killed = 0;
      const numbers = spread(steps.length, STEPS === 'all' ? steps.length : Number(STEPS));
      const left = numbers.values();
      const crashing = Array.from({ length: AT_ONCE }, async () => {
        for (const number of left) {
          const crashed = await archiveWithCrash(history, number);
          if (crashed.steps === undefined) killed++;
          expect(crashed.state, `killed at step ${number}, ${steps[number - 1]}`).toEqual(state);
        }
      });
      // None may go on when the test is over.
      await Promise.allSettled(crashing);
      await Promise.all(crashing);
      // Some steps are taken together, so that one run has a few less than another.
      expect(killed).toBeGreaterThanOrEqual(numbers.length * 0.9);
    },
  );

  it(`no mail is lost, doubled or damaged, and the work gets on, at ${KILLS} random moments while the service fails`, async () => {
    const random = seededRandom(20_261_125);
    const begun = Date.now();
    expect(await archiveThroughKills({ random })).toEqual({ kills: 0, isDone: true });
    // A share of what the whole takes, however busy the machine is.
    const longestLife = (Date.now() - begun) / 8;
    let alone = 0;
    for (let left = KILLS; left > 0; ) {
      const { kills, isDone } = await archiveThroughKills({ random, most: left, longestLife });
      left -= kills;
      if (isDone) alone++;
    }
    expect(alone, 'histories that came to their end between kills').toBeGreaterThan(0);
  });
});

/** Kills one process after the other until one of them has archived all mail of a tenant, or so many were killed. */
async function archiveThroughKills({
  random,
  most = Number.POSITIVE_INFINITY,
  longestLife,
}: {
  readonly random: () => number;
  readonly most?: number;
  /** Milliseconds. Without it nobody is killed. */
  readonly longestLife?: number;
}) {
  const tenant = await startMailTenant({ messagesPerUser: 75 });
  try {
    const faults = injectFaults(tenant.simulator, random);
    const place = await hosts.place(tenant);
    const timeouts = { headersTimeout: 300, bodyTimeout: 300 };
    let ahead = 0;
    /** Resolves true when it has archived all, false when it was killed before. */
    const live = async () => {
      ahead += PAST_THE_LEASE;
      const child = await hosts.start({ ...place, timeouts, ahead, speed: 20 });
      child.tell({ archive: 1 });
      expect(await child.report()).toBe('begun');
      const ended = child.reportIfAlive();
      const killed = longestLife === undefined ? ended : wait(random() * longestLife, undefined);
      const isDone = (await Promise.race([ended, killed])) !== undefined;
      if (isDone) expect(await child.end()).toEqual(IN_GOOD_ORDER);
      else await child.kill();
      return isDone;
    };
    let kills = 0;
    let before = 0;
    let isDone = false;
    while (!isDone && kills < most) {
      isDone = await live();
      if (!isDone) kills++;
      faults.stop();
      const { archived } = await look(place, ahead, (host) => expectNoFalseClaim(host, tenant, place.folder));
      expect(archived, 'archived messages').toBeGreaterThanOrEqual(before);
      before = archived;
      faults.resume();
    }
    faults.stop();
    // Late enough for what was put off to be tried again.
    await look(place, ahead + 40 * DAY, async (host) => {
      await host.archiveMail((await host.rounds()) + 1);
      const { archived, failures, verified, behind } = await endState(host, place.folder);
      expect(archived).toEqual(heldBy(tenant));
      expect(verified.filter((line) => !line.endsWith(' intact'))).toEqual([]);
      expect({ failures, behind }).toEqual({ failures: [], behind: [] });
    });
    return { kills, isDone };
  } finally {
    await tenant.close();
  }
}

async function look<T>(place: MailPlace, ahead: number, work: (host: MailHost) => Promise<T>): Promise<T> {
  const host = await successor(place, ahead);
  return work(host).finally(() => host.close());
}

describe('a process that slept while another one took over', { timeout: 60_000 }, () => {
  it.each([
    { when: 'its answer came while it slept', isEarly: true },
    { when: 'its answer comes when it is awake', isEarly: false },
  ])('writes nothing when it goes on: $when', async ({ isEarly }) => {
    const tenant = await startMailTenant({ messagesPerUser: 20 });
    onTestFinished(() => tenant.close());
    const { simulator } = tenant;
    const place = await hosts.place(tenant);
    const { made, deliver, request } = holdAnswer(simulator, '/$value', 8);
    // Its lease lasts less than a second.
    const sleeper = await hosts.start({ ...place, speed: 20 });
    sleeper.tell({ archive: 1 });
    expect(await sleeper.report()).toBe('begun');
    await made;
    sleeper.stop();
    const fellAsleep = Date.now();
    // What it waits for is deleted; nobody else can archive it any more.
    const [, mailbox = '', message = ''] = /users\/([^/]+)\/messages\/([^/]+)/.exec(request() ?? '') ?? [];
    simulator.removeMessage(tenant.tenant.id, mailbox, decodeURIComponent(message));
    const host = await successor(place);
    onTestFinished(() => host.close());
    await host.archiveMail(2);
    expect((await endState(host, place.folder)).archived).toEqual(heldBy(tenant));
    const before = await writtenState(host, place.folder);
    await wait(Math.max(0, 1_000 - (Date.now() - fellAsleep)));
    if (isEarly) {
      deliver();
      await wait(50);
    }
    sleeper.goOn();
    if (!isEarly) deliver();
    await sleeper.report();
    expect(await sleeper.end()).toEqual(IN_GOOD_ORDER);
    expect(await writtenState(host, place.folder)).toEqual(before);
  });
});
