import type { Clock, Json } from '@mailsphere/core';
import { createLimiter } from '../packages/office365/src/limiter/limiter.ts';
import type { LimiterStore } from '../packages/office365/src/limiter/limiter-store.ts';
import type { Refusal } from './limiter-world.ts';

/** The right to send one request to a mailbox. */
export interface Ticket {
  done(refusal: Refusal | undefined): void;
}

/** How a client decides when a request of a mailbox may leave. Four callers per mailbox use it. */
export interface Policy {
  acquire(mailbox: number, caller: number): Promise<Ticket>;
}

export interface World {
  readonly clock: Clock;
  readonly random: () => number;
}

const clientId = '11111111-1111-4111-8111-111111111111';
const patient = { maxWait: Number.POSITIVE_INFINITY };

/** Ours. */
export function hybrid(
  { clock, random }: World,
  options: { readonly store?: LimiterStore; readonly assumedSpent?: number } = {},
): Policy {
  const { store, assumedSpent } = options;
  const limiter = createLimiter({ clock, random, assumedSpent, kept: store && { store, clientId } });
  return {
    async acquire(mailbox) {
      const key = { kind: 'mailbox', tenantId: 'tenant', mailboxId: String(mailbox) } as const;
      const permit = await limiter.acquire(key, patient);
      return {
        done(refusal) {
          permit.report(
            refusal
              ? { kind: 'throttled', retryAfter: refusal.retryAfter, reason: 'quota' }
              : { kind: 'accepted' },
          );
          permit.release();
        },
      };
    },
  };
}

/** Such as a host has on a disk. */
export function memoryStore(): LimiterStore {
  const values = new Map<string, Json>();
  return {
    load: async (key) => values.get(key),
    async save(key, value) {
      values.set(key, value);
    },
  };
}

/** One for each mailbox. */
function each<T>(make: () => T): (mailbox: number) => T {
  const all = new Map<number, T>();
  return (mailbox) => {
    const one = all.get(mailbox) ?? make();
    all.set(mailbox, one);
    return one;
  };
}

/** As corso's sliding window and atlas: 9,600 of one-second cells, and a fence from Retry-After, else 3 s, that all pass together. */
export function windowAndFence({ clock }: World, fenceOf: 'mailbox' | 'all'): Policy {
  const fences = each(() => ({ until: 0 }));
  const windows = each(() => {
    const cells = new Uint16Array(600);
    let newest = 0;
    let total = 0;
    return {
      /** When one more fits in; it is then counted. */
      take(now: number): number {
        const cell = Math.floor(now / 1000);
        for (newest = Math.max(newest, cell - 600); newest < cell; ) {
          newest++;
          total -= cells[newest % 600] ?? 0;
          cells[newest % 600] = 0;
        }
        if (total < 9_600) {
          total++;
          cells[cell % 600] = (cells[cell % 600] ?? 0) + 1;
          return now;
        }
        let oldest = cell - 599;
        while ((cells[oldest % 600] ?? 0) === 0) oldest++;
        return (oldest + 600) * 1000;
      },
    };
  });
  return {
    async acquire(mailbox) {
      const fence = fences(fenceOf === 'all' ? 0 : mailbox);
      for (;;) {
        const now = clock.now();
        const at = fence.until > now ? fence.until : windows(mailbox).take(now);
        if (at <= now) break;
        await clock.wait(at - now);
      }
      return {
        done(refusal) {
          if (refusal) fence.until = Math.max(fence.until, clock.now() + (refusal.retryAfter ?? 3_000));
        },
      };
    },
  };
}

/** As corso's default: 16 a second for the whole process, 200 at once, and the same fence for all. */
export function singleBucket({ clock }: World): Policy {
  let tokens = 200;
  let filledAt = clock.now();
  let fence = 0;
  return {
    async acquire() {
      while (fence > clock.now()) await clock.wait(fence - clock.now());
      const now = clock.now();
      tokens = Math.min(200, tokens + ((now - filledAt) / 1000) * 16);
      filledAt = now;
      // Each one takes its token now, and waits until it is there.
      if (--tokens < 0) await clock.wait((-tokens / 16) * 1000);
      return {
        done(refusal) {
          if (refusal) fence = Math.max(fence, clock.now() + (refusal.retryAfter ?? 3_000));
        },
      };
    },
  };
}

const fullJitterPause = (random: () => number, most: number, failures: number) =>
  random() * Math.min(most, 1_000 * 2 ** (failures - 1));

/** Exponential backoff with full jitter, from 1 s to 64 s, for each caller by itself; Retry-After is not read. */
export function fullJitter({ clock, random }: World): Policy {
  const failures = each(() => [0, 0, 0, 0]);
  return {
    async acquire(mailbox, caller) {
      const mine = failures(mailbox);
      const before = mine[caller] ?? 0;
      if (before > 0) await clock.wait(fullJitterPause(random, 64_000, before));
      return {
        done(refusal) {
          mine[caller] = refusal ? before + 1 : 0;
        },
      };
    },
  };
}

/** As the adaptive mode of the AWS SDK for JavaScript, one limiter for each mailbox. */
export function awsAdaptive({ clock, random }: World): Policy {
  const limiters = each(() => {
    const second = () => clock.now() / 1000;
    let fill = 0;
    let capacity = 1;
    let tokens = 0;
    let filledAt = second();
    let enabled = false;
    let measured = 0;
    let requests = 0;
    let measuredAt = Math.floor(second() * 2) / 2;
    let lastMax = 0;
    let throttledAt = second();
    const failures = [0, 0, 0, 0];

    const refill = () => {
      tokens = Math.min(capacity, tokens + (second() - filledAt) * fill);
      filledAt = second();
    };
    const measure = () => {
      requests++;
      const half = Math.floor(second() * 2) / 2;
      if (half <= measuredAt) return;
      measured = (requests / (half - measuredAt)) * 0.8 + measured * 0.2;
      requests = 0;
      measuredAt = half;
    };
    return {
      async take(caller: number) {
        const before = failures[caller] ?? 0;
        if (before > 0) await clock.wait(fullJitterPause(random, 20_000, before));
        if (!enabled) return;
        refill();
        tokens--;
        if (tokens < 0) await clock.wait((-tokens / fill) * 1000);
      },
      done(caller: number, isRefused: boolean) {
        failures[caller] = isRefused ? (failures[caller] ?? 0) + 1 : 0;
        measure();
        let rate: number;
        if (isRefused) {
          lastMax = enabled ? Math.min(measured, fill) : measured;
          throttledAt = second();
          rate = lastMax * 0.7;
          enabled = true;
        } else {
          const turn = Math.cbrt((lastMax * 0.3) / 0.4);
          rate = 0.4 * (second() - throttledAt - turn) ** 3 + lastMax;
        }
        refill();
        fill = Math.max(Math.min(rate, 2 * measured), 0.5);
        capacity = Math.max(fill, 1);
        tokens = Math.min(tokens, capacity);
      },
    };
  });
  return {
    async acquire(mailbox, caller) {
      const limiter = limiters(mailbox);
      await limiter.take(caller);
      return { done: (refusal) => limiter.done(caller, refusal !== undefined) };
    },
  };
}
