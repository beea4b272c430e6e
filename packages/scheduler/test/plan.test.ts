import type { ConnectionWork, Task } from '@mailsphere/core';
import { describe, expect, it } from 'vitest';
import { DAY, nextDailyMoment } from '../src/daily-moment.ts';
import { dailyMoment, plan } from '../src/index.ts';
import { connectionWork, mailbox } from './connection-work.ts';

const NOW = Date.UTC(2026, 0, 5, 12);
const HOUR = 3600_000;
const settled = { directory: { lastStartedAt: NOW - 1000 }, mail: { plannedAt: NOW - 500 } };
const kinds = (tasks: readonly Task[]) => tasks.map(({ kind }) => kind);
const backfills = (work: readonly ConnectionWork[], options?: Parameters<typeof plan>[2]) =>
  plan(work, NOW, options).due.flatMap((task) => (task.kind === 'mail.backfill' ? task.mailboxId : []));

describe('the directory', () => {
  it.each<[string, Parameters<typeof connectionWork>[1], boolean]>([
    ['was never synced', {}, true],
    [
      'was synced before it was re-authorised',
      { activeSince: NOW - 1, ...settled, directory: { lastStartedAt: NOW - 2 } },
      true,
    ],
    ['was just synced', settled, false],
    [
      'was asked for since the last sync',
      { ...settled, directory: { lastStartedAt: NOW - 1000, requestedAt: NOW - 10 } },
      true,
    ],
    [
      'was asked for before the last sync',
      { ...settled, directory: { lastStartedAt: NOW - 1000, requestedAt: NOW - 2000 } },
      false,
    ],
    ['was synced more than a day ago', { ...settled, directory: { lastStartedAt: NOW - DAY - 1 } }, true],
    ['failed, and rests', { directory: { resumeAt: NOW + 1 } }, false],
    ['failed, and has rested', { directory: { resumeAt: NOW } }, true],
    [
      'was asked for while it rests',
      { ...settled, directory: { lastStartedAt: NOW - 1000, requestedAt: NOW, resumeAt: NOW + 1 } },
      false,
    ],
    [
      'was synced by a clock that was a month ahead',
      { ...settled, directory: { lastStartedAt: NOW + 30 * DAY } },
      true,
    ],
    [
      'was asked for after the clock went back',
      { ...settled, directory: { lastStartedAt: NOW + HOUR - 5, requestedAt: NOW - 1 } },
      true,
    ],
  ])('when it %s, is synced or left alone as it should', (_, fields, expected) => {
    expect(kinds(plan([connectionWork('a', fields)], NOW).due).includes('directory.sync')).toBe(expected);
  });

  it('is synced again at the daily moment of its connection, not earlier and not later', () => {
    const next = nextDailyMoment('a', NOW);
    const work = [connectionWork('a', { directory: { lastStartedAt: NOW }, mail: { plannedAt: NOW } })];
    expect(plan(work, NOW).next).toBe(next);
    expect(next % DAY).toBe(dailyMoment('a'));
    expect(kinds(plan(work, next - 1).due)).toEqual([]);
    expect(kinds(plan(work, next).due)).toEqual(['directory.sync']);
  });

  it('is not synced twice in a day when the clock goes back an hour after the sync', () => {
    const slot = nextDailyMoment('a', NOW);
    const work = [connectionWork('a', { directory: { lastStartedAt: slot }, mail: { plannedAt: slot } })];
    for (const now of [slot - HOUR, slot - 1, slot, slot + 1, slot + DAY - 1])
      expect(plan(work, now).due).toEqual([]);
    expect(plan(work, slot - HOUR).next).toBe(slot + DAY);
  });

  it('says of a held-back sync when it goes on', () => {
    const { due, resting, next } = plan(
      [connectionWork('a', { ...settled, directory: { resumeAt: NOW + 7 } })],
      NOW,
    );
    expect(due).toEqual([]);
    expect(resting).toEqual([{ task: { kind: 'directory.sync', connectionId: 'a' }, resumeAt: NOW + 7 }]);
    expect(next).toBe(NOW + 7);
  });

  it('of many connections spreads evenly over the day, and each keeps its moment', () => {
    const hours = new Array<number>(24).fill(0);
    for (let index = 0; index < 2400; index++) {
      const moment = dailyMoment(`connection-${index}`);
      expect(moment).toBe(dailyMoment(`connection-${index}`));
      const hour = Math.floor(moment / HOUR);
      hours[hour] = (hours[hour] ?? 0) + 1;
    }
    expect(Math.min(...hours)).toBeGreaterThan(60);
    expect(Math.max(...hours)).toBeLessThan(150);
  });
});

describe('the mail plan', () => {
  it.each<[string, Parameters<typeof connectionWork>[1], boolean]>([
    ['the connection became active', {}, true],
    [
      'the connection became active, although the directory failed',
      { directory: { resumeAt: NOW + HOUR } },
      true,
    ],
    ['the connection was re-authorised', { activeSince: NOW, mail: { plannedAt: NOW - 1 } }, true],
    [
      'a directory sync was completed',
      { directory: { lastStartedAt: NOW - 1 }, mail: { plannedAt: NOW - 2 } },
      true,
    ],
    ['nothing happened since the last plan', settled, false],
    ['the last plan failed, until it has rested', { mail: { resumeAt: NOW + 1 } }, false],
    [
      'the clock was a month ahead at the last plan',
      { ...settled, mail: { plannedAt: NOW + 30 * DAY } },
      true,
    ],
  ])('is made, or not, when %s', (_, fields, expected) => {
    expect(kinds(plan([connectionWork('a', fields)], NOW).due).includes('mail.plan')).toBe(expected);
  });

  it('is made an hour after the daily moment when the directory has not been synced by then', () => {
    const moment = nextDailyMoment('a', NOW);
    const failing = connectionWork('a', {
      directory: { lastStartedAt: NOW, resumeAt: moment + DAY },
      mail: { plannedAt: NOW },
    });
    expect(plan([failing], moment).due).toEqual([]);
    expect(plan([failing], moment)).toMatchObject({ next: moment + HOUR });
    expect(kinds(plan([failing], moment + HOUR).due)).toEqual(['mail.plan']);
  });

  it('is not made again that day when it ran after the sync of the day, or while that sync was at work', () => {
    const moment = nextDailyMoment('a', NOW);
    for (const plannedAt of [moment + 1, moment + HOUR]) {
      const work = [connectionWork('a', { directory: { lastStartedAt: moment }, mail: { plannedAt } })];
      for (const now of [plannedAt, moment + 2 * HOUR, moment + DAY - 1])
        expect(plan(work, now).due).toEqual([]);
      expect(kinds(plan(work, moment + DAY).due)).toEqual(['directory.sync']);
    }
  });

  it('is not made over and over when the clock went back after a directory sync', () => {
    const work = [
      connectionWork('a', { directory: { lastStartedAt: NOW + HOUR }, mail: { plannedAt: NOW } }),
    ];
    expect(plan(work, NOW + 1)).toMatchObject({ due: [], next: NOW + HOUR });
    expect(kinds(plan(work, NOW + HOUR).due)).toEqual(['mail.plan']);
  });
});

describe('the mailboxes', () => {
  it('go largest first, and one that rests does not go', () => {
    const work = connectionWork('a', {
      ...settled,
      mail: {
        plannedAt: NOW,
        mailboxes: [mailbox('small', 1), mailbox('resting', 9, NOW + 5), mailbox('large', 5)],
      },
    });
    expect(backfills([work])).toEqual(['large', 'small']);
    expect(plan([work], NOW).next).toBe(NOW + 5);
  });

  it('of a small customer do not wait behind all mailboxes of a large one', () => {
    const large = Array.from({ length: 50 }, (_, index) => mailbox(`l${index}`, 1000 - index));
    const work = [
      connectionWork('large', { ...settled, mail: { plannedAt: NOW, mailboxes: large } }),
      connectionWork('small', {
        ...settled,
        mail: { plannedAt: NOW, mailboxes: [mailbox('s0', 2), mailbox('s1', 1)] },
      }),
    ];
    expect(backfills(work).slice(0, 5)).toEqual(['l0', 's0', 'l1', 's1', 'l2']);
    const lastServed = (id: string) => (id === 'large' ? 2 : 1);
    expect(backfills(work, { lastServed }).slice(0, 3)).toEqual(['s0', 'l0', 's1']);
  });

  it('do not keep a person waiting who asked for a directory sync', () => {
    const busy = connectionWork('busy', {
      ...settled,
      mail: { plannedAt: NOW, mailboxes: [mailbox('m', 5)] },
    });
    const fresh = connectionWork('fresh', { activeSince: NOW - 10 });
    const asked = connectionWork('asked', {
      ...settled,
      directory: { lastStartedAt: NOW - 1000, requestedAt: NOW - 20 },
    });
    expect(
      plan([busy, fresh, asked], NOW).due.map(({ kind, connectionId }) => `${connectionId} ${kind}`),
    ).toEqual(['asked directory.sync', 'fresh directory.sync', 'fresh mail.plan', 'busy mail.backfill']);
  });
});

it('with no connections there is nothing to do, ever', () => {
  expect(plan([], NOW)).toEqual({ due: [], resting: [], next: undefined });
});

describe('the consent', () => {
  const rested = { directory: undefined, mail: undefined };

  it('is verified when its time has come, before anything that would be in vain without it', () => {
    const work = [connectionWork('a', { verifyAt: NOW }), connectionWork('b', { verifyAt: NOW + 5 })];
    expect(kinds(plan(work, NOW).due)).toEqual([
      'connection.verify',
      'directory.sync',
      'directory.sync',
      'mail.plan',
      'mail.plan',
    ]);
    expect(plan([{ ...connectionWork('b', { verifyAt: NOW + 5 }), ...rested }], NOW)).toEqual({
      due: [],
      resting: [],
      next: NOW + 5,
    });
  });

  it('is all that is asked of a connection that waits for its administrator', () => {
    const work = { ...connectionWork('a', { verifyAt: NOW - 1 }), ...rested };
    expect(kinds(plan([work], NOW).due)).toEqual(['connection.verify']);
  });

  it('that lacks the mail leaves the directory as it is, and the other way round', () => {
    const { mail, ...directoryOnly } = connectionWork('a');
    expect(kinds(plan([directoryOnly], NOW).due)).toEqual(['directory.sync']);
    const { directory, ...mailOnly } = connectionWork('a');
    expect(kinds(plan([mailOnly], NOW).due)).toEqual(['mail.plan']);
  });
});
