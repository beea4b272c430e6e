import { randomUUID } from 'node:crypto';
import type { Clock } from './clock.ts';
import { ConnectorError } from './connector-error.ts';
import { createRecords } from './records.ts';
import type { StorageAdapter } from './storage-adapter.ts';

interface Lease {
  readonly owner: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

// A killed process gives its work back after this; renewed three times in that time.
const TERM = 15_000;

export type Leased<T> =
  | { readonly taken: true; readonly result: T }
  | { readonly taken: false; readonly until: number };

export interface Leases {
  /** Runs `work` while no other process runs anything under `key`. Its signal aborts when the lease is lost. */
  hold<T>(
    key: string,
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<Leased<T>>;
}

export function createLeases(storage: StorageAdapter, clock: Clock): Leases {
  const leases = createRecords<Lease>(storage, 'leases');

  return {
    async hold(key, signal, work) {
      const owner = randomUUID();
      const take = () => ({ owner, expiresAt: clock.now() + TERM });
      const current = await leases.get(key);
      if (current && current.value.expiresAt > clock.now())
        return { taken: false, until: current.value.expiresAt };
      let version: string;
      try {
        version = await leases.put(key, take(), current?.version ?? null);
      } catch (error) {
        if (!ConnectorError.is(error, 'conflict')) throw error;
        return { taken: false, until: clock.now() + TERM };
      }

      const lost = new AbortController();
      const done = new AbortController();
      const renewing = (async () => {
        let heldUntil = clock.now() + TERM;
        for (;;) {
          await clock.wait(TERM / 3, { signal: done.signal });
          // A process that slept past its term must not go on: another one may be at work.
          if (clock.now() >= heldUntil)
            throw new ConnectorError('aborted', 'The lease ran out before it was renewed.');
          const renewed = take();
          version = await leases.put(key, renewed, version);
          heldUntil = renewed.expiresAt;
        }
      })().catch((error: unknown) => {
        if (!done.signal.aborted) lost.abort(error);
      });
      try {
        return {
          taken: true,
          result: await work(AbortSignal.any([lost.signal, ...(signal ? [signal] : [])])),
        };
      } finally {
        done.abort();
        await renewing;
        // Not there, or no longer ours: somebody took over after the term.
        await leases.delete(key, version);
      }
    },
  };
}
