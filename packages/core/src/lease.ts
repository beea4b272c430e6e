import { randomUUID } from 'node:crypto';
import type { Clock } from './clock.ts';
import { ConnectorError } from './connector-error.ts';
import { createRecords } from './records.ts';
import type { StorageAdapter } from './storage-adapter.ts';

interface LeaseRecord {
  readonly owner: string;
  /** Rises each time somebody takes the lease. */
  readonly epoch: number;
  /** Epoch milliseconds; 0 when nobody holds it. */
  readonly expiresAt: number;
}

/** The right to work, for now. */
export interface Lease {
  /** Higher than that of every holder before. Records that carry it refuse the writes of earlier holders. */
  readonly epoch: number;
  /** Aborts when the lease is lost, or the caller's signal does. */
  readonly signal: AbortSignal;
  /** @throws the reason when the work has to end: asked before writes that nothing else fences */
  assertHeld(): void;
}

export type Leased<T> =
  | { readonly taken: true; readonly result: T }
  | { readonly taken: false; readonly until: number };

export interface Leases {
  /**
   * Runs `work` while no other process runs anything under `key`.
   *
   * @param options.stillWanted Asked at each renewal; throws when the work is to end.
   */
  hold<T>(
    key: string,
    options: { readonly signal: AbortSignal; readonly stillWanted?: () => Promise<unknown> },
    work: (lease: Lease) => Promise<T>,
  ): Promise<Leased<T>>;
  /** Resolves when nobody holds any key that begins with `prefix`: at the latest when the terms of dead processes are over. */
  released(prefix: string): Promise<void>;
}

// A killed process gives its work back after this; renewed three times in that time.
const TERM = 15_000;
// A renewal that has not come through this long before the term counts as lost.
const MARGIN = 1_000;
const LOOK_INTERVAL = 250;

export function createLeases(storage: StorageAdapter, clock: Clock): Leases {
  const leases = createRecords<LeaseRecord>(storage, 'leases');
  const lostLease = () => new ConnectorError('aborted', 'The lease ran out before it was renewed.');

  /** A storage that does not answer must not let work go on beyond its term. */
  const before = async <T>(time: number, promise: Promise<T>): Promise<T> => {
    const settled = new AbortController();
    promise.catch(() => {});
    try {
      return await Promise.race([
        promise,
        clock.wait(Math.max(0, time - clock.now()), { signal: settled.signal }).then(() => {
          throw lostLease();
        }),
      ]);
    } finally {
      settled.abort();
    }
  };

  return {
    async released(prefix) {
      for (const giveUp = clock.now() + 2 * TERM; clock.now() < giveUp; await clock.wait(LOOK_INTERVAL)) {
        let held = false;
        for await (const { value } of leases.list(prefix)) held ||= value.expiresAt > clock.now();
        if (!held) return;
      }
    },
    async hold(key, { signal, stillWanted }, work) {
      const current = await leases.get(key);
      const rest = (current?.value.expiresAt ?? 0) - clock.now();
      // Longer than any lease lasts: it was written by a clock that is ahead. The epoch fences its holder, if there is one.
      if (current && rest > 0 && rest <= 2 * TERM) return { taken: false, until: current.value.expiresAt };
      const epoch = (current?.value.epoch ?? 0) + 1;
      const owner = randomUUID();
      let heldUntil = clock.now() + TERM;
      let version: string;
      try {
        version = await leases.put(key, { owner, epoch, expiresAt: heldUntil }, current?.version ?? null);
      } catch (error) {
        if (!ConnectorError.is(error, 'conflict')) throw error;
        return { taken: false, until: clock.now() + TERM };
      }

      const lost = new AbortController();
      const done = new AbortController();
      const renew = async () => {
        await stillWanted?.();
        const expiresAt = clock.now() + TERM;
        version = await leases.put(key, { owner, epoch, expiresAt }, version);
        heldUntil = expiresAt;
      };
      const renewing = (async () => {
        for (;;) {
          await clock.wait(TERM / 3, { signal: done.signal });
          // A process that slept past its term must not go on: another one may be at work.
          if (clock.now() >= heldUntil) throw lostLease();
          await before(heldUntil - MARGIN, renew());
        }
      })().catch((error: unknown) => {
        if (!done.signal.aborted) lost.abort(error);
      });

      const held = AbortSignal.any([lost.signal, signal]);
      try {
        const result = await work({
          epoch,
          signal: held,
          assertHeld() {
            held.throwIfAborted();
            if (clock.now() >= heldUntil) throw lostLease();
          },
        });
        return { taken: true, result };
      } finally {
        done.abort();
        await renewing;
        // The record stays for its epoch. When it is no longer ours, or the storage fails, the term frees the key.
        await leases.put(key, { owner, epoch, expiresAt: 0 }, version).catch(() => {});
      }
    },
  };
}
