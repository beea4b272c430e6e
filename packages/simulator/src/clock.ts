/** Where the simulator takes the time from, so that tests need not wait for real time. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after this many milliseconds; rejects with the reason of the signal when it aborts first. */
  wait(milliseconds: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  wait: (milliseconds, options) =>
    new Promise((resolve, reject) => {
      const signal = options?.signal;
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const stop = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop);
        resolve();
      }, milliseconds);
      signal?.addEventListener('abort', stop, { once: true });
    }),
};

/** @internal A clock that can be put forward; waits that are under way keep their real length. */
export function shifted(clock: Clock): { readonly clock: Clock; advance(milliseconds: number): void } {
  let offset = 0;
  return {
    clock: {
      now: () => clock.now() + offset,
      wait: (milliseconds, options) => clock.wait(milliseconds, options),
    },
    advance: (milliseconds) => {
      if (!(milliseconds >= 0))
        throw new RangeError(`The time only goes forward, not by ${milliseconds} ms.`);
      offset += milliseconds;
    },
  };
}
