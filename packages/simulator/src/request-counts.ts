/** What was asked of the simulator so far: plain numbers that survive `JSON.stringify`. */
export interface RequestCounts {
  /** Requests to both origins; a batch counts as one, and so does each of its parts. */
  total: number;
  /** Requests by route, e.g. `token`, `users.delta`, `messages.delta`, `messages.value`. */
  byRoute: Record<string, number>;
  /** Token requests by tenant (its id; for an unknown one, what stood in the path). */
  tokensByTenant: Record<string, number>;
  /** Token requests by `grant_type`. */
  tokensByGrant: Record<string, number>;
  /** Answers by HTTP status. */
  byStatus: Record<string, number>;
  /** Answers with 429. */
  throttled: number;
  /** Answers with 429 by mailbox (the user's id). */
  throttledByMailbox: Record<string, number>;
  /** Requests that came before the `Retry-After` of an earlier answer was over, by mailbox (as its user stands in the path). */
  earlyByMailbox: Record<string, number>;
  /** Requests by mailbox (the user's id). */
  perMailbox: Record<string, number>;
  /** Most requests of one mailbox that were in flight at the same time, over all mailboxes. */
  maxInFlight: number;
  /** Most requests in flight at the same time, by mailbox (the user's id). */
  maxInFlightByMailbox: Record<string, number>;
  /** Most requests in flight at the same time over all mailboxes together. */
  maxInFlightOverall: number;
}

/** @internal Counts of nothing. */
export function emptyCounts(): RequestCounts {
  return {
    total: 0,
    byRoute: {},
    tokensByTenant: {},
    tokensByGrant: {},
    byStatus: {},
    throttled: 0,
    throttledByMailbox: {},
    earlyByMailbox: {},
    perMailbox: {},
    maxInFlight: 0,
    maxInFlightByMailbox: {},
    maxInFlightOverall: 0,
  };
}

/** @internal Adds one to a named count. */
export function increment(counts: Record<string, number>, name: string | number): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
