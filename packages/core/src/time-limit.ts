import type { Clock } from './clock.ts';

/**
 * The outcome of the host's own code, as long as it ends in time: one hook that hangs must not hold up a tenant for ever.
 *
 * @param limit Milliseconds.
 * @throws Error when it takes longer
 */
export async function timeLimit<T>(work: () => Promise<T> | T, limit: number, clock: Clock): Promise<T> {
  const over = new AbortController();
  const late = clock.wait(limit, { signal: over.signal }).then(
    () => {
      throw new Error('It did not end in time.');
    },
    // The work has ended; nobody waits here any more.
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([Promise.resolve().then(work), late]);
  } finally {
    over.abort();
  }
}

/** Milliseconds that a hook may take. A person waits at a browser, or the work of a tenant. */
export const HOOK_LIMIT = 30_000;
