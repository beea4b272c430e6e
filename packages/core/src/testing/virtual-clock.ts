import type { Clock } from '../clock.ts';

/** A clock that stands still until it is told to go on. */
export interface VirtualClock extends Clock {
  /** Goes on by `milliseconds`, waking every waiter at its time and letting it work before the next. */
  advance(milliseconds: number): Promise<void>;
  /**
   * Settles as `work` does, going on to the next waiter whenever nothing else is left to do.
   * @throws Error when `work` waits for something that is not this clock.
   */
  run<T>(work: Promise<T>): Promise<T>;
  /** How many are waiting. */
  readonly waiting: number;
}

// Work between two wake-ups may itself use timers and sockets of the real world; this many turns of the event loop let it end.
const TURNS = 20;
// Real milliseconds without a waiter before work counts as stuck; a slow disk or a new key pair must fit in.
const PATIENCE = 5000;

/** @param start Epoch milliseconds. @default 2026-01-05T00:00:00Z, a Monday */
export function virtualClock(start = Date.UTC(2026, 0, 5)): VirtualClock {
  let now = start;
  const waiters = new Set<{ readonly at: number; wake(): void }>();

  const next = () => {
    let first: { readonly at: number; wake(): void } | undefined;
    for (const waiter of waiters) if (!first || waiter.at < first.at) first = waiter;
    // Who waits for ever is woken by its signal only.
    return first?.at === Number.POSITIVE_INFINITY ? undefined : first;
  };
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const settle = async () => {
    for (let index = 0; index < TURNS; index++) await turn();
  };
  const wake = (waiter: { readonly at: number; wake(): void }) => {
    now = Math.max(now, waiter.at);
    waiters.delete(waiter);
    waiter.wake();
  };

  return {
    now: () => now,
    get waiting() {
      return waiters.size;
    },
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
            signal?.removeEventListener('abort', abort);
            resolve();
          },
        };
        waiters.add(waiter);
        signal?.addEventListener('abort', abort, { once: true });
      });
    },
    async advance(milliseconds) {
      const end = now + milliseconds;
      await settle();
      for (let waiter = next(); waiter && waiter.at <= end; waiter = next()) {
        wake(waiter);
        await settle();
      }
      now = end;
    },
    async run(work) {
      let done = false;
      const finish = () => {
        done = true;
      };
      work.then(finish, finish);
      for (let idleSince: number | undefined; ; ) {
        await settle();
        // Time does not go on behind the back of work that is done.
        if (done) break;
        const waiter = next();
        if (waiter) {
          idleSince = undefined;
          wake(waiter);
          continue;
        }
        idleSince ??= performance.now();
        if (performance.now() - idleSince > PATIENCE)
          throw new Error('The work waits for something other than this clock.');
      }
      return work;
    },
  };
}
