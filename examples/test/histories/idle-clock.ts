import type { Clock } from '@mailsphere/core';

/** A clock that stands still while anything is under way, so that one history takes the same time by it each time it is run. */
export interface IdleClock extends Clock {
  /** Counts `work` as under way: the clock goes on only when it has settled. */
  busy<T>(work: () => Promise<T>): Promise<T>;
  /** Settles as `work` does; whenever nothing is under way, the first waiter is woken at its time. */
  run<T>(work: Promise<T>): Promise<T>;
  /** Time passes in which nobody did anything. */
  pass(milliseconds: number): void;
}

// Turns of the event loop in which work that is between two calls comes to the next one.
const TURNS = 4;
// Real milliseconds.
const PATIENCE = 10_000;

export function idleClock(start = Date.UTC(2026, 0, 5)): IdleClock {
  let now = start;
  let underWay = 0;
  let onIdle = () => {};
  const waiters = new Set<{ readonly at: number; wake(): void }>();

  const settle = async () => {
    for (let turn = 0; turn < TURNS; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  const first = () => {
    let found: { readonly at: number; wake(): void } | undefined;
    for (const waiter of waiters) if (!found || waiter.at < found.at) found = waiter;
    return found;
  };

  return {
    now: () => now,
    wait(milliseconds, { signal } = {}) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const abort = () => {
          waiters.delete(waiter);
          reject(signal?.reason);
        };
        const waiter = {
          at: now + Math.max(0, milliseconds),
          wake() {
            waiters.delete(waiter);
            signal?.removeEventListener('abort', abort);
            resolve();
          },
        };
        waiters.add(waiter);
        signal?.addEventListener('abort', abort, { once: true });
      });
    },
    async busy(work) {
      underWay++;
      try {
        return await work();
      } finally {
        if (--underWay === 0) onIdle();
      }
    },
    async run(work) {
      let done = false;
      const end = () => {
        done = true;
      };
      work.then(end, end);
      for (let lastSeen = performance.now(); !done; ) {
        if (underWay > 0)
          await new Promise<void>((resolve) => {
            onIdle = resolve;
          });
        await settle();
        const waiter = done || underWay > 0 ? undefined : first();
        if (waiter) {
          now = Math.max(now, waiter.at);
          waiter.wake();
          lastSeen = performance.now();
        } else if (!done && performance.now() - lastSeen > PATIENCE)
          throw new Error('The work waits for something other than this clock.');
      }
      return work;
    },
    pass(milliseconds) {
      now += milliseconds;
    },
  };
}
