import { ConnectorError } from './connector-error.ts';
import type { Page } from './page.ts';

/** Pages that are fetched while earlier ones are being stored. */
export interface ReadAhead<T> {
  /** What has come since, as one page; waits when nothing has. @throws whatever the provider throws, after the pages before it */
  take(): Promise<Page<T>>;
}

/** @param most Changes that may wait to be taken; a page more is fetched at most. With 0 it is one page. */
export function readAhead<T>(pages: AsyncIterator<Page<T>>, most: number): ReadAhead<T> {
  let ready: Page<T>[] = [];
  let failure: { readonly error: unknown } | undefined;
  let arrived = Promise.withResolvers<void>();
  let taken = Promise.withResolvers<void>();
  const waiting = () => ready.reduce((sum, { changes }) => sum + changes.length, 0);

  const read = async () => {
    for (;;) {
      const { value: page, done } = await pages.next();
      if (done)
        throw new ConnectorError(
          'unexpected',
          'The provider ended a round without saying that it is complete.',
        );
      ready.push(page);
      arrived.resolve();
      if (page.caughtUp) return;
      while (ready.length > 0 && waiting() >= most) await taken.promise;
    }
  };
  // Nobody may be waiting for it when it fails.
  read().catch((error: unknown) => {
    failure = { error };
    arrived.resolve();
  });

  return {
    async take() {
      if (ready.length === 0 && !failure) await arrived.promise;
      const last = ready.at(-1);
      if (!last) throw failure?.error;
      const page = { ...last, changes: ready.flatMap(({ changes }) => changes) };
      ready = [];
      arrived = Promise.withResolvers();
      taken.resolve();
      taken = Promise.withResolvers();
      return page;
    },
  };
}
