import type { Quota } from './quota.ts';

// "Microsoft Graph service-specific throttling limits", identity and access: 3,500 resource units in 10 seconds per app
// and tenant for the smallest tenants. Larger ones have more; this is the start that is safe for all.
const UNITS = 3_500;
const PER_MILLISECOND = UNITS / 10_000;
const USUAL_COST = 1;

/** A token bucket in the resource units of the directory, settled by what each answer says it cost. */
export function resourceBucket(): Quota {
  let units = UNITS;
  let filledAt = Number.NEGATIVE_INFINITY;

  const fill = (now: number) => {
    units = Math.min(UNITS, units + Math.max(0, now - filledAt) * PER_MILLISECOND);
    filledAt = Math.max(filledAt, now);
  };

  return {
    readyAt(now) {
      fill(now);
      return units >= USUAL_COST ? now : now + Math.ceil((USUAL_COST - units) / PER_MILLISECOND);
    },
    take(now) {
      fill(now);
      units -= USUAL_COST;
    },
    accepted(_now, cost) {
      if (cost !== undefined) units -= cost - USUAL_COST;
    },
    refused() {},
    interval: () => USUAL_COST / PER_MILLISECOND,
    idle(now) {
      fill(now);
      return units >= UNITS;
    },
    state(now) {
      fill(now);
      return { units };
    },
    resume(state, now, elapsed, missing) {
      units = Math.min(UNITS, (state.units ?? UNITS) - missing * USUAL_COST);
      filledAt = now - elapsed;
    },
  };
}
