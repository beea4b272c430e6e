import type { QuotaState } from './lane-state.ts';

/** What the service allows over time, as it is known here. Times are epoch milliseconds. */
export interface Quota {
  /** The first time at which one more request is allowed; at or before `now` means at once. */
  readyAt(now: number): number;
  /** Counts one request. */
  take(now: number): void;
  /** The service took a request, at a cost in its own units where it says so. */
  accepted(now: number, cost: number | undefined): void;
  /** The service refused a request for its quota. */
  refused(now: number): void;
  /** Milliseconds between two requests at the steady rate. */
  interval(): number;
  /** Whether a new quota would do as well: nothing is counted any more, and what was learned is a day old. */
  idle(now: number): boolean;
  /** What it knows, for a later process. */
  state(now: number): QuotaState;
  /** Goes on with what was known `elapsed` milliseconds before now, and with requests that were not counted since. */
  resume(state: QuotaState, now: number, elapsed: number, missing: number): void;
}
