import { ConnectorError, type Task } from '@mailsphere/core';
import { virtualClock } from '@mailsphere/core/testing';
import { describe, expect, it, vi } from 'vitest';
import { createLocalEngine } from '../src/index.ts';
import { mailOnly, manyMailboxes } from './connection-work.ts';
import { scriptedConnector } from './scripted-connector.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const _DAY = 24 * HOUR;

describe('a task that fails', () => {
  const failing =
    (error: unknown, key = 'bad') =>
    async (task: Task) => {
      if (task.connectionId === key) throw error;
      return undefined;
    };

  it('rests longer each time, up to a quarter of an hour, and keeps nobody else waiting', async () => {
    const clock = virtualClock();
    const start = clock.now();
    const times: number[] = [];
    const connector = scriptedConnector(
      clock,
      [mailOnly(start, 'bad', manyMailboxes('b', 1)), mailOnly(start, 'good', manyMailboxes('g', 40))],
      async (task) => {
        if (task.connectionId === 'bad') {
          times.push((clock.now() - start) / SECOND);
          throw new ConnectorError('unavailable', 'down');
        }
        await clock.wait(SECOND);
        return undefined;
      },
    );
    const onError = vi.fn();
    await using engine = createLocalEngine({
      connector,
      clock,
      onError,
      random: () => 0.999999,
      concurrency: { tasks: 2 },
    });
    engine.start();
    await clock.advance(HOUR);
    expect(connector.began.filter((key) => key.startsWith('good'))).toHaveLength(40);
    const rests = times.slice(1).map((time, index) => Math.round(time - (times[index] ?? 0)));
    for (const [index, rest] of rests.entries()) {
      expect(rest).toBeGreaterThanOrEqual(Math.min(5 * 2 ** index, 900));
      expect(rest).toBeLessThanOrEqual(Math.min(5 * 2 ** index, 900) + 1);
    }
    expect(times.length).toBeGreaterThan(8);
    expect(onError).toHaveBeenCalledTimes(times.length);
    expect(onError).toHaveBeenCalledWith(
      expect.objectContaining({ code: 'unavailable' }),
      expect.objectContaining({ kind: 'mail.backfill', connectionId: 'bad' }),
    );
  });

  it('starts over with a short rest after it has run well', async () => {
    const clock = virtualClock();
    const times: number[] = [];
    const connector = scriptedConnector(
      clock,
      [mailOnly(clock.now(), 'a', manyMailboxes('m', 1))],
      async (_, { run }) => {
        times.push(clock.now());
        if (run === 4) return { status: 'yielded', resumeAt: clock.now(), reason: 'slice' };
        if (run < 6) throw new ConnectorError('unavailable', 'down');
        return undefined;
      },
    );
    await using engine = createLocalEngine({ connector, clock, random: () => 0 });
    engine.start();
    await clock.advance(HOUR);
    expect(times.slice(1).map((time, index) => time - (times[index] ?? 0))).toEqual([
      2500, 5000, 10_000, 1000, 2500,
    ]);
  });

  it('waits as long as the service asks', async () => {
    const clock = virtualClock();
    const times: number[] = [];
    const connector = scriptedConnector(
      clock,
      [mailOnly(clock.now(), 'a', manyMailboxes('m', 1))],
      async (_, { run }) => {
        times.push(clock.now());
        if (run === 1) throw new ConnectorError('throttled', 'wait', { retryAt: clock.now() + 10 * MINUTE });
        return undefined;
      },
    );
    await using engine = createLocalEngine({ connector, clock });
    engine.start();
    await clock.run(engine.idle());
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBe(10 * MINUTE);
  });

  it('breaks nothing, even when onError throws or rejects as well', async () => {
    const clock = virtualClock();
    const errors = vi.fn();
    const logger = { debug() {}, info() {}, warn() {}, error: errors };
    const connector = scriptedConnector(
      clock,
      [
        mailOnly(clock.now(), 'bad', manyMailboxes('b', 1)),
        mailOnly(clock.now(), 'good', manyMailboxes('g', 1)),
      ],
      failing(new TypeError('boom')),
    );
    const onError = vi.fn(async () => {
      throw new Error('also broken');
    });
    await using engine = createLocalEngine({ connector, clock, onError, logger });
    engine.start();
    await expect(clock.run(engine.idle())).rejects.toThrow('boom');
    expect(connector.began).toContain('good/mail.backfill/g0');
    expect(errors).toHaveBeenCalled();
  });

  it('ends idle() with its own error at once when only a person can help, after all other work is done', async () => {
    const clock = virtualClock();
    const start = clock.now();
    const error = new ConnectorError('credential_invalid', 'The client secret has expired.');
    const connector = scriptedConnector(
      clock,
      [mailOnly(start, 'bad', manyMailboxes('b', 1)), mailOnly(start, 'good', manyMailboxes('g', 20))],
      failing(error),
    );
    await using engine = createLocalEngine({ connector, clock, concurrency: { tasks: 1 } });
    engine.start();
    await expect(clock.run(engine.idle())).rejects.toBe(error);
    expect(connector.began).toHaveLength(21);
    expect(clock.now() - start).toBeLessThan(5 * SECOND);
  });

  it('ends idle() after three failures in a row, and not when it recovers before', async () => {
    const clock = virtualClock();
    const run = async (failures: number) => {
      const connector = scriptedConnector(
        clock,
        [mailOnly(clock.now(), 'a', manyMailboxes('m', 1))],
        async (_, { run }) => {
          if (run <= failures) throw new ConnectorError('unavailable', 'down');
          return undefined;
        },
      );
      await using engine = createLocalEngine({ connector, clock });
      engine.start();
      await clock.run(engine.idle());
    };
    await run(2);
    await expect(run(3)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('does not let idle() wait for a workload that cannot be read, nor call that idle', async () => {
    const clock = virtualClock();
    const connector = scriptedConnector(clock, [mailOnly(clock.now(), 'a', manyMailboxes('m', 1))]);
    const onError = vi.fn();
    await using engine = createLocalEngine({ connector, clock, onError });
    connector.failingLooks = 2;
    engine.start();
    await clock.run(engine.idle());
    expect(connector.began).toHaveLength(1);
    expect(onError).toHaveBeenCalledWith(
      expect.objectContaining({ message: 'the database is away' }),
      undefined,
    );
    connector.failingLooks = Number.POSITIVE_INFINITY;
    await expect(clock.run(engine.idle())).rejects.toThrow('the database is away');
    const looks = connector.looks;
    for (let index = 0; index < 50; index++) {
      engine.wake();
      await clock.advance(0);
    }
    expect(connector.looks - looks).toBeLessThanOrEqual(1);
  });
});
