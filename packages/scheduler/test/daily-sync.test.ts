import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DAY, nextDailyMoment } from '../src/daily-moment.ts';
import { plan } from '../src/index.ts';
import { connectionWork } from './connection-work.ts';

const DAYS = 30;
const START = Date.UTC(2026, 2, 1);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

// What happens to a process in a month: it sleeps, is down for some hours, and its clock is set within an hour of the true time.
const happening = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('poll' as const), for: fc.integer({ min: 1, max: 60 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('down' as const), for: fc.integer({ min: 1, max: 360 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('set' as const), for: fc.integer({ min: -60, max: 60 }) }),
  },
);

const happenings = fc.array(happening, { minLength: 20, maxLength: 200 });
const ids = fc.array(fc.uuid(), { minLength: 1, maxLength: 4 });

interface Began {
  readonly syncs: number[];
  readonly plans: number[];
}

/** When the tasks of each connection began in a month of `happenings`, and when the month ended by the true time. */
function month(
  connections: readonly string[],
  life: readonly { readonly kind: 'poll' | 'down' | 'set'; readonly for: number }[],
  doesSyncComplete: (attempt: number) => boolean,
): { readonly began: ReadonlyMap<string, Began>; readonly end: number } {
  const began = new Map(connections.map((id) => [id, { syncs: [], plans: [] } as Began]));
  let time = START;
  let offset = 0;
  let attempts = 0;
  for (let index = 0; time < START + DAYS * DAY; index++) {
    const { kind, for: minutes } = life[index % life.length] ?? { kind: 'poll', for: 60 };
    if (kind === 'set') offset = minutes * MINUTE;
    else time += minutes * MINUTE;
    const now = time + offset;
    const look = () => {
      const work = [...began].map(([id, { syncs, plans }]) =>
        connectionWork(id, {
          activeSince: START - DAY,
          directory: { lastStartedAt: syncs.at(-1) ?? START - 1 },
          mail: { plannedAt: plans.at(-1) ?? START - 1 },
        }),
      );
      return plan(work, now).due;
    };
    for (const { kind, connectionId } of look())
      if (kind === 'directory.sync' && doesSyncComplete(attempts++)) began.get(connectionId)?.syncs.push(now);
    // The sync that has just ended is recorded: the plan comes after it.
    for (const { kind, connectionId } of look())
      if (kind === 'mail.plan') began.get(connectionId)?.plans.push(now);
  }
  return { began, end: time };
}

function expectOnceADay(id: string, began: readonly number[], end: number): void {
  const slots = began.map((start) => nextDailyMoment(id, start - DAY));
  const first = nextDailyMoment(id, START - 1);
  expect(slots).toEqual(slots.map((_, day) => first + day * DAY));
  // The last slot may still be ahead: of a clock that is late, or of a plan that waits for the directory.
  expect(Math.abs(slots.length - (end - first) / DAY)).toBeLessThanOrEqual(1 + (2 * HOUR) / DAY);
}

it('every connection is synced exactly once a day for a month, whatever restarts and clock jumps come', {
  timeout: 120_000,
}, () => {
  fc.assert(
    fc.property(ids, happenings, (connections, life) => {
      const { began, end } = month(connections, life, () => true);
      for (const [id, { syncs }] of began) expectOnceADay(id, syncs, end);
    }),
    { numRuns: 300 },
  );
});

it('mail is planned exactly once a day, right after the directory sync of that day', {
  timeout: 120_000,
}, () => {
  fc.assert(
    fc.property(ids, happenings, (connections, life) => {
      const { began } = month(connections, life, () => true);
      for (const { syncs, plans } of began.values()) expect(plans).toEqual(syncs);
    }),
    { numRuns: 100 },
  );
});

it('mail does not stand still while the directory never completes: it is planned exactly once a day', {
  timeout: 120_000,
}, () => {
  fc.assert(
    fc.property(ids, happenings, (connections, life) => {
      const { began, end } = month(connections, life, () => false);
      for (const [id, { plans }] of began) expectOnceADay(id, plans, end);
    }),
    { numRuns: 100 },
  );
});

it('mail is planned once for each sync and otherwise once a day, when the directory fails now and then', {
  timeout: 120_000,
}, () => {
  fc.assert(
    fc.property(ids, happenings, fc.infiniteStream(fc.boolean()), (connections, life, completes) => {
      // After a clock went back, a sync may look as if the plan of the hour before had followed it.
      const steady = life.filter(({ kind }) => kind !== 'set');
      const { began, end } = month(connections, steady, () => completes.next().value === true);
      for (const [id, { syncs, plans }] of began) {
        for (const sync of syncs) expect(plans.filter((planned) => planned === sync)).toHaveLength(1);
        const ownAccount = plans.filter((planned) => !syncs.includes(planned));
        const slots = ownAccount.map((planned) => nextDailyMoment(id, planned - DAY));
        expect(new Set(slots).size).toBe(slots.length);
        const gaps = [...plans, end].map((planned, index) => planned - (plans[index - 1] ?? START));
        // A day, and what the last one before it and this one may be late: an hour for the directory, the rest without a process.
        const late = steady.filter(({ kind }) => kind === 'down').length > 0 ? DAY : 2 * HOUR;
        expect(Math.max(...gaps)).toBeLessThanOrEqual(DAY + HOUR + late);
      }
    }),
    { numRuns: 100 },
  );
});
