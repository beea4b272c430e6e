/** Where a stream of changes can be continued. Opaque: only the provider that made it reads it. */
export type Cursor = string;

/** An item as it now is, or the news that it left the collection. */
export type Change<T> =
  | { readonly type: 'upserted'; readonly item: T }
  | {
      readonly type: 'removed';
      readonly id: string;
      /** `recoverable`: removed, but the service may bring it back; `permanent`: gone for good. */
      readonly reason: 'recoverable' | 'permanent';
    };

/**
 * Some changes, and where to go on from.
 *
 * Changes may repeat, come in any order, and a page may be empty although more follow.
 */
export interface Page<T> {
  readonly changes: readonly T[];
  /**
   * Where to continue after this page.
   * `undefined` only together with `caughtUp`: the collection has no deltas, the next round lists it whole.
   */
  readonly cursor: Cursor | undefined;
  /** True on the last page of a round: there is nothing newer at this time. */
  readonly caughtUp: boolean;
}
