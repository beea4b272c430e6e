import type { Clock } from '@mailsphere/core';
import type { Agenda } from './agenda.ts';
import { LONGEST_BACKOFF, type Rests } from './rests.ts';

export interface IdleOptions {
  /** Milliseconds within which something must go on to be waited for. @default 15 minutes */
  readonly within?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Waiter {
  readonly within: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** Who waits for the engine to be idle. */
export interface IdleWaiters {
  readonly count: number;
  add(options: IdleOptions): Promise<void>;
  /** Settles who has nothing left to wait for; to be called right after a look. */
  settle(): void;
  reject(error: unknown): void;
}

export function createIdleWaiters(context: {
  readonly agenda: Agenda;
  readonly rests: Rests;
  readonly running: ReadonlyMap<string, unknown>;
  readonly clock: Clock;
}): IdleWaiters {
  const { agenda, rests, running, clock } = context;
  const waiters = new Set<Waiter>();

  const isBusy = (within: number) => {
    const open = [...running.keys(), ...agenda.open(clock.now() + within)];
    return open.some((key) => !rests.isGivenUp(key));
  };

  return {
    get count() {
      return waiters.size;
    },
    async add({ within = LONGEST_BACKOFF, signal }) {
      signal?.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const waiter = { within, resolve, reject };
      const abort = () => reject(signal?.reason);
      signal?.addEventListener('abort', abort, { once: true });
      waiters.add(waiter);
      try {
        await promise;
      } finally {
        waiters.delete(waiter);
        signal?.removeEventListener('abort', abort);
      }
    },
    settle() {
      for (const waiter of waiters) {
        if (isBusy(waiter.within)) continue;
        const failed = rests.firstGivenUp();
        if (failed) waiter.reject(failed.error);
        else waiter.resolve();
      }
    },
    reject(error) {
      for (const waiter of waiters) waiter.reject(error);
    },
  };
}
