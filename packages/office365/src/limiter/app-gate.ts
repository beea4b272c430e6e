import type { Clock } from '@mailsphere/core';
import { createAlarm } from './alarm.ts';

/** The gate of all requests of the app: a rate, shared fairly. */
export interface AppGate {
  /** As `Gate.enter`, on the account of a tenant. */
  enter(tenantId: string, turn: () => void): boolean;
}

// "Microsoft Graph service-specific throttling limits", global: 130,000 requests in 10 seconds per app over all tenants.
// Nine tenths of that, and a tenth of a second at once: what leaves within 11 seconds, which a stall of the network may
// bring together in 10, is 129,870.
const PER_SECOND = 11_700;
const AT_ONCE = 1_170;

/**
 * A token bucket. Tenants whose lanes wait for it take turns, and so do the lanes of a tenant: one that has thousands of
 * requests to send delays the others by one request each.
 */
export function createAppGate(options: {
  readonly clock: Clock;
  readonly perSecond?: number;
  readonly atOnce?: number;
}): AppGate {
  const { clock, perSecond = PER_SECOND, atOnce = AT_ONCE } = options;
  /** The lanes that wait, by tenant; both in the order of their turns. */
  const waiting = new Map<string, Set<() => void>>();
  let tokens = atOnce;
  let filledAt = clock.now();
  /** The lane that is called now may pass those that wait. */
  let called = false;

  const fill = (now: number) => {
    tokens = Math.min(atOnce, tokens + ((now - filledAt) * perSecond) / 1000);
    filledAt = now;
  };

  const callNext = () => {
    const now = clock.now();
    fill(now);
    while (tokens >= 1) {
      const [first] = waiting;
      if (!first) return;
      const [tenantId, lanes] = first;
      waiting.delete(tenantId);
      for (const turn of lanes) {
        lanes.delete(turn);
        if (lanes.size > 0) waiting.set(tenantId, lanes);
        called = true;
        turn();
        called = false;
        break;
      }
    }
    setAlarm(now);
  };

  const alarm = createAlarm(clock, callNext);
  const setAlarm = (now: number) =>
    alarm.set(waiting.size > 0 ? now + Math.ceil(((1 - tokens) * 1000) / perSecond) : undefined, now);

  return {
    enter(tenantId, turn) {
      const now = clock.now();
      fill(now);
      if (tokens >= 1 && (called || waiting.size === 0)) {
        called = false;
        tokens--;
        return true;
      }
      const isFirst = waiting.size === 0;
      const lanes = waiting.get(tenantId) ?? new Set();
      waiting.set(tenantId, lanes.add(turn));
      if (isFirst) setAlarm(now);
      return false;
    },
  };
}
