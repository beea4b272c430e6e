import { type Clock, ConnectorError } from '@mailsphere/core';

/** What this process remembers of its own runs: until when a task rests, and how often it failed in a row. */
export interface Rests {
  /** Epoch milliseconds before which the task is not run again; 0 when it may run. */
  until(key: string): number;
  /** The task ran well, and is not run again before `until`. */
  succeed(key: string, until: number): void;
  /** The task failed: it rests for longer each time. Returns until when. */
  fail(key: string, error: unknown): number;
  /** True when waiting does not seem to help this task. */
  isGivenUp(key: string): boolean;
  /** The first error of a task that waiting does not seem to help. */
  firstGivenUp(): { readonly error: unknown } | undefined;
  /** Forgets what `isWanted` says no to, so that nothing grows with the life of the process. */
  prune(isWanted: (key: string) => boolean): void;
}

interface Failure {
  readonly attempts: number;
  readonly error: unknown;
}

const SHORTEST = 5_000;
/** The longest rest after a failure, in milliseconds. */
export const LONGEST_BACKOFF = 15 * 60_000;
// One bad moment of the network is over after the second try.
const TRIES = 3;

const needsAPerson = (error: unknown) =>
  ConnectorError.is(
    error,
    'invalid_options',
    'invalid_request',
    'not_found',
    'refused',
    'tenant_not_found',
    'consent_refused',
    'credential_invalid',
    'reauthorization_required',
    'permission_missing',
    'storage_failed',
  );

export function createRests({
  clock,
  random,
}: {
  readonly clock: Clock;
  readonly random: () => number;
}): Rests {
  const ends = new Map<string, number>();
  const failures = new Map<string, Failure>();
  const isGivenUp = (failure: Failure) => failure.attempts >= TRIES || needsAPerson(failure.error);

  return {
    until: (key) => ends.get(key) ?? 0,
    succeed(key, until) {
      failures.delete(key);
      ends.set(key, until);
    },
    fail(key, error) {
      const attempts = (failures.get(key)?.attempts ?? 0) + 1;
      const backoff = Math.min(SHORTEST * 2 ** (attempts - 1), LONGEST_BACKOFF);
      const retryAt = ConnectorError.is(error) ? (error.retryAt ?? 0) : 0;
      const until = Math.max(clock.now() + backoff / 2 + random() * (backoff / 2), retryAt);
      failures.set(key, { attempts, error });
      ends.set(key, until);
      return until;
    },
    isGivenUp(key) {
      const failure = failures.get(key);
      return failure !== undefined && isGivenUp(failure);
    },
    firstGivenUp() {
      for (const failure of failures.values()) if (isGivenUp(failure)) return { error: failure.error };
      return undefined;
    },
    prune(isWanted) {
      for (const key of failures.keys()) if (!isWanted(key)) failures.delete(key);
      for (const [key, until] of ends) if (until <= clock.now() && !failures.has(key)) ends.delete(key);
    },
  };
}
