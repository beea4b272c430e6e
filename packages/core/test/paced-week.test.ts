import { describe, expect, it } from 'vitest';
import { type Activity, addActivity, emptyActivity } from '../src/activity.ts';
import { decidePace, workWindow } from '../src/pace.ts';
import type { QuietHours } from '../src/quiet-hours.ts';
import { virtualClock } from '../src/testing/virtual-clock.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const time = (text: string) => Date.parse(text);

const fixed: QuietHours = {
  mode: 'fixed',
  timeZone: 'Europe/Berlin',
  windows: [
    { days: ['mon', 'tue', 'wed', 'thu'], from: '18:00', to: '08:00' },
    { days: ['fri'], from: '18:00', to: '24:00' },
    { days: ['sat', 'sun'], from: '00:00', to: '24:00' },
    { days: ['mon'], from: '00:00', to: '08:00' },
  ],
};
// The clocks of Berlin go forward and back at these moments; the product's own reading is not asked.
const berlinHour = (at: number) =>
  at >= time('2026-03-29T01:00:00Z') && at < time('2026-10-25T01:00:00Z') ? at + 2 * HOUR : at + HOUR;
function isWorking(at: number): boolean {
  const shown = new Date(berlinHour(at));
  return ![0, 6].includes(shown.getUTCDay()) && shown.getUTCHours() >= 8 && shown.getUTCHours() < 18;
}

/** Four months of an office's mail, all of it from before the clocks change. */
function officeMail(until: string, timeZone?: string): Activity {
  const received: string[] = [];
  for (let at = time(until) - 120 * DAY; at < time(until); at += isWorking(at) ? 10 * MINUTE : 2 * HOUR)
    received.push(new Date(at).toISOString());
  return addActivity(emptyActivity(timeZone), received, time(until));
}

const RATE = 10;
const SLICE = 4 * MINUTE;

/** Copies a tenant in virtual time, one request per message, in slices with rests between them. */
async function copyTenant(options: {
  readonly policy: QuietHours;
  readonly activity: Activity | undefined;
  readonly start: string;
  readonly messages: number;
  readonly deadline: number;
}) {
  const { policy, activity, messages, deadline } = options;
  const startedAt = time(options.start);
  const clock = virtualClock(startedAt);
  let working = 0;
  let workingRequests = 0;
  let remaining = messages;
  const reasons = new Set<string>();
  const shares: number[] = [];
  const copy = async () => {
    while (remaining > 0) {
      const now = clock.now();
      const paced = { policy, activity, now, startedAt, deadline, remaining, rate: RATE };
      const { share, until, reason, isQuiet: isFull } = decidePace(paced);
      reasons.add(reason);
      // In the last hours a half-hour's rest is much of what is left.
      if (!isFull && startedAt + deadline - now > 12 * HOUR) shares.push(share);
      const window = workWindow(share, now, 'connection');
      const end = Math.min(until, window.until);
      if (!window.isOpen) {
        await clock.wait(end - now);
        continue;
      }
      const slice = Math.min(SLICE, end - now, Math.ceil((remaining / RATE) * SECOND));
      const sent = Math.min(remaining, Math.ceil((slice / SECOND) * RATE));
      if (isWorking(now)) workingRequests += sent;
      remaining -= sent;
      await clock.wait(slice);
    }
  };
  await clock.run(copy());
  for (let at = startedAt; at < clock.now(); at += SECOND) if (isWorking(at)) working += SECOND;
  return {
    took: clock.now() - startedAt,
    shareInWorkingHours: workingRequests / ((working / SECOND) * RATE),
    requestsInWorkingHours: workingRequests / messages,
    reasons,
    shares,
  };
}

describe('a tenant that is copied over a week in which the clocks change', () => {
  const weeks = ['2026-03-26T00:00:00Z', '2026-10-22T00:00:00Z'];
  const known = (week: string) => [
    { policy: fixed, activity: undefined },
    { policy: { mode: 'learned' as const }, activity: officeMail(week, 'Europe/Berlin') },
  ];
  const withoutZone = (week: string) => ({
    policy: { mode: 'learned' as const },
    activity: officeMail(week),
  });

  it.each(weeks)(
    'sends a quarter of what it could in working hours, and the rest outside them (%s)',
    async (week) => {
      for (const each of [...known(week), withoutZone(week)]) {
        const copied = await copyTenant({
          ...each,
          start: week,
          messages: 100 * 3600 * RATE,
          deadline: 7 * DAY,
        });
        expect(copied.took).toBeGreaterThan(4 * DAY);
        expect(copied.took).toBeLessThan(7 * DAY);
        // A day may end within a half-hour, after its working part.
        expect(copied.shareInWorkingHours).toBeLessThanOrEqual(0.255);
        expect(copied.shareInWorkingHours).toBeGreaterThan(0.24);
        expect(copied.requestsInWorkingHours).toBeLessThan(0.12);
        expect([...copied.reasons].join()).not.toContain('will not be done');
      }
    },
  );

  it.each(weeks)(
    'is done by the deadline though it is too large for a quarter, and says why it is faster (%s)',
    async (week) => {
      for (const each of known(week)) {
        const copied = await copyTenant({
          ...each,
          start: week,
          messages: 150 * 3600 * RATE,
          deadline: 7 * DAY,
        });
        expect(copied.took).toBeLessThanOrEqual(7 * DAY + SLICE);
        expect(copied.shareInWorkingHours).toBeGreaterThan(0.5);
        expect(copied.shareInWorkingHours).toBeLessThan(0.75);
        expect(
          [...copied.reasons].some((reason) =>
            /at 25 %, so it works at [67]\d % during working hours/.test(reason),
          ),
        ).toBe(true);
        // The first estimate holds: the share does not creep up as the deadline comes near.
        expect(Math.max(...copied.shares) - Math.min(...copied.shares)).toBeLessThanOrEqual(0.05);
      }
    },
  );

  it('is done within a day by default, from a Monday morning on', async () => {
    const copied = await copyTenant({
      policy: fixed,
      activity: undefined,
      start: '2026-03-30T06:00:00Z',
      messages: 20 * 3600 * RATE,
      deadline: DAY,
    });
    expect(copied.took).toBeLessThanOrEqual(DAY + SLICE);
    expect(copied.shareInWorkingHours).toBeLessThan(0.62);
  });
});
