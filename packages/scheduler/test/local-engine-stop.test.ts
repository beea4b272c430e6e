import { virtualClock } from '@mailsphere/core/testing';
import { describe, expect, it, vi } from 'vitest';
import { createLocalEngine } from '../src/index.ts';
import { mailbox, mailOnly, manyMailboxes } from './connection-work.ts';
import { scriptedConnector } from './scripted-connector.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('idle()', () => {
  it('does not wait for what goes on much later, such as tomorrow’s sync', async () => {
    const clock = virtualClock();
    const start = clock.now();
    const later = start + 2 * HOUR;
    const connector = scriptedConnector(clock, [mailOnly(start, 'a', [mailbox('m', 1, later)])]);
    await using engine = createLocalEngine({ connector, clock });
    engine.start();
    await clock.run(engine.idle());
    expect(clock.now() - start).toBe(0);
    await clock.run(engine.idle({ within: 3 * HOUR }));
    expect(clock.now()).toBe(later);
    expect(connector.began).toEqual(['a/mail.backfill/m']);
  });

  it('ends with the reason of its signal, and with `aborted` when the engine stops', async () => {
    const clock = virtualClock();
    const connector = scriptedConnector(
      clock,
      [mailOnly(clock.now(), 'a', manyMailboxes('m', 1))],
      async (_, { signal }) => void (await clock.wait(DAY, { signal })),
    );
    const engine = createLocalEngine({ connector, clock });
    await expect(engine.idle()).rejects.toMatchObject({ code: 'refused' });
    engine.start();
    const abort = new AbortController();
    const one = expect(engine.idle({ signal: abort.signal })).rejects.toThrow('enough');
    const two = expect(engine.idle()).rejects.toMatchObject({ code: 'aborted' });
    abort.abort(new Error('enough'));
    await clock.run(one);
    await clock.run(engine.stop());
    await two;
    await expect(engine.idle()).rejects.toMatchObject({ code: 'refused' });
  });
});

describe('stop()', () => {
  it('aborts what runs, waits for it and starts nothing more', async () => {
    const clock = virtualClock();
    const start = clock.now();
    const onError = vi.fn();
    const connector = scriptedConnector(
      clock,
      [mailOnly(start, 'a', manyMailboxes('m', 30))],
      async (_, { signal }) => {
        await clock.wait(DAY, { signal }).catch(() => {});
        await clock.wait(2 * SECOND);
        return { status: 'yielded', resumeAt: clock.now(), reason: 'stopped' };
      },
    );
    const engine = createLocalEngine({ connector, clock, onError });
    engine.start();
    await clock.advance(SECOND);
    expect(engine.running).toHaveLength(8);
    await clock.run(Promise.all([engine.stop(), engine.stop()]));
    expect(clock.now() - start).toBe(3 * SECOND);
    expect(engine.running).toEqual([]);
    engine.wake();
    await clock.advance(DAY);
    expect(connector.began).toHaveLength(8);
    expect(onError).not.toHaveBeenCalled();
    expect(clock.waiting).toBe(0);
  });

  it('does not wait longer than its time-out for a task that does not listen', async () => {
    const clock = virtualClock();
    const start = clock.now();
    const warn = vi.fn();
    const connector = scriptedConnector(
      clock,
      [mailOnly(start, 'a', manyMailboxes('m', 1))],
      () => new Promise(() => {}),
    );
    const engine = createLocalEngine({
      connector,
      clock,
      logger: { debug() {}, info() {}, warn, error() {} },
    });
    engine.start();
    await clock.advance(0);
    await clock.run(engine.stop());
    expect(clock.now() - start).toBe(10 * SECOND);
    expect(warn).toHaveBeenCalledWith({ tasks: ['a/mail.backfill/m0'] }, expect.any(String));
  });

  it('works before start, twice, and as `await using`; nothing starts afterwards', async () => {
    const clock = virtualClock();
    const connector = scriptedConnector(clock, []);
    const engine = createLocalEngine({ connector, clock });
    await engine.stop();
    await engine.stop();
    expect(() => engine.start()).toThrow(expect.objectContaining({ code: 'refused' }));
    await expect(engine.stop({ timeout: -1 })).rejects.toMatchObject({
      code: 'invalid_options',
      field: 'timeout',
    });
    expect(connector.looks).toBe(0);
  });
});
