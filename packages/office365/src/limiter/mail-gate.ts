import type { Gate } from './gate.ts';

// "Microsoft Graph service-specific throttling limits", Outlook, has named four concurrent requests per mailbox at times,
// and per app whatever the mailbox at others.
const LEAST = 4;
const CLEAN_CALLS_PER_PLACE = 500;
const REFUSED_LANES = 3;
const REFUSED_SHARE = 0.25;
const MINUTE = 60_000;

/**
 * The gate of all mailboxes of a tenant. It is open until several of them are refused within a minute, each with a single
 * request under way, and a quarter as many as there are requests under way: then the limit is not theirs, nor do other
 * products hold a few of them. It halves what is under way, and grows back by one per 500 requests.
 */
export function createMailGate(enterApp: (turn: () => void) => boolean): Gate {
  const waiting = new Set<() => void>();
  const refused = new Map<object, number>();
  let inFlight = 0;
  let most = Number.POSITIVE_INFINITY;
  let clean = 0;

  const callNext = () => {
    // Who finds the app's gate closed waits there, and leaves its place here to the next.
    for (const turn of waiting) {
      if (inFlight >= most) return;
      waiting.delete(turn);
      turn();
    }
  };

  return {
    enter(turn) {
      if (inFlight >= most) {
        waiting.add(turn);
        return false;
      }
      if (!enterApp(turn)) return false;
      inFlight++;
      return true;
    },
    accepted() {
      if (most === Number.POSITIVE_INFINITY || ++clean < CLEAN_CALLS_PER_PLACE) return;
      clean = 0;
      most++;
      callNext();
    },
    crowded(lane, now) {
      refused.set(lane, now);
      for (const [other, at] of refused) if (now - at > MINUTE) refused.delete(other);
      if (refused.size < Math.max(REFUSED_LANES, inFlight * REFUSED_SHARE)) return;
      refused.clear();
      clean = 0;
      most = Math.max(LEAST, Math.floor(inFlight / 2));
    },
    leave() {
      inFlight--;
      callNext();
    },
  };
}
