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

it('every connection is synced exactly once a day for a month, whatever restarts and clock jumps come', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uuid(), { minLength: 1, maxLength: 4 }),
      fc.array(happening, { minLength: 20, maxLength: 200 }),
      (ids, happenings) => {
        const lastStarts = new Map(ids.map((id) => [id, START - 1]));
        const starts = new Map(ids.map((id) => [id, [] as number[]]));
        let time = START;
        let offset = 0;
        for (let index = 0; time < START + DAYS * DAY; index++) {
          const { kind, for: minutes } = happenings[index % happenings.length] ?? { kind: 'poll', for: 60 };
          if (kind === 'set') offset = minutes * MINUTE;
          else time += minutes * MINUTE;
          const now = time + offset;
          const work = [...lastStarts].map(([id, lastStartedAt]) =>
            connectionWork(id, {
              activeSince: START - DAY,
              directory: { lastStartedAt },
              mail: { plannedAt: lastStartedAt },
            }),
          );
          for (const task of plan(work, now).due) {
            if (task.kind !== 'directory.sync') continue;
            lastStarts.set(task.connectionId, now);
            starts.get(task.connectionId)?.push(now);
          }
        }
        for (const [id, began] of starts) {
          const slots = began.map((start) => nextDailyMoment(id, start - DAY));
          const first = nextDailyMoment(id, START - 1);
          expect(slots).toEqual(slots.map((_, day) => first + day * DAY));
          // The last slot may still be ahead of a clock that is late.
          expect(Math.abs(slots.length - (time - first) / DAY)).toBeLessThanOrEqual(1 + HOUR / DAY);
        }
      },
    ),
    { numRuns: 300 },
  );
});
