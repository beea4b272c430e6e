import { virtualClock } from '@mailsphere/core/testing';
import { describe, expect, it } from 'vitest';
import { createLimiter, type LaneKey } from '../src/limiter/limiter.ts';
import { mulberry } from './mulberry.ts';

const key: LaneKey = { kind: 'mailbox', tenantId: 'tenant', mailboxId: 'mailbox' };
const quotaRefusal = (retryAfter: number | undefined) =>
  ({ kind: 'throttled', retryAfter, reason: 'quota' }) as const;

describe('one mailbox for an hour', () => {
  const hour = 3_600_000;

  /** A server with an exact sliding window that also counts what it refuses. */
  function modelServer(limit: number, answer: 'honest' | 'one' | 'none') {
    const arrivals: number[] = [];
    let first = 0;
    return (now: number): { readonly ok: boolean; readonly retryAfter: number | undefined } => {
      while ((arrivals[first] ?? Number.POSITIVE_INFINITY) <= now - 600_000) first++;
      const ok = arrivals.length - first < limit;
      arrivals.push(now);
      if (ok) return { ok, retryAfter: undefined };
      const free = (arrivals[arrivals.length - limit] ?? now) + 600_000 - now;
      return { ok, retryAfter: answer === 'honest' ? Math.ceil(free) : answer === 'one' ? 1_000 : undefined };
    };
  }

  async function run(limit: number, answer: 'honest' | 'one' | 'none') {
    const clock = virtualClock();
    const random = mulberry(7);
    const limiter = createLimiter({ clock, random });
    const serve = modelServer(limit, answer);
    const end = clock.now() + hour;
    let taken = 0;
    let refused = 0;
    const worker = async () => {
      while (clock.now() < end) {
        const permit = await limiter.acquire(key, { maxWait: end - clock.now() + 1 }).catch(() => undefined);
        if (!permit) return;
        const latency = 120 * (0.6 + 0.8 * random());
        await clock.wait(latency / 2);
        const { ok, retryAfter } = serve(clock.now());
        await clock.wait(latency / 2);
        if (ok) taken++;
        else refused++;
        permit.report(ok ? { kind: 'accepted' } : quotaRefusal(retryAfter));
        permit.release();
      }
    };
    await clock.run(Promise.all([worker(), worker(), worker(), worker()]));
    return { share: taken / (limit * 6), refused, calls: taken + refused };
  }

  it('is used to 99.5 percent of its quota and never refused', async () => {
    const { share, refused } = await run(10_000, 'honest');
    expect(refused).toBe(0);
    expect(share).toBeGreaterThanOrEqual(0.995);
  });

  it.each(['honest', 'one', 'none'] as const)(
    'is not hammered when only half of the quota is there (Retry-After: %s)',
    async (answer) => {
      const { share, refused, calls } = await run(5_000, answer);
      expect(refused / calls).toBeLessThanOrEqual(0.000_5);
      expect(share).toBeGreaterThanOrEqual(0.95);
    },
  );
});
