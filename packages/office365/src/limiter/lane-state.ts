import { z } from 'zod';

const count = z.int().min(0).max(65_535);
const milliseconds = z.number().min(0);

const quotaState = z.object({
  /** Of a window: requests by age, in tens of seconds, the newest first. */
  counts: z.array(count).max(61).optional(),
  /** Of a window: how long every request has been counted. */
  knownFor: milliseconds.optional(),
  /** Of a window: how many requests fit in, where that is fewer than documented. */
  capacity: z.number().min(1).max(65_535).optional(),
  /** Of a bucket: what is in it. */
  units: z.number().optional(),
});

/** A quota as it can be stored. Durations are milliseconds. */
export type QuotaState = z.output<typeof quotaState>;

export const laneState = z.object({
  /** How long the fence still stands. */
  fence: milliseconds,
  /** How long requests still leave at the steady rate. */
  paced: milliseconds,
  /** Whether the next request goes alone. */
  probe: z.boolean(),
  failures: count,
  fewerSlots: count,
  quota: quotaState,
});

/** A lane as it can be stored. Durations are milliseconds. */
export type LaneState = z.output<typeof laneState>;
