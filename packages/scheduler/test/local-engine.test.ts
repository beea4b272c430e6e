import { taskKey } from '@mailsphere/core';
import { virtualClock } from '@mailsphere/core/testing';
import { describe, expect, it } from 'vitest';
import { nextDailyMoment } from '../src/daily-moment.ts';
import { createLocalEngine, type EngineConnector } from '../src/index.ts';
import { connectionWork, mailbox, mailOnly, manyMailboxes } from './connection-work.ts';
import { scriptedConnector } from './scripted-connector.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('what is due', () => {
  it('is run until nothing is left: the directory, the mail plan and every mailbox', async () => {
    const clock = virtualClock();
    const connector = scriptedConnector(clock, [
      connectionWork('a', { activeSince: clock.now(), mail: { mailboxes: [mailbox('m', 3)] } }),
    ]);
    await using engine = createLocalEngine({ connector, clock });
    engine.start();
    await clock.run(engine.idle());
    expect(connector.began).toEqual(['a/directory.sync', 'a/mail.plan', 'a/mail.backfill/m']);
    expect(engine.running).toEqual([]);
  });

  it('is run largest mailbox first, and every customer in turn', async () => {
    const clock = virtualClock();
    const connector = scriptedConnector(
      clock,
      [
        mailOnly(clock.now(), 'large', manyMailboxes('l', 9)),
        mailOnly(clock.now(), 'small', manyMailboxes('s', 2)),
      ],
      async () => void (await clock.wait(MINUTE / 2)),
    );
    await using engine = createLocalEngine({ connector, clock, concurrency: { tasks: 1 } });
    engine.start();
    await clock.run(engine.idle());
    const order = connector.began.map((key) => key.split('/')[2] ?? '');
    expect(order.filter((name) => name.startsWith('l'))).toEqual(
      order.filter((name) => name.startsWith('l')).sort(),
    );
    expect(order.slice(0, 4).sort()).toEqual(['l0', 'l1', 's0', 's1']);
    expect(connector.began).toHaveLength(11);
  });

  it('is never more than the limits allow, and no task runs twice at once', async () => {
    const clock = virtualClock();
    const connector = scriptedConnector(
      clock,
      [
        mailOnly(clock.now(), 'a', manyMailboxes('a', 30)),
        mailOnly(clock.now(), 'b', manyMailboxes('b', 30)),
      ],
      async (_, { run }) => {
        await clock.wait(90 * SECOND);
        return run < 3 ? { status: 'yielded', resumeAt: clock.now(), reason: 'slice' } : undefined;
      },
    );
    await using engine = createLocalEngine({ connector, clock, concurrency: { tasks: 5, perConnection: 3 } });
    engine.start();
    await clock.run(engine.idle());
    expect(connector.peak).toEqual({ tasks: 5, perConnection: 3 });
    expect(connector.overlaps).toEqual([]);
    expect(connector.began).toHaveLength(180);
  });

  it('is found at once by wake(), and by itself within the poll interval', async () => {
    const clock = virtualClock();
    const connector = scriptedConnector(clock, [mailOnly(clock.now(), 'a')]);
    await using engine = createLocalEngine({ connector, clock });
    engine.start();
    await clock.run(engine.idle());
    await clock.advance(10 * SECOND);

    connector.request('a');
    engine.wake();
    await clock.advance(0);
    expect(connector.began).toEqual(['a/directory.sync', 'a/mail.plan']);

    await clock.advance(10 * SECOND);
    const before = connector.began.length;
    connector.request('a');
    await clock.advance(61 * SECOND);
    expect(connector.began.slice(before)).toContain('a/directory.sync');
  });

  it('is not run again on the word of a record that was read before the task ended', async () => {
    const clock = virtualClock();
    const connector = scriptedConnector(clock, [connectionWork('a', { activeSince: clock.now() })], () =>
      clock.wait(5 * SECOND).then(() => undefined),
    );
    const { workload } = connector;
    connector.workload = async () => {
      const work = await workload();
      await clock.wait(7 * SECOND);
      return work;
    };
    await using engine = createLocalEngine({ connector, clock });
    engine.start();
    await clock.advance(8 * SECOND);
    engine.wake();
    await clock.run(engine.idle());
    expect(connector.began).toEqual(['a/directory.sync', 'a/mail.plan']);
  });

  it('is run once by two processes on one storage, each waiting for the other’s lease', async () => {
    const clock = virtualClock();
    const work = Array.from({ length: 6 }, (_, index) =>
      connectionWork(`c${index}`, { activeSince: clock.now() }),
    );
    const connector = scriptedConnector(clock, work, () => clock.wait(5 * SECOND).then(() => undefined));
    const held = new Set<string>();
    const leased: EngineConnector = {
      workload: connector.workload,
      async run(task, options) {
        const key = taskKey(task);
        if (held.has(key)) return { status: 'busy', resumeAt: clock.now() + 15 * SECOND };
        held.add(key);
        try {
          return await connector.run(task, options);
        } finally {
          held.delete(key);
        }
      },
    };
    await using one = createLocalEngine({ connector: leased, clock });
    await using two = createLocalEngine({ connector: leased, clock });
    one.start();
    two.start();
    await clock.run(Promise.all([one.idle(), two.idle()]));
    expect(connector.overlaps).toEqual([]);
    expect(connector.began.filter((key) => key.endsWith('directory.sync')).sort()).toEqual(
      work.map(({ connectionId }) => `${connectionId}/directory.sync`),
    );
  });

  it('reaches every customer, even when there are more of them than tasks may run', async () => {
    const clock = virtualClock();
    const ids = Array.from({ length: 20 }, (_, index) => `c${index}`);
    const connector = scriptedConnector(
      clock,
      ids.map((id) => mailOnly(clock.now(), id, manyMailboxes(id, 3))),
      async (task, { signal }) => {
        if (task.kind !== 'mail.backfill') return undefined;
        await clock.wait(5 * MINUTE, { signal });
        return { status: 'yielded', resumeAt: clock.now(), reason: 'slice' };
      },
    );
    await using engine = createLocalEngine({ connector, clock, concurrency: { tasks: 4 } });
    engine.start();
    await clock.advance(25 * MINUTE - 1);
    expect(new Set(connector.began.map((key) => key.split('/')[0]))).toEqual(new Set(ids));
  });

  it('is run once a day for a month, while the clock jumps back and forth by an hour', async () => {
    const clock = virtualClock();
    let offset = 0;
    const wall = { now: () => clock.now() + offset, wait: clock.wait };
    const start = wall.now();
    const ids = ['a', 'b', 'c'];
    const connector = scriptedConnector(
      wall,
      ids.map((id) => mailOnly(start, id)),
    );
    await using engine = createLocalEngine({ connector, clock: wall, pollInterval: HOUR });
    engine.start();
    for (let hour = 0; hour < 30 * 24; hour += 5) {
      await clock.advance(5 * HOUR);
      offset = ((hour * 7) % 3) * HOUR - HOUR;
    }
    offset = 0;
    await clock.advance(start + 30 * DAY - clock.now());
    for (const id of ids) {
      const days = Math.ceil((start + 30 * DAY - nextDailyMoment(id, start)) / DAY);
      expect(connector.began.filter((key) => key === `${id}/directory.sync`)).toHaveLength(days);
      expect(connector.began.filter((key) => key === `${id}/mail.plan`)).toHaveLength(days);
    }
  });
});

describe('a task that has to wait', () => {
  it.each(['yielded', 'busy'] as const)('is not run before its time after `%s`', async (status) => {
    const clock = virtualClock();
    const start = clock.now();
    const times: number[] = [];
    const connector = scriptedConnector(
      clock,
      [mailOnly(start, 'a', manyMailboxes('m', 1))],
      async (_, { run }) => {
        times.push(clock.now() - start);
        if (run > 1) return undefined;
        const resumeAt = clock.now() + 90 * SECOND;
        return status === 'busy' ? { status, resumeAt } : { status, resumeAt, reason: 'throttled' };
      },
    );
    await using engine = createLocalEngine({ connector, clock });
    engine.start();
    await clock.advance(80 * SECOND);
    engine.wake();
    await clock.run(engine.idle());
    expect(times).toEqual([0, 90 * SECOND]);
  });

  it('shares its look at the records with others, so that many throttled mailboxes do not wear out the storage', async () => {
    const clock = virtualClock();
    const connector = scriptedConnector(
      clock,
      [mailOnly(clock.now(), 'a', manyMailboxes('m', 300))],
      async (task, { run }) => {
        if (task.kind !== 'mail.backfill' || run > 2) return undefined;
        const milliseconds = 20_000 + Number(task.mailboxId.slice(1)) * 37;
        return { status: 'yielded', resumeAt: clock.now() + milliseconds, reason: 'throttled' };
      },
    );
    await using engine = createLocalEngine({ connector, clock });
    engine.start();
    await clock.run(engine.idle());
    expect(connector.began.length).toBeGreaterThanOrEqual(900);
    expect(connector.looks).toBeLessThan(100);
  });

  it('does not spin when it ends at once with nothing done', async () => {
    const clock = virtualClock();
    const connector = scriptedConnector(
      clock,
      [mailOnly(clock.now(), 'a', manyMailboxes('m', 1))],
      async () => ({
        status: 'yielded',
        resumeAt: 0,
        reason: 'slice',
      }),
    );
    await using engine = createLocalEngine({ connector, clock });
    engine.start();
    await clock.advance(10 * SECOND);
    expect(connector.began).toHaveLength(11);
  });
});

it('start() twice is an error of the host, not two engines', async () => {
  const clock = virtualClock();
  await using engine = createLocalEngine({ connector: scriptedConnector(clock, []), clock });
  engine.start();
  expect(() => engine.start()).toThrow(expect.objectContaining({ code: 'refused' }));
});

it.each<[string, object]>([
  ['connector', {}],
  ['concurrency.tasks', { concurrency: { tasks: 0 } }],
  ['concurrency.perConnection', { concurrency: { perConnection: 1.5 } }],
  ['pollInterval', { pollInterval: '60' }],
  ['pollIntervall', { pollIntervall: 60 }],
])('a wrong `%s` is named', (field, wrong) => {
  const connector = field === 'connector' ? { run() {} } : scriptedConnector(virtualClock(), []);
  const options = { connector, ...wrong } as unknown as Parameters<typeof createLocalEngine>[0];
  expect(() => createLocalEngine(options)).toThrow(
    expect.objectContaining({ code: 'invalid_options', field }),
  );
});
