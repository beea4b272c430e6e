import { increment } from '../request-counts.ts';
import type { World } from '../world.ts';

/** Watches whether clients wait as long as they were asked to. */
export interface EarlyCalls {
  came(segments: readonly string[]): void;
  answered(segments: readonly string[], status: number, headers: Readonly<Record<string, string>>): void;
}

/** Counts requests about a mailbox that come before the `Retry-After` of an answer about it is over. */
export function createEarlyCalls(world: World): EarlyCalls {
  const until = new Map<string, number>();
  const mailboxOf = ([, users, user, more]: readonly string[]) =>
    users?.toLowerCase() === 'users' && more !== undefined ? user : undefined;
  return {
    came: (segments) => {
      const mailbox = mailboxOf(segments);
      if (mailbox !== undefined && (until.get(mailbox) ?? 0) > world.clock.now())
        increment(world.counts.earlyByMailbox, mailbox);
    },
    answered: (segments, status, headers) => {
      const mailbox = mailboxOf(segments);
      if (mailbox === undefined || (status !== 429 && status !== 503)) return;
      const now = world.clock.now();
      const wait = waitOf(headers['retry-after'], now);
      if (wait > 0) until.set(mailbox, Math.max(until.get(mailbox) ?? 0, now + wait));
    },
  };
}

/** In milliseconds; 0 for what asks for nothing (RFC 9110, section 10.2.3, and fractions as Graph's documents had them). */
function waitOf(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  if (/^\d+(\.\d+)?$/.test(header)) return Number(header) * 1000;
  return header.endsWith('GMT') ? Math.max(0, Date.parse(header) - now) || 0 : 0;
}
