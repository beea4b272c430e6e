import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConnectorError } from '../src/index.ts';
import { parseOptions } from '../src/options.ts';
import { type QuietHours, quietHours, quietTimes } from '../src/quiet-hours.ts';

const parseQuietHours = (given: unknown) => parseOptions('quietHours', quietHours, given);
const isQuiet = (policy: QuietHours, activity: undefined, at: number) =>
  quietTimes(policy, activity).isQuiet(at);
const nextChange = (policy: QuietHours, activity: undefined, at: number) =>
  quietTimes(policy, activity).nextChange(at);

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const time = (text: string) => Date.parse(text);
const workdays = ['mon', 'tue', 'wed', 'thu', 'fri'] as const;
const nights = (timeZone: string): QuietHours => ({
  mode: 'fixed',
  timeZone,
  windows: [
    { days: workdays, from: '19:00', to: '07:00' },
    { days: ['sat', 'sun'], from: '00:00', to: '24:00' },
  ],
});

/** When a policy changes between two moments, as people write it. */
function changes(policy: QuietHours, from: string, to: string): string[] {
  const next = (at: number) => nextChange(policy, undefined, at) ?? Number.POSITIVE_INFINITY;
  const found: string[] = [];
  for (let at = next(time(from)); at < time(to); at = next(at)) found.push(new Date(at).toISOString());
  return found;
}

describe('fixed quiet hours', () => {
  it('last over midnight and over the weekend, and stop where the working day begins', () => {
    const policy = nights('Europe/Berlin');
    const quiet = (text: string) => isQuiet(policy, undefined, time(text));
    // In winter Berlin is one hour ahead of UTC.
    expect(quiet('2026-01-05T17:59:59Z')).toBe(false);
    expect(quiet('2026-01-05T18:00:00Z')).toBe(true);
    expect(quiet('2026-01-06T05:59:59Z')).toBe(true);
    expect(quiet('2026-01-06T06:00:00Z')).toBe(false);
    expect(changes(policy, '2026-01-09T12:00:00Z', '2026-01-13T00:00:00Z')).toEqual([
      '2026-01-09T18:00:00.000Z',
      // Sunday's window ends at midnight, and no window of Sunday goes on from there.
      '2026-01-11T23:00:00.000Z',
      '2026-01-12T18:00:00.000Z',
    ]);
  });

  it('follow the clocks of Berlin and New York when they change, so nobody is disturbed an hour early', () => {
    expect(changes(nights('Europe/Berlin'), '2026-03-27T12:00:00Z', '2026-03-31T12:00:00Z')).toEqual([
      '2026-03-27T18:00:00.000Z',
      '2026-03-29T22:00:00.000Z',
      '2026-03-30T17:00:00.000Z',
      '2026-03-31T05:00:00.000Z',
    ]);
    expect(changes(nights('Europe/Berlin'), '2026-10-23T12:00:00Z', '2026-10-27T12:00:00Z')).toEqual([
      '2026-10-23T17:00:00.000Z',
      '2026-10-25T23:00:00.000Z',
      '2026-10-26T18:00:00.000Z',
      '2026-10-27T06:00:00.000Z',
    ]);
    expect(changes(nights('America/New_York'), '2026-03-06T18:00:00Z', '2026-03-10T18:00:00Z')).toEqual([
      '2026-03-07T00:00:00.000Z',
      '2026-03-09T04:00:00.000Z',
      '2026-03-09T23:00:00.000Z',
      '2026-03-10T11:00:00.000Z',
    ]);
    expect(changes(nights('America/New_York'), '2026-10-30T18:00:00Z', '2026-11-03T18:00:00Z')).toEqual([
      '2026-10-30T23:00:00.000Z',
      '2026-11-02T05:00:00.000Z',
      '2026-11-03T00:00:00.000Z',
      '2026-11-03T12:00:00.000Z',
    ]);
  });

  it('are not missed for being short, or for beginning where the clocks jump', () => {
    const policy = (from: string, to: string): QuietHours => ({
      mode: 'fixed',
      timeZone: 'Europe/Berlin',
      windows: [{ days: ['sun'], from, to }],
    });
    const spring = ['2026-03-29T00:00:00Z', '2026-03-30T00:00:00Z'] as const;
    expect(changes(policy('19:07', '19:09'), ...spring)).toEqual([
      '2026-03-29T17:07:00.000Z',
      '2026-03-29T17:09:00.000Z',
    ]);
    expect(changes(policy('02:20', '03:10'), ...spring)).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-29T01:10:00.000Z',
    ]);
    // In autumn the clocks show the time twice.
    expect(changes(policy('02:20', '02:40'), '2026-10-25T00:00:00Z', '2026-10-26T00:00:00Z')).toHaveLength(4);
  });

  it('are found wherever they begin and end, by minute, whatever the clocks do', () => {
    const clock = fc
      .integer({ min: 0, max: 24 * 60 - 1 })
      .map((all) => [all / 60, all % 60].map((each) => String(Math.floor(each)).padStart(2, '0')).join(':'));
    const policies = fc.record({
      mode: fc.constant('fixed' as const),
      timeZone: fc.constantFrom(
        'Europe/Berlin',
        'America/New_York',
        'Asia/Kolkata',
        'Australia/Lord_Howe',
        'UTC',
      ),
      windows: fc.array(
        fc
          .record({
            days: fc.subarray([...workdays, 'sat' as const, 'sun' as const], { minLength: 1 }),
            from: clock,
            to: clock,
          })
          .filter(({ from, to }) => from !== to),
        { minLength: 1, maxLength: 3 },
      ),
    });
    // The days around which the clocks change, somewhere.
    const starts = fc
      .tuple(
        fc.constantFrom(
          '2026-03-07',
          '2026-03-28',
          '2026-04-04',
          '2026-10-03',
          '2026-10-24',
          '2026-10-31',
          '2026-06-03',
        ),
        fc.integer({ min: 0, max: 24 * 60 * MINUTE }),
      )
      .map(([day, offset]) => time(`${day}T00:00:00Z`) + offset);
    fc.assert(
      fc.property(policies, starts, (policy, start) => {
        const { isQuiet: quiet, nextChange: next } = quietTimes(policy, undefined);
        const before = quiet(start);
        let minute = Math.floor(start / MINUTE) * MINUTE + MINUTE;
        while (minute <= start + 8 * DAY && quiet(minute) === before) minute += MINUTE;
        expect(next(start)).toBe(minute > start + 8 * DAY ? undefined : minute);
      }),
      { numRuns: 150 },
    );
  });

  it('that never end, and no quiet hours at all, ask for no change', () => {
    const { windows } = nights('UTC') as QuietHours & { mode: 'fixed' };
    const all = [...windows, { days: workdays, from: '00:00', to: '24:00' }];
    expect(nextChange({ mode: 'fixed', timeZone: 'UTC', windows: all }, undefined, 0)).toBeUndefined();
    expect(nextChange({ mode: 'always' }, undefined, 0)).toBeUndefined();
    expect(isQuiet({ mode: 'always' }, undefined, 0)).toBe(true);
  });
});

describe('quiet hours that a host sets', () => {
  const refused = (quietHours: unknown) => {
    try {
      return parseQuietHours(quietHours);
    } catch (error) {
      if (!ConnectorError.is(error, 'invalid_options')) throw error;
      return error.message;
    }
  };
  const fixed = (window: object, timeZone: unknown = 'Europe/Berlin') => ({
    mode: 'fixed',
    timeZone,
    windows: [{ days: ['mon'], from: '19:00', to: '07:00', ...window }],
  });

  it('are taken as they are', () => {
    for (const policy of [
      { mode: 'always' },
      nights('Asia/Kolkata'),
      fixed({ from: '00:00', to: '24:00' }),
      { mode: 'learned' },
      { mode: 'learned', timeZone: 'America/New_York' },
    ])
      expect(parseQuietHours(policy)).toEqual(policy);
    expect(parseQuietHours(fixed({ days: ['sun', 'mon', 'sun'] }))).toMatchObject({
      windows: [{ days: ['mon', 'sun'] }],
    });
  });

  const wrong: [unknown, string][] = [
    [{}, 'quietHours: mode: must be one of always, fixed, learned'],
    [{ mode: 'never' }, 'quietHours: mode: must be one of always, fixed, learned'],
    [{ mode: 'always', timeZone: 'UTC' }, 'quietHours: timeZone: is not known here: check its spelling'],
    [{ mode: 'fixed', timeZone: 'UTC', windows: [] }, 'quietHours: windows: must have at least one window'],
    [fixed({ days: [] }), 'quietHours: windows.0.days: must name at least one day'],
    [
      fixed({ days: ['monday'] }),
      'quietHours: windows.0.days.0: must be one of mon, tue, wed, thu, fri, sat, sun',
    ],
    [fixed({ from: '7:00' }), 'quietHours: windows.0.from: must be a time of day such as 19:00'],
    [fixed({ from: '24:00' }), 'quietHours: windows.0.from: must be a time of day such as 19:00'],
    [fixed({ to: '24:01' }), 'quietHours: windows.0.to: must be a time of day such as 07:00, or 24:00'],
    [
      fixed({ to: '19:00' }),
      'quietHours: windows.0.to: must differ from the beginning: a whole day is from 00:00 to 24:00',
    ],
    ...['Berlin', 'W. Europe Standard Time', '+01:00', '', 1, undefined].map((zone): [unknown, string] => [
      { ...fixed({}), timeZone: zone },
      'quietHours: timeZone: must be an IANA time zone such as Europe/Berlin',
    ]),
    [
      { mode: 'learned', timeZone: 'Nowhere/Else' },
      'quietHours: timeZone: must be an IANA time zone such as Europe/Berlin',
    ],
  ];

  it.each(wrong)('name the field that is wrong: %j', (policy, message) => {
    expect(refused(policy)).toBe(message);
  });
});
