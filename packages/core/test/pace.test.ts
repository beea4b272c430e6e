import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decidePace, type PaceRequest, workWindow } from '../src/pace.ts';
import { type QuietHours, quietTimes } from '../src/quiet-hours.ts';

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
// A Tuesday at nine in the morning in Berlin; nine working hours are ahead, and fifteen others within a day.
const NOW = time('2026-06-02T07:00:00Z');
const request = (changed: Partial<PaceRequest> = {}): PaceRequest => ({
  policy: fixed,
  activity: undefined,
  now: NOW,
  startedAt: NOW,
  deadline: DAY,
  remaining: 3600,
  rate: 1,
  ...changed,
});
const hours = (count: number) => count * 3600;

describe('the pace', () => {
  it('is full in quiet hours, and until they end', () => {
    const now = time('2026-06-02T16:00:00Z');
    expect(decidePace(request({ now, remaining: hours(1000) }))).toMatchObject({
      share: 1,
      isQuiet: true,
      until: now + HOUR,
      reason: 'It is within the quiet hours that were set, so it works at full speed.',
    });
    const late = time('2026-06-03T05:30:00Z');
    expect(decidePace(request({ now: late })).until).toBe(late + 30 * MINUTE);
  });

  it('is a quarter outside them, or what the host says, for a tenant that is done in time', () => {
    expect(decidePace(request())).toEqual({
      share: 0.25,
      isQuiet: false,
      until: NOW + HOUR,
      reason:
        'It is outside the quiet hours that were set, so it works at 25 %, which is enough for the deadline.',
    });
    expect(decidePace(request({ shareOutside: 0.1 })).share).toBe(0.1);
    // Fourteen quiet hours at full speed, ten others at a quarter.
    const fits = { startedAt: NOW - HOUR, now: NOW - HOUR, remaining: hours(16.5) };
    expect(decidePace(request(fits)).share).toBe(0.25);
    expect(decidePace(request({ ...fits, remaining: hours(16.5) + 1 })).share).toBe(0.26);
  });

  it('rises for a tenant that is too large for the deadline, no more than it takes, and says so', () => {
    expect(decidePace(request({ remaining: hours(20) }))).toEqual({
      share: 0.6,
      isQuiet: false,
      until: NOW + HOUR,
      reason:
        'What remains will not be done by the deadline at 25 %, so it works at 60 % during working hours.',
    });
  });

  it('is full, and says that it will be late, when nothing is enough', () => {
    expect(decidePace(request({ remaining: hours(24) })).share).toBe(1);
    expect(decidePace(request({ remaining: hours(24) })).reason).toContain('so it works at 100 %');
    expect(decidePace(request({ remaining: hours(25) }))).toMatchObject({
      share: 1,
      reason:
        'What remains will not be done by the deadline at 25 %, nor at full speed, so it works at full speed during working hours too.',
    });
  });

  it('is full once the deadline has passed, until the first pass is done', () => {
    const startedAt = NOW - DAY;
    expect(decidePace(request({ startedAt: startedAt + 1 }))).toMatchObject({ until: NOW + 1 });
    for (const rate of [1, undefined])
      expect(decidePace(request({ startedAt, remaining: 1, rate }))).toEqual({
        share: 1,
        isQuiet: false,
        until: NOW + HOUR,
        reason:
          'The deadline has passed with mail still to be copied, so it works at full speed until the first pass is done.',
      });
    expect(decidePace(request({ startedAt, remaining: 0 }))).toMatchObject({
      share: 0.25,
      reason:
        'It is outside the quiet hours that were set, so it works at 25 %. Nothing is left of the first pass.',
    });
  });

  it('is not raised by an estimate that nobody has', () => {
    for (const rate of [undefined, 0, Number.NaN])
      expect(decidePace(request({ remaining: hours(1000), rate }))).toMatchObject({
        share: 0.25,
        reason:
          'It is outside the quiet hours that were set, so it works at 25 %. How long it will take is not known yet.',
      });
  });

  it('never stands still, and never exceeds what full speed is', () => {
    expect(decidePace(request({ shareOutside: 0 })).share).toBe(0.01);
    expect(decidePace(request({ shareOutside: 5 })).share).toBe(1);
  });

  it('is full where no quiet hours were set, and where none are known', () => {
    const flat = { hours: Array<number>(168).fill(100) };
    const reasons = [
      { policy: { mode: 'always' } },
      { policy: { mode: 'learned' } },
      { policy: { mode: 'learned' }, activity: flat },
    ] as const;
    for (const each of reasons)
      expect(decidePace(request(each))).toMatchObject({ share: 1, isQuiet: true, until: NOW + HOUR });
    expect(reasons.map((each) => decidePace(request(each)).reason)).toEqual([
      'No quiet hours were set, so it works at full speed at all times.',
      "Too little mail was seen yet to know the tenant's working hours, so it works at full speed.",
      'The tenant receives mail at all hours alike, so it works at full speed at all times.',
    ]);
  });

  it('that was raised is done by the deadline, minute by minute, and a lower one is not', () => {
    const moment = fc.integer({
      min: time('2026-03-20T00:00:00Z') / MINUTE,
      max: time('2026-04-05T00:00:00Z') / MINUTE,
    });
    fc.assert(
      fc.property(
        moment.map((minutes) => minutes * MINUTE).filter((at) => !quietTimes(fixed, undefined).isQuiet(at)),
        fc.integer({ min: 1, max: 96 * 60 }).map((minutes) => minutes * MINUTE),
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.double({ min: 0.1, max: 100, noNaN: true }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (now, deadline, remaining, rate, shareOutside) => {
          const changed = { now, startedAt: now, deadline, remaining, rate, shareOutside };
          const { share } = decidePace(request(changed));
          const done = (busyShare: number) => {
            let messages = 0;
            for (let at = now; at < now + deadline; at += MINUTE)
              messages += rate * 60 * (quietTimes(fixed, undefined).isQuiet(at) ? 1 : busyShare);
            return messages;
          };
          expect(share).toBeGreaterThanOrEqual(shareOutside);
          expect(share).toBeLessThanOrEqual(1);
          const slack = remaining * 1e-6;
          if (share < 1) expect(done(share)).toBeGreaterThanOrEqual(remaining - slack);
          // Shares are raised to whole percent.
          if (share > shareOutside)
            expect(done(Math.max(shareOutside, share - 0.01))).toBeLessThan(remaining + slack);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('the working part of each half-hour', () => {
  it('is the share of it, at the same time for every process, and all of it at full speed', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.integer({ min: 0, max: 4e12 }),
        fc.string(),
        (share, from, connectionId) => {
          let open = 0;
          let at = from;
          while (at < from + HOUR / 2) {
            const { isOpen, until } = workWindow(share, at, connectionId);
            expect(until).toBeGreaterThan(at);
            const end = Math.min(until, from + HOUR / 2);
            expect(workWindow(share, end - 1, connectionId).isOpen).toBe(isOpen);
            if (isOpen) open += end - at;
            at = end;
          }
          expect(open).toBe(Math.round((share * HOUR) / 2));
        },
      ),
    );
    expect(workWindow(1, 5, 'a')).toEqual({ isOpen: true, until: Number.POSITIVE_INFINITY });
  });

  it('is not the same for all connections, so that they do not ask all at once', () => {
    const opens = new Set(
      Array.from({ length: 20 }, (_, index) => workWindow(0.01, 0, `connection ${index}`).until),
    );
    expect(opens.size).toBeGreaterThan(15);
  });
});
