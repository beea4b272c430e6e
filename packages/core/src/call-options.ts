/** What one answer of the service cost. */
export interface Usage {
  /** What the service counted for it against the tenant's quota, where it says so. */
  readonly resourceUnits: number | undefined;
}

/** What every call that may take time accepts. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * The longest time, in milliseconds, that the call may spend waiting for the service's quota.
   * A longer wait ends it with `throttled` and `retryAt`, so that the caller can give its place to others.
   * @default 60_000
   */
  readonly maxWait?: number | undefined;
  /** Called for each answer of the service, refusals included. */
  readonly onAnswer?: ((usage: Usage) => void) | undefined;
}
