import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../src/clock.ts';
import { virtualClock } from '../src/testing/virtual-clock.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('virtualClock', () => {
  it('stands still until it is told to go on', async () => {
    const clock = virtualClock(1000);
    const woken = vi.fn();
    void clock.wait(50).then(woken);
    expect(clock.now()).toBe(1000);
    await clock.advance(49);
    expect(woken).not.toHaveBeenCalled();
    expect(clock.waiting).toBe(1);
    await clock.advance(1);
    expect(woken).toHaveBeenCalledOnce();
    expect(clock.now()).toBe(1050);
    expect(clock.waiting).toBe(0);
  });

  it('wakes every waiter at its own time, in order, those of the same time as they came', async () => {
    const clock = virtualClock(0);
    const woken: string[] = [];
    const wait = async (name: string, milliseconds: number) => {
      await clock.wait(milliseconds);
      woken.push(`${name}@${clock.now()}`);
    };
    void wait('c', 30);
    void wait('a', 10);
    void wait('b', 10);
    await clock.advance(100);
    expect(woken).toEqual(['a@10', 'b@10', 'c@30']);
    expect(clock.now()).toBe(100);
  });

  it('lets a waiter wait again on the way', async () => {
    const clock = virtualClock(0);
    const times: number[] = [];
    void (async () => {
      for (;;) {
        await clock.wait(10);
        times.push(clock.now());
      }
    })();
    await clock.advance(35);
    expect(times).toEqual([10, 20, 30]);
  });

  it('gives the reason of the signal, before and while waiting, and forgets the waiter', async () => {
    const clock = virtualClock();
    const reason = new Error('enough');
    await expect(clock.wait(10, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const waiting = expect(clock.wait(10, { signal: controller.signal })).rejects.toBe(reason);
    controller.abort(reason);
    await waiting;
    expect(clock.waiting).toBe(0);
  });

  it('treats a negative wait as none, so that an arithmetic slip does not turn the time back', async () => {
    const clock = virtualClock(1000);
    await clock.run(clock.wait(-5));
    expect(clock.now()).toBe(1000);
  });

  it('runs work of many hours to its result, and stops where the work stopped', async () => {
    const clock = virtualClock(0);
    const later = vi.fn();
    void clock.wait(1_000_000).then(later);
    const work = async () => {
      for (let hour = 0; hour < 24; hour++) await clock.wait(3600);
      return 'done';
    };
    expect(await clock.run(work())).toBe('done');
    expect(clock.now()).toBe(24 * 3600);
    expect(later).not.toHaveBeenCalled();
  });

  it('does not go on when the work is done already', async () => {
    const clock = virtualClock(0);
    void clock.wait(10);
    await clock.run(Promise.resolve());
    await expect(clock.run(Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(clock.now()).toBe(0);
  });

  it('says so when the work waits for something else, instead of hanging the test', async () => {
    const clock = virtualClock(0);
    void clock.wait(Number.POSITIVE_INFINITY);
    let real = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (real += 1000));
    await expect(clock.run(new Promise(() => {}))).rejects.toThrow('something other than this clock');
    expect(clock.now()).toBe(0);
  });
});

describe('systemClock', () => {
  it('waits longer than a timer can, instead of firing at once', async () => {
    vi.useFakeTimers();
    const month = 31 * 24 * 3600_000;
    const woken = vi.fn();
    void systemClock.wait(month).then(woken);
    await vi.advanceTimersByTimeAsync(month - 1);
    expect(woken).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(woken).toHaveBeenCalledOnce();
  });

  it('gives the reason of the signal, and leaves no timer behind that keeps the process alive', async () => {
    vi.useFakeTimers();
    const reason = new Error('enough');
    await expect(systemClock.wait(0, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(systemClock.wait(10, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const waiting = expect(systemClock.wait(1000, { signal: controller.signal })).rejects.toBe(reason);
    controller.abort(reason);
    await waiting;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('tells the time of the machine', () => {
    vi.useFakeTimers({ now: 42 });
    expect(systemClock.now()).toBe(42);
  });
});
