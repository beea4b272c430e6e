import { describe, expect, it } from 'vitest';
import { type Activity, addActivity, emptyActivity } from '../src/activity.ts';
import { type QuietHours, quietTimes } from '../src/quiet-hours.ts';

const isQuiet = (policy: QuietHours, activity: Activity | undefined, at: number) =>
  quietTimes(policy, activity).isQuiet(at);
const nextChange = (policy: QuietHours, activity: Activity | undefined, at: number) =>
  quietTimes(policy, activity).nextChange(at);

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const time = (text: string) => Date.parse(text);

const OFFSETS: Readonly<Record<string, (at: number) => number>> = {
  'Europe/Berlin': (at) =>
    1 + Number(inSummer(at, ['2025-03-30T01Z', '2025-10-26T01Z'], ['2026-03-29T01Z', '2026-10-25T01Z'])),
  'America/New_York': (at) =>
    -5 + Number(inSummer(at, ['2025-03-09T07Z', '2025-11-02T06Z'], ['2026-03-08T07Z', '2026-11-01T06Z'])),
  'Asia/Kolkata': () => 5.5,
};
const inSummer = (at: number, ...summers: readonly (readonly [string, string])[]) =>
  summers.some(([from, to]) => at >= time(from.replace('Z', ':00Z')) && at < time(to.replace('Z', ':00Z')));

/** What the clocks of a place show, from the dates on which they change: the product's own reading is not asked. */
function local(timeZone: string, at: number): { readonly day: number; readonly hour: number } {
  const shown = new Date(at + (OFFSETS[timeZone]?.(at) ?? 0) * HOUR);
  return { day: (shown.getUTCDay() + 6) % 7, hour: shown.getUTCHours() + shown.getUTCMinutes() / 60 };
}

type Shape = (day: number, hour: number) => number;
const office: Shape = (day, hour) => (day < 5 && hour >= 8 && hour < 18 ? 1 : 0.04);
const isOffice = ({ day, hour }: ReturnType<typeof local>) => office(day, hour) === 1;

/** The mail of a tenant between two moments: `messages` of them, as a generator with a fixed seed spreads them. */
function learn(options: {
  readonly timeZone: string;
  readonly shape: Shape;
  readonly from: string;
  readonly to: string;
  readonly messages: number;
  readonly isZoneKnown: boolean;
  readonly seed?: number;
}): Activity {
  const { timeZone, shape, from, to, messages, isZoneKnown, seed = 1 } = options;
  const highest = Math.max(
    ...Array.from({ length: 168 }, (_, hour) => shape(Math.floor(hour / 24), hour % 24)),
  );
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const received: string[] = [];
  while (received.length < messages) {
    const at = time(from) + random() * (time(to) - time(from));
    const { day, hour } = local(timeZone, at);
    if (random() * highest < shape(day, Math.floor(hour))) received.push(new Date(at).toISOString());
  }
  return addActivity(
    emptyActivity(isZoneKnown ? timeZone : undefined),
    received,
    time('2027-01-01T00:00:00Z'),
  );
}

const learned: QuietHours = { mode: 'learned' };
const YEARS = { from: '2025-01-06T00:00:00Z', to: '2026-12-28T00:00:00Z', messages: 20_000 } as const;

/** The quarters of a week that are quiet, and those that are not, by what the tenant's clocks show. */
function quarters(activity: Activity, timeZone: string, from: string) {
  const { isQuiet: quiet } = quietTimes(learned, activity);
  return Array.from({ length: WEEK / (15 * MINUTE) }, (_, index) => {
    const at = time(from) + index * 15 * MINUTE;
    return { ...local(timeZone, at), isQuiet: quiet(at) };
  });
}
/** When learned hours change between two moments, as people write it. */
function changes(activity: Activity, from: string, to: string): string[] {
  const next = (at: number) => nextChange(learned, activity, at) ?? Number.POSITIVE_INFINITY;
  const found: string[] = [];
  for (let at = next(time(from)); at < time(to); at = next(at)) found.push(new Date(at).toISOString());
  return found;
}

const share = (all: readonly { readonly isQuiet: boolean }[]) =>
  all.filter((each) => each.isQuiet).length / all.length;

describe('learned quiet hours', () => {
  // Each of these weeks has a change of the clocks in it, somewhere.
  const weeks = ['2026-03-05', '2026-03-26', '2026-10-22', '2026-10-29'].map((day) => `${day}T00:00:00Z`);

  for (const timeZone of Object.keys(OFFSETS)) {
    it(`leave the working hours of ${timeZone} alone, and no others, when its time zone is known`, () => {
      const activity = learn({ ...YEARS, timeZone, shape: office, isZoneKnown: true });
      for (const week of weeks)
        for (const quarter of quarters(activity, timeZone, week))
          expect(quarter).toMatchObject({ isQuiet: !isOffice(quarter) });
    });

    it(`leave the working hours of ${timeZone} alone, and few others, when its time zone is not known`, () => {
      const activity = learn({ ...YEARS, timeZone, shape: office, isZoneKnown: false });
      for (const week of weeks) {
        const all = quarters(activity, timeZone, week);
        expect(all.filter((quarter) => isOffice(quarter) && quarter.isQuiet)).toEqual([]);
        expect(share(all)).toBeGreaterThan(0.55);
        expect(all.filter(({ hour }) => hour >= 22 || hour < 5).every((quarter) => quarter.isQuiet)).toBe(
          true,
        );
      }
    });
  }

  it('leave working hours alone after the clocks changed, though all mail is from before', () => {
    const summer = { from: '2026-04-06T00:00:00Z', to: '2026-10-19T00:00:00Z', messages: 5000 } as const;
    const winter = { from: '2025-11-03T00:00:00Z', to: '2026-03-23T00:00:00Z', messages: 5000 } as const;
    for (const isZoneKnown of [true, false])
      for (const [season, week] of [
        [summer, '2026-10-22'],
        [winter, '2026-03-26'],
      ] as const) {
        const activity = learn({ ...season, timeZone: 'Europe/Berlin', shape: office, isZoneKnown });
        const all = quarters(activity, 'Europe/Berlin', `${week}T00:00:00Z`);
        expect(all.filter((quarter) => isOffice(quarter) && quarter.isQuiet)).toEqual([]);
      }
  });

  it('change when the tenant goes to work and when it goes home, on both sides of a change of the clocks', () => {
    const activity = learn({ ...YEARS, timeZone: 'Europe/Berlin', shape: office, isZoneKnown: true });
    expect(changes(activity, '2026-03-27T12:00:00Z', '2026-03-30T20:00:00Z')).toEqual([
      '2026-03-27T17:00:00.000Z',
      '2026-03-30T06:00:00.000Z',
      '2026-03-30T16:00:00.000Z',
    ]);
    const kolkata = learn({ ...YEARS, timeZone: 'Asia/Kolkata', shape: office, isZoneKnown: true });
    expect(changes(kolkata, '2026-03-29T12:00:00Z', '2026-03-30T20:00:00Z')).toEqual([
      '2026-03-30T02:30:00.000Z',
      '2026-03-30T12:30:00.000Z',
    ]);
  });

  it('leave a night shift alone at night', () => {
    const shift: Shape = (day, hour) =>
      (day < 5 && hour >= 22) || (day > 0 && day < 6 && hour < 6) ? 1 : 0.05;
    const activity = learn({ ...YEARS, timeZone: 'Europe/Berlin', shape: shift, isZoneKnown: true });
    for (const week of weeks)
      for (const quarter of quarters(activity, 'Europe/Berlin', week))
        expect(quarter).toMatchObject({ isQuiet: shift(quarter.day, Math.floor(quarter.hour)) !== 1 });
  });

  it('are not hidden by newsletters at six in the morning, however many', () => {
    const letters: Shape = (day, hour) => (hour === 6 ? 20 : office(day, hour));
    for (const isZoneKnown of [true, false]) {
      const activity = learn({ ...YEARS, timeZone: 'America/New_York', shape: letters, isZoneKnown });
      for (const week of weeks) {
        const all = quarters(activity, 'America/New_York', week);
        expect(all.filter((quarter) => isOffice(quarter) && quarter.isQuiet)).toEqual([]);
        expect(share(all.filter(({ day, hour }) => day > 4 || hour >= 20 || hour < 4))).toBe(1);
      }
    }
  });

  it('are all hours of a tenant that works around the clock, or of which little is known', () => {
    const always: Shape = (_, hour) => (hour >= 8 && hour < 20 ? 1 : 0.5);
    for (const isZoneKnown of [true, false])
      for (const messages of [300, 1000, 4000])
        for (let seed = 1; seed <= 12; seed++) {
          const shape = seed % 2 ? always : () => 1;
          const activity = learn({ ...YEARS, timeZone: 'Europe/Berlin', shape, isZoneKnown, messages, seed });
          expect(quietTimes(learned, activity).basis).toBe(messages < 1000 ? 'unknown' : 'none');
          expect(isQuiet(learned, activity, time('2026-03-30T10:00:00Z'))).toBe(true);
          expect(nextChange(learned, activity, time('2026-03-30T10:00:00Z'))).toBeUndefined();
        }
    expect(isQuiet(learned, undefined, 0)).toBe(true);
  });

  it('are those of the office as soon as anything is known', () => {
    for (let seed = 1; seed <= 15; seed++) {
      const options = { ...YEARS, timeZone: 'Europe/Berlin', shape: office, isZoneKnown: true, seed };
      const all = quarters(learn({ ...options, messages: 1000 }), 'Europe/Berlin', '2026-10-22T00:00:00Z');
      expect(all.filter((quarter) => isOffice(quarter) && quarter.isQuiet)).toEqual([]);
      expect(share(all.filter((quarter) => !isOffice(quarter)))).toBeGreaterThan(0.98);
    }
  });
});
