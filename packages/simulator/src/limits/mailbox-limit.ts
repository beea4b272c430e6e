import type { Clock } from '../clock.ts';
import { increment, type RequestCounts } from '../request-counts.ts';
import type { Limits } from '../simulator-options.ts';
import { createSlidingWindow, type SlidingWindow } from './sliding-window.ts';

/** What came of a request for a mailbox: a slot to give back, or the reason and the wait in milliseconds. */
export type Admission =
  | { readonly admitted: true; release(): void }
  | { readonly admitted: false; readonly reason: 'concurrency' | 'requests'; readonly waitMs: number };

/** The limits of the Outlook service, per app and mailbox. */
export interface MailboxLimit {
  enter(mailboxId: string): Admission;
}

/** A wait for a slot is short: somebody else's request will be over soon. */
const CONCURRENCY_WAIT = 1_000;

/** Creates the limit; it counts even where it does not refuse. */
export function createMailboxLimit(
  limits: Limits | false,
  clock: Clock,
  counts: RequestCounts,
): MailboxLimit {
  const windows = new Map<string, SlidingWindow>();
  const inFlight = new Map<string, number>();
  let overall = 0;
  return {
    enter: (mailboxId) => {
      const now = clock.now();
      increment(counts.perMailbox, mailboxId);
      const running = inFlight.get(mailboxId) ?? 0;
      if (limits !== false) {
        let window = windows.get(mailboxId);
        if (window === undefined) {
          window = createSlidingWindow(limits.mailboxWindowSeconds);
          windows.set(mailboxId, window);
        }
        const requests = window.add(now);
        const refusal =
          requests > limits.mailboxRequests
            ? 'requests'
            : running >= limits.mailboxConcurrency
              ? 'concurrency'
              : undefined;
        if (refusal !== undefined) {
          increment(counts.throttledByMailbox, mailboxId);
          const waitMs = refusal === 'requests' ? window.wait(now, limits.mailboxRequests) : CONCURRENCY_WAIT;
          return { admitted: false, reason: refusal, waitMs };
        }
      }
      inFlight.set(mailboxId, running + 1);
      overall += 1;
      counts.maxInFlightByMailbox[mailboxId] = Math.max(
        counts.maxInFlightByMailbox[mailboxId] ?? 0,
        running + 1,
      );
      counts.maxInFlight = Math.max(counts.maxInFlight, running + 1);
      counts.maxInFlightOverall = Math.max(counts.maxInFlightOverall, overall);
      let held = true;
      return {
        admitted: true,
        release: () => {
          if (!held) return;
          held = false;
          overall -= 1;
          const left = (inFlight.get(mailboxId) ?? 1) - 1;
          if (left === 0) inFlight.delete(mailboxId);
          else inFlight.set(mailboxId, left);
        },
      };
    },
  };
}
