/** What tells the time and waits; passed in so that tests and simulations need not wait for real. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Resolves after `milliseconds`.
   * @throws the signal's reason when `signal` aborts first.
   */
  wait(milliseconds: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
}

// A timer beyond 2^31-1 ms fires at once in Node, so a longer wait is made of several.
const LONGEST_TIMER = 2 ** 31 - 1;

/** The real time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async wait(milliseconds, { signal } = {}) {
    for (let left = milliseconds; left > 0; left -= LONGEST_TIMER)
      await timer(Math.min(left, LONGEST_TIMER), signal);
    signal?.throwIfAborted();
  },
};

const timer = (milliseconds: number, signal: AbortSignal | undefined) =>
  new Promise<void>((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      clearTimeout(timeout);
      reject(signal?.reason);
    };
    const timeout = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', abort, { once: true });
  });
