import { ConnectorError } from '@mailsphere/core';

/** The error of a call that its caller ended. */
export const aborted = (signal: AbortSignal | undefined): ConnectorError =>
  new ConnectorError('aborted', 'The call was ended by its caller.', { cause: signal?.reason });

const LONGEST_WAIT = 86_400_000;

/**
 * As {@link unlessAborted}, but for `maxWait` milliseconds at most, a day if it is longer, and then it ends with what
 * `late` makes. Real time, whatever the clock: the work may wait for a network that never answers.
 */
export async function unlessLate<T>(
  work: Promise<T>,
  limits: { readonly signal: AbortSignal | undefined; readonly maxWait: number },
  late: () => ConnectorError,
): Promise<T> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), Math.min(limits.maxWait, LONGEST_WAIT));
  try {
    const { signal } = limits;
    return await unlessAborted(work, signal ? AbortSignal.any([signal, ending.signal]) : ending.signal);
  } catch (error) {
    // Whichever came first is the reason.
    const isLate = ending.signal.aborted && ConnectorError.is(error, 'aborted');
    throw isLate && error.cause === ending.signal.reason ? late() : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for work that others wait for too: a caller that gives up leaves the work as it is. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(aborted(signal));
    if (signal.aborted) {
      work.catch(() => undefined);
      return abort();
    }
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
