import { virtualClock } from '@mailsphere/core/testing';
import { createLimiter } from '../packages/office365/src/limiter/limiter.ts';
import type { Row } from './report.ts';

const HOUR = 3600_000;
const WINDOW = 600_000;
const QUOTA = 10_000;

interface Server {
  readonly name: string;
  readonly quota: number;
  /** What the server says of when the window is free again, in milliseconds. */
  readonly retryAfter: (honest: number) => number | undefined;
}

const servers: readonly Server[] = [
  { name: 'honest Retry-After', quota: QUOTA, retryAfter: (honest) => honest },
  { name: 'Retry-After always 1 s', quota: QUOTA, retryAfter: () => 1000 },
  { name: 'no Retry-After', quota: QUOTA, retryAfter: () => undefined },
  { name: 'half the quota, honest', quota: QUOTA / 2, retryAfter: (honest) => honest },
  { name: 'half the quota, always 1 s', quota: QUOTA / 2, retryAfter: () => 1000 },
];

/** One mailbox, one hour of virtual time, four callers, 120 ms: how much of the quota is used, and how much is refused. */
export async function benchLimiter(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const server of servers) {
    const clock = virtualClock();
    const end = clock.now() + HOUR;
    let state = 1;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const limiter = createLimiter({ clock, random });
    // An exact sliding window, in which refused calls count too.
    const calls: number[] = [];
    let accepted = 0;
    let refused = 0;
    const call = () => {
      const now = clock.now();
      while (calls[0] !== undefined && calls[0] <= now - WINDOW) calls.shift();
      calls.push(now);
      if (calls.length <= server.quota) return undefined;
      const frees = calls[calls.length - 1 - server.quota] ?? now;
      return { retryAfter: server.retryAfter(frees + WINDOW - now) };
    };
    const worker = async () => {
      while (clock.now() < end) {
        const permit = await limiter.acquire(
          { kind: 'mailbox', tenantId: 'tenant', mailboxId: 'mailbox' },
          { maxWait: Number.POSITIVE_INFINITY },
        );
        const refusal = call();
        await clock.wait(120 * (0.6 + 0.8 * random()));
        permit.report(
          refusal
            ? { kind: 'throttled', retryAfter: refusal.retryAfter, reason: 'quota' }
            : { kind: 'accepted' },
        );
        permit.release();
        if (refusal) refused++;
        else if (clock.now() <= end) accepted++;
      }
    };
    await clock.run(Promise.all([worker(), worker(), worker(), worker()]));
    const ceiling = (server.quota * HOUR) / WINDOW;
    rows.push({
      name: server.name,
      result: `${((accepted / ceiling) * 100).toFixed(1)} % of the quota used`,
      against: `${((refused / (accepted + refused)) * 100).toFixed(3)} % of the calls refused`,
    });
  }
  return rows;
}
