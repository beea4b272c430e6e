/** A bucket of units that fills evenly. */
export interface TokenBucket {
  /** Takes units; true when there were enough. They are spent in either case: throttled calls count too. */
  take(units: number, now: number): boolean;
  /** Milliseconds until so many units are there. */
  wait(units: number, now: number): number;
  /** Share of the capacity that is used; above 1 when callers went on after the end. */
  used(now: number): number;
}

/** Creates a full bucket of `capacity` units that fills from empty in `seconds`. */
export function createTokenBucket(capacity: number, seconds: number): TokenBucket {
  const perMillisecond = capacity / (seconds * 1000);
  let level = capacity;
  let updated = Number.NEGATIVE_INFINITY;
  const fill = (now: number) => {
    if (now > updated) {
      if (updated > Number.NEGATIVE_INFINITY)
        level = Math.min(capacity, level + (now - updated) * perMillisecond);
      updated = now;
    }
  };
  return {
    take: (units, now) => {
      fill(now);
      const enough = level >= units;
      // A caller that never stops digs a hole, but one of limited depth.
      level = Math.max(-capacity, level - units);
      return enough;
    },
    wait: (units, now) => {
      fill(now);
      return Math.max(0, (units - level) / perMillisecond);
    },
    used: (now) => {
      fill(now);
      return (capacity - level) / capacity;
    },
  };
}
