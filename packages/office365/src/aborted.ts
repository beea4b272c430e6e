import { ConnectorError } from '@mailsphere/core';

/** The error of a call that its caller ended. */
export const aborted = (signal: AbortSignal | undefined): ConnectorError =>
  new ConnectorError('aborted', 'The call was ended by its caller.', { cause: signal?.reason });

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
