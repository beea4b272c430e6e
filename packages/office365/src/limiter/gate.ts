/** What lanes share. Times are epoch milliseconds. */
export interface Gate {
  /** Counts a request that leaves now; or else calls `turn`, once, when the lane may ask again. */
  enter(turn: () => void): boolean;
  /** The service took a request that had passed. */
  accepted(): void;
  /** The service said that too many requests are under way, although it was the only one of its lane. */
  crowded(lane: object, now: number): void;
  /** A request that had passed is no longer under way. */
  leave(): void;
}
