import { z } from 'zod';
import { type Activity, busyHours, hourOfWeek, minuteOfWeek } from './activity.ts';

const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const MINUTE = 60_000;
const QUARTER = 15 * MINUTE;
const DAY_MINUTES = 24 * 60;
const WEEK_MINUTES = 7 * DAY_MINUTES;
// A week, in which everything has happened once, and a day for what a change of the clocks puts off.
const SEARCH = 8 * 24 * 60 * MINUTE;

/** When a connection's mail may be copied at full speed: at all times, in fixed hours, or whenever the tenant itself receives little. */
export type QuietHours =
  | { readonly mode: 'always' }
  | {
      readonly mode: 'fixed';
      /** IANA, such as `Europe/Berlin`. */
      readonly timeZone: string;
      readonly windows: readonly QuietWindow[];
    }
  | {
      readonly mode: 'learned';
      /**
       * IANA. The record of the tenant's mail is counted in it; without it, the hours next to busy ones are busy too. A record that was
       * begun in another zone goes on in that one.
       */
      readonly timeZone?: string | undefined;
    };

export interface QuietWindow {
  /** The days on which it begins. */
  readonly days: readonly (typeof days)[number][];
  /** By the clocks of the time zone, such as `19:00`. */
  readonly from: string;
  /** The end, which is outside. Before `from`, it is on the next day. The end of a day is `24:00`. */
  readonly to: string;
}

/** What is known of a connection's quiet hours. Times are epoch milliseconds. */
export interface QuietTimes {
  /** Where they come from; `unknown` and `none` are learned ones with too little mail, or with mail at all hours. Both are quiet throughout. */
  readonly basis: 'always' | 'fixed' | 'learned' | 'unknown' | 'none';
  isQuiet(time: number): boolean;
  /** The first change after `time`, or `undefined` when there is none within eight days. */
  nextChange(time: number): number | undefined;
}

const timeZone = z
  .string('must be an IANA time zone such as Europe/Berlin')
  .refine(isTimeZone, 'must be an IANA time zone such as Europe/Berlin');

const window = z
  .strictObject({
    days: z
      .array(z.enum(days, `must be one of ${days.join(', ')}`))
      .min(1, 'must name at least one day')
      .transform((all) => days.filter((day) => all.includes(day))),
    from: z
      .string('must be a time of day such as 19:00')
      .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 19:00'),
    to: z
      .string('must be a time of day such as 07:00, or 24:00')
      .regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be a time of day such as 07:00, or 24:00'),
  })
  .refine(({ from, to }) => from !== to, {
    path: ['to'],
    error: 'must differ from the beginning: a whole day is from 00:00 to 24:00',
  });

/** What a host may set. */
export const quietHours = z.discriminatedUnion(
  'mode',
  [
    z.strictObject({ mode: z.literal('always') }),
    z.strictObject({
      mode: z.literal('fixed'),
      timeZone,
      windows: z.array(window).min(1, 'must have at least one window'),
    }),
    z.strictObject({ mode: z.literal('learned'), timeZone: timeZone.optional() }),
  ],
  {
    error: ({ code }) => (code === 'invalid_union' ? 'must be one of always, fixed, learned' : undefined),
  },
);

/** Reads a policy. Without a record of the tenant's mail, learned hours are all quiet. */
export function quietTimes(policy: QuietHours, activity: Activity | undefined): QuietTimes {
  switch (policy.mode) {
    case 'always':
      return alwaysQuiet('always');
    case 'fixed':
      return fixedTimes(policy.timeZone, policy.windows);
    case 'learned': {
      const busy = activity && busyHours(activity);
      if (!activity || !busy) return alwaysQuiet('unknown');
      if (busy.size === 0) return alwaysQuiet('none');
      return changingTimes('learned', [0], (time) => !busy.has(hourOfWeek(activity, time)));
    }
  }
}

const alwaysQuiet = (basis: QuietTimes['basis']): QuietTimes => ({
  basis,
  isQuiet: () => true,
  nextChange: () => undefined,
});

function fixedTimes(timeZone: string, windows: readonly QuietWindow[]): QuietTimes {
  const spans = windows.flatMap(({ days: begins, from, to }) => {
    const start = minuteOfDay(from);
    const end = minuteOfDay(to);
    const length = end > start ? end - start : end + DAY_MINUTES - start;
    return begins.map((day) => ({ start: days.indexOf(day) * DAY_MINUTES + start, length }));
  });
  const minutes = windows.flatMap(({ from, to }) => [minuteOfDay(from) % 15, minuteOfDay(to) % 15]);
  return changingTimes('fixed', [0, ...minutes], (time) => {
    const minute = minuteOfWeek(timeZone, time);
    return spans.some(({ start, length }) => (minute - start + WEEK_MINUTES) % WEEK_MINUTES < length);
  });
}

/**
 * Clocks differ from UTC by whole quarters of an hour and are put forward or back at one, so nothing changes except at the given minutes
 * of a quarter. Asking at each of them is right whatever the clocks do.
 */
function changingTimes(
  basis: QuietTimes['basis'],
  minutesOfQuarter: readonly number[],
  isQuiet: (time: number) => boolean,
): QuietTimes {
  const minutes = [...new Set(minutesOfQuarter)].sort((a, b) => a - b);
  return {
    basis,
    isQuiet,
    nextChange(time) {
      const before = isQuiet(time);
      for (let quarter = Math.floor(time / QUARTER) * QUARTER; ; quarter += QUARTER)
        for (const minute of minutes) {
          const moment = quarter + minute * MINUTE;
          if (moment > time + SEARCH) return undefined;
          if (moment > time && isQuiet(moment) !== before) return moment;
        }
    },
  };
}

function minuteOfDay(time: string): number {
  const [hour, minute] = time.split(':');
  return Number(hour) * 60 + Number(minute);
}

/** Intl takes offsets too, which are no time zones: they know no daylight saving. */
function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return /^[a-z]/i.test(name);
  } catch {
    return false;
  }
}
