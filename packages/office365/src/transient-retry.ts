import { type Clock, ConnectorError } from '@mailsphere/core';
import pRetry from 'p-retry';
import { aborted } from './aborted.ts';
import { doubled, equalJitter } from './limiter/backoff.ts';

const TRIES = 3;
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 10_000;

/**
 * Tries work that ends with what may pass by again, three times in all, with equal-jitter pauses in between, or the pause
 * that the service asked for. A pause longer than `maxWait` milliseconds ends it instead.
 */
export function retryTransient<T>(
  work: () => Promise<T>,
  options: {
    readonly clock: Clock;
    readonly random: () => number;
    readonly maxWait: number;
    readonly signal?: AbortSignal | undefined;
    /** How often it is tried at most. @default 3 */
    readonly tries?: number | undefined;
    /** Told how often it was tried. @default whether it is `unavailable` */
    readonly mayPass?: ((error: Error, tries: number) => boolean) | undefined;
  },
): Promise<T> {
  const { clock, random, maxWait, signal, tries = TRIES, mayPass = isUnavailable } = options;
  return pRetry(work, {
    retries: tries - 1,
    // The pauses are this clock's, not the library's own timers.
    minTimeout: 0,
    async onFailedAttempt({ error, attemptNumber, retriesLeft }) {
      if (!mayPass(error, attemptNumber) || retriesLeft === 0) return;
      const retryAt = ConnectorError.is(error) ? error.retryAt : undefined;
      const asked = retryAt === undefined ? 0 : retryAt - clock.now();
      const pause = Math.max(asked, equalJitter(doubled(FIRST_PAUSE, LONGEST_PAUSE, attemptNumber), random));
      if (pause > maxWait) throw error;
      await clock.wait(pause, { signal }).catch(() => {
        throw aborted(signal);
      });
    },
    shouldRetry: ({ error, attemptNumber }) => mayPass(error, attemptNumber),
  });
}

const isUnavailable = (error: Error) => ConnectorError.is(error, 'unavailable');
