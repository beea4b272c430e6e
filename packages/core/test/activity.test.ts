import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addActivity, busyHours, emptyActivity, mergeActivity, minuteOfWeek } from '../src/activity.ts';

const NOW = Date.UTC(2026, 10, 2);
const times = fc.array(
  fc
    .date({ min: new Date('1995-01-01'), max: new Date(NOW), noInvalidDate: true })
    .map((date) => date.toISOString()),
);
const count = (zone: string | undefined, ...received: (string | undefined)[]) =>
  addActivity(emptyActivity(zone), received, NOW);
const counted = (hours: readonly number[]) => hours.flatMap((messages, hour) => (messages ? [hour] : []));
const at = (day: number, hour: number) => day * 24 + hour;

describe("the record of a tenant's mail", () => {
  it('puts a message into the hour that the clocks of the tenant show, in summer and in winter', () => {
    const winter = '2026-03-27T07:30:00Z';
    const summer = '2026-04-03T06:30:00Z';
    expect(counted(count('Europe/Berlin', winter, summer).hours)).toEqual([at(4, 8)]);
    expect(counted(count(undefined, winter, summer).hours)).toEqual([at(4, 6), at(4, 7)]);
    expect(counted(count('Asia/Kolkata', winter).hours)).toEqual([at(4, 13)]);
    expect(counted(count('America/New_York', '2026-03-02T02:00:00Z').hours)).toEqual([at(6, 21)]);
    expect(counted(count('Europe/Berlin', '2026-03-30T00:00:00+02:00').hours)).toEqual([0]);
  });

  it('is not spoilt by dates that are none, that lie ahead, or that depend on where the process runs', () => {
    const garbage = [
      undefined,
      '',
      'soon',
      '5',
      '2026-03-02',
      '2026-03-02T08:00:00',
      '2026-13-02T08:00:00Z',
      '1601-01-01T00:00:00Z',
      '0001-01-01T00:00:00Z',
      '1970-01-01T00:00:00Z',
      '2026-11-02T00:00:00.001Z',
      '9999-12-31T23:59:59Z',
    ];
    expect(count('Europe/Berlin', ...garbage)).toEqual(emptyActivity('Europe/Berlin'));
    expect(counted(count(undefined, ...garbage, '2026-11-02T00:00:00Z').hours)).toEqual([0]);
  });

  it('is the same in whatever order and by however many processes the mail is read', () => {
    const zone = fc.constantFrom(undefined, 'America/New_York');
    fc.assert(
      fc.property(zone, times, times, (timeZone, some, others) => {
        const one = addActivity(emptyActivity(timeZone), some, NOW);
        const other = addActivity(emptyActivity(timeZone), others, NOW);
        const all = addActivity(one, others, NOW);
        expect(mergeActivity(one, other)).toEqual(all);
        expect(mergeActivity(other, one)).toEqual(all);
        expect(addActivity(other, some.toReversed(), NOW)).toEqual(all);
        expect(all.hours.reduce((sum, each) => sum + each, 0)).toBe(some.length + others.length);
      }),
    );
  });

  it('stays one of the two, whichever comes first, when the time zone was set in between', () => {
    const many = count(undefined, '2026-03-02T08:00:00Z', '2026-03-02T08:00:00Z');
    const few = count('Europe/Berlin', '2026-03-02T08:00:00Z');
    const asMany = addActivity(few, ['2026-03-03T08:00:00Z'], NOW);
    expect(mergeActivity(many, few)).toBe(many);
    expect(mergeActivity(few, many)).toBe(many);
    expect(mergeActivity(many, asMany)).toBe(mergeActivity(asMany, many));
  });

  it('leaves what was stored untouched, survives the storage, and does not grow', () => {
    const before = count('Asia/Kolkata', '2026-03-02T08:00:00Z');
    const copy = structuredClone(before);
    const after = addActivity(before, Array(5000).fill('2026-03-02T08:00:00Z'), NOW);
    expect(before).toEqual(copy);
    expect(after.hours).toHaveLength(168);
    expect(JSON.parse(JSON.stringify(after))).toEqual(after);
    expect(JSON.stringify(after).length).toBeLessThan(500);
    const stored = JSON.parse(JSON.stringify(emptyActivity()));
    expect(mergeActivity(stored, emptyActivity())).toEqual(emptyActivity());
  });
});

it('minuteOfWeek shows what the clocks show when they are put forward and back', () => {
  const berlin = (time: string) => minuteOfWeek('Europe/Berlin', Date.parse(time));
  const sunday = 6 * 24 * 60;
  expect(berlin('2026-03-29T00:59:59Z')).toBe(sunday + 60 + 59);
  expect(berlin('2026-03-29T01:00:00Z')).toBe(sunday + 180);
  expect(berlin('2026-10-25T00:59:00Z')).toBe(sunday + 120 + 59);
  expect(berlin('2026-10-25T01:00:00Z')).toBe(sunday + 120);
  expect(berlin('2026-10-25T23:00:00Z')).toBe(0);
});

describe('busy hours', () => {
  const week = (messages: (day: number, hour: number) => number) => ({
    timeZone: 'Europe/Berlin',
    hours: Array.from({ length: 168 }, (_, hour) => messages(Math.floor(hour / 24), hour % 24)),
  });
  const office = (day: number, hour: number) => day < 5 && hour >= 8 && hour < 18;

  it('are not guessed from a handful of messages', () => {
    const messages = (count: number) => Array<string>(count).fill('2026-03-02T08:00:00Z');
    expect(busyHours(count(undefined, ...messages(999)))).toBeUndefined();
    expect(busyHours(count(undefined, ...messages(1000)))).toEqual(new Set());
  });

  it('begin at more than a quarter of what a working hour brings', () => {
    const edges = (edge: number) =>
      busyHours(
        week((day, hour) => (office(day, hour) ? 100 : day < 5 && (hour === 7 || hour === 18) ? edge : 1)),
      );
    expect(edges(25)?.size).toBe(50);
    expect(edges(26)?.size).toBe(60);
  });

  it('go on over lunch, and over the midnight between Sunday and Monday', () => {
    const lunch = busyHours(week((day, hour) => (office(day, hour) && hour !== 12 ? 100 : 1)));
    expect(lunch).toContain(at(0, 12));
    const night = busyHours(week((_, hour) => (hour >= 22 || hour < 4 ? 100 : 1)));
    expect([at(6, 23), at(0, 0), at(0, 3)].every((hour) => night?.has(hour))).toBe(true);
    expect(night?.size).toBe(42);
  });

  it('are not what a newsletter makes of one hour or two', () => {
    const letters = busyHours(
      week((day, hour) => (hour === 4 || hour === 5 ? 5000 : office(day, hour) ? 100 : 1)),
    );
    expect(letters?.size).toBe(50);
    expect(letters).not.toContain(at(0, 5));
    expect(busyHours(week((_, hour) => (hour === 6 ? 5000 : 1)))).toEqual(new Set());
    // Nor of three hours on five days, when there is no other mail to tell them from.
    expect(busyHours(week((day, hour) => (day < 5 && hour < 3 ? 100 : 0)))).toEqual(new Set());
  });

  it('are none when less than a day of the week would be left', () => {
    const quiet = (hours: number) => busyHours(week((day, hour) => (day === 6 && hour < hours ? 0 : 100)));
    expect(quiet(23)).toEqual(new Set());
    expect(quiet(24)?.size).toBe(144);
    expect(busyHours(week(() => 100))).toEqual(new Set());
  });

  it('reach an hour further where the time zone is not known', () => {
    const { hours } = week((day, hour) => (office(day, hour) ? 100 : 1));
    const busy = busyHours({ hours });
    expect(busy?.size).toBe(60);
    expect([7, 18].every((hour) => busy?.has(at(2, hour)))).toBe(true);
  });
});
