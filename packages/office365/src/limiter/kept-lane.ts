import { ConnectorError } from '@mailsphere/core';
import { z } from 'zod';
import { unlessAborted, unlessLate } from '../aborted.ts';
import type { Lane } from './lane.ts';
import { laneState } from './lane-state.ts';
import type { LimiterStore } from './limiter-store.ts';
import type { SteadyClock } from './steady-clock.ts';

/** A lane whose state outlives the process. */
export interface KeptLane extends Lane {
  /** Saves what was not saved yet. Never fails. */
  close(): Promise<void>;
}

const SAVE_EVERY = 10_000;
const SAVE_AFTER = 250;
const PATIENCE = 5_000;

const keptState = laneState.extend({
  /** Epoch milliseconds of the machine. */
  at: z.number(),
  /** Whether the process ended in order: then no request is missing. */
  complete: z.boolean(),
});

/**
 * Loads the state when the lane is first used, and saves it as it changes. No timer: what is not saved when the process
 * is killed are fewer than 250 requests of the 10 seconds after, and the next process counts them as sent.
 */
export function createKeptLane(options: {
  readonly clock: SteadyClock;
  readonly store: LimiterStore;
  readonly key: string;
  readonly lane: (onChange: (change: 'sent' | 'refused') => void) => Lane;
}): KeptLane {
  const { clock, store, key } = options;
  let loading: Promise<void> | undefined;
  let loaded = false;
  let callers = 0;
  let saving: Promise<void> | undefined;
  let savedAt = Number.NEGATIVE_INFINITY;
  let unsaved = 0;
  let refused = false;

  const save = (complete: boolean): Promise<void> => {
    unsaved = 0;
    refused = false;
    savedAt = clock.now();
    const state = { ...lane.state(), at: clock.realTime(savedAt), complete };
    return inTime(() => store.save(key, state)).then(
      () => undefined,
      () => undefined,
    );
  };
  const isDue = () =>
    refused || unsaved >= SAVE_AFTER || (unsaved > 0 && clock.now() - savedAt >= SAVE_EVERY);
  const saveWhenDue = () => {
    if (saving || !isDue()) return;
    saving = save(false).then(() => {
      saving = undefined;
      saveWhenDue();
    });
  };

  const lane = options.lane((change) => {
    if (change === 'sent') unsaved++;
    else refused = true;
    saveWhenDue();
  });

  const load = async () => {
    const value = await inTime(() => store.load(key)).catch(() => undefined);
    const { data } = keptState.safeParse(value);
    // A time to come is of a clock that was set back since: nobody can tell how old it is.
    const elapsed = data ? clock.realTime(clock.now()) - data.at : -1;
    if (data && elapsed >= 0) lane.resume(data, elapsed, data.complete ? 0 : SAVE_AFTER);
    loaded = true;
  };

  return {
    async acquire(request) {
      if (loaded) return lane.acquire(request);
      loading ??= load();
      callers++;
      try {
        await unlessAborted(loading, request.signal);
        return await lane.acquire(request);
      } finally {
        callers--;
      }
    },
    idle: () => callers === 0 && lane.idle(),
    state: lane.state,
    resume: lane.resume,
    async close() {
      while (saving) await saving;
      if (loaded && savedAt > Number.NEGATIVE_INFINITY) await save(true);
    },
  };
}

/** Real time, whatever the clock: a store may wait for a network that never answers. */
const inTime = <T>(work: () => Promise<T>): Promise<T> =>
  unlessLate(
    Promise.resolve().then(work),
    { signal: undefined, maxWait: PATIENCE },
    () => new ConnectorError('unavailable', 'The store of the limiter did not answer.'),
  );
