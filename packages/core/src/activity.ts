const HOURS = 7 * 24;
const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
// Mail programs write such dates when they have none.
const EARLIEST = Date.UTC(1990);
const ISO_TIME = /^\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2})$/;

/** With fewer messages than this nothing is known of a tenant's week: such a mailbox is copied within minutes anyway. */
const ENOUGH = 1000;
/** What the sixteenth busiest hour receives is typical of work: two days of eight hours are the least week that is told from newsletters. */
const TYPICAL = 16;
/** The part of it above which an hour is busy. Evenings and weekends of an office receive less, its first and last hours more. */
const BUSY_SHARE = 0.25;
/** A shorter run of hours is something that is sent every day at the same time, not people at work. */
const SHORTEST_RUN = 3;
/** With less than a day's hours left in the week, there is no quiet time worth waiting for. */
const FEWEST_QUIET = 24;

/**
 * How many messages a tenant received in each hour of the week: a JSON document of constant size.
 *
 * With a known time zone the hours are those of its clocks, so daylight saving moves nothing. Without one they are UTC hours; years of
 * mail then hold the working hours of summer and of winter side by side, both count as busy, and the hours next to them do so too, for
 * the tenant whose mail is all of one season. Every message counts alike, however old, and again when it is read again: only the shape
 * matters.
 */
export interface Activity {
  /** The IANA time zone of the hours. @default UTC, as a stand-in for an unknown one */
  readonly timeZone?: string | undefined;
  /** 168 counts; the first is Monday from midnight to one. */
  readonly hours: readonly number[];
}

/** The record of a tenant none of whose mail was seen yet. */
export const emptyActivity = (timeZone?: string): Activity => ({ timeZone, hours: Array(HOURS).fill(0) });

/**
 * Counts messages.
 *
 * @param receivedAt ISO 8601 with `Z` or an offset. What is anything else, before 1990, or after `now` is not counted.
 * @param now Epoch milliseconds.
 */
export function addActivity(
  activity: Activity,
  receivedAt: Iterable<string | undefined>,
  now: number,
): Activity {
  const hours = [...activity.hours];
  for (const text of receivedAt) {
    const time = text !== undefined && ISO_TIME.test(text) ? Date.parse(text) : Number.NaN;
    if (!(time >= EARLIEST && time <= now)) continue;
    const hour = hourOfWeek(activity, time);
    hours[hour] = (hours[hour] ?? 0) + 1;
  }
  return { ...activity, hours };
}

/**
 * The sum of two records, in any order. Of records in different time zones, whose hours cannot be added, the one with more messages
 * stays: it is as good as before, and the other one would hardly change it.
 */
export function mergeActivity(one: Activity, other: Activity): Activity {
  if (one.timeZone === other.timeZone)
    return { ...one, hours: one.hours.map((count, hour) => count + (other.hours[hour] ?? 0)) };
  const more = total(one) - total(other) || (zoneOf(one) < zoneOf(other) ? 1 : -1);
  return more > 0 ? one : other;
}

/**
 * Which hours of the week are busy: by index into `hours`, read in the record's own time zone.
 *
 * An hour is busy when it receives more than a quarter of what the sixteenth busiest hour receives. That measure is the level of a
 * working hour, whatever a few newsletters add to hours of their own. A quiet hour between two busy ones (lunch) is busy; runs of fewer
 * than three busy hours are not. A tenant that leaves less than 24 quiet hours in a week has no busy ones: there is nothing to wait for.
 *
 * @returns `undefined` while too few messages were seen to tell.
 */
export function busyHours(activity: Activity): ReadonlySet<number> | undefined {
  if (total(activity) < ENOUGH) return undefined;
  const typical = activity.hours.toSorted((a, b) => b - a)[TYPICAL - 1] ?? 0;
  const marked = activity.hours.map((count) => typical > 0 && count > typical * BUSY_SHARE);
  const closed = eachHour(marked, (at) => at(0) || (at(-1) && at(1)));
  const worked = eachHour(closed, (at) => at(0) && runLength(at) >= SHORTEST_RUN);
  const busy = activity.timeZone === undefined ? eachHour(worked, (at) => at(-1) || at(0) || at(1)) : worked;
  const all = new Set(busy.flatMap((isBusy, hour) => (isBusy ? [hour] : [])));
  return HOURS - all.size < FEWEST_QUIET ? new Set() : all;
}

/** The hour of the week in the record's time zone, 0 to 167. */
export const hourOfWeek = (activity: Activity, time: number): number =>
  Math.floor(minuteOfWeek(zoneOf(activity), time) / 60);

const formatters = new Map<string, Intl.DateTimeFormat>();

/**
 * The minute of the week that the clocks of a time zone show, from Monday's midnight.
 *
 * @param time Epoch milliseconds.
 * @throws RangeError for an unknown time zone
 */
export function minuteOfWeek(timeZone: string, time: number): number {
  let formatter = formatters.get(timeZone);
  if (!formatter) {
    // A formatter takes far longer to make than to use.
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    formatters.set(timeZone, formatter);
  }
  // Such as "Mon 08:05".
  const [day = '', clock = ''] = formatter.format(time).split(' ');
  const [hour, minute] = clock.split(':');
  return (DAYS.indexOf(day) * 24 + Number(hour)) * 60 + Number(minute);
}

const zoneOf = ({ timeZone }: Activity) => timeZone ?? 'UTC';

const total = ({ hours }: Activity) => hours.reduce((sum, count) => sum + count, 0);

type Neighbour = (distance: number) => boolean;

/** The week goes round: Sunday's last hour is next to Monday's first. */
const eachHour = (week: readonly boolean[], decide: (at: Neighbour) => boolean): boolean[] =>
  week.map((_, hour) => decide((distance) => week[(hour + distance + HOURS) % HOURS] ?? false));

function runLength(at: Neighbour): number {
  let length = 1;
  for (let after = 1; after < SHORTEST_RUN && at(after); after++) length++;
  for (let before = 1; before < SHORTEST_RUN && at(-before); before++) length++;
  return length;
}
