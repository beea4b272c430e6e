import type { Quota } from './quota.ts';

// "Microsoft Graph service-specific throttling limits", Outlook: 10,000 requests in 10 minutes per app and mailbox.
const SPAN = 600;
const CEILING = 9_990;
// One cell more because the oldest second is only partly over, and one because requests travel at different speeds.
const CELLS = SPAN + 2;
const FLOOR = 500;
const CUT = 0.95;
const REST_BETWEEN_CUTS = 60_000;
const GROWTH = 0.01;
const DAY = 86_400_000;

/**
 * A sliding window of one-second counts, at 99.9 % of the published quota. What the service refuses although the window
 * has room lowers the capacity; it grows back by 1 % per window.
 *
 * @param knownSince Since when every request was counted. Before a whole window has passed, a refusal may be due to
 * requests of an earlier process, and teaches nothing.
 */
export function requestWindow(knownSince: number): Quota {
  const counts = new Uint16Array(CELLS);
  let newest = 0;
  let total = 0;
  let capacity = CEILING;
  let cutAt = Number.NEGATIVE_INFINITY;
  let grownAt = 0;

  const advance = (now: number) => {
    const cell = Math.floor(now / 1000);
    if (cell - newest >= CELLS) {
      counts.fill(0);
      total = 0;
      newest = cell;
    }
    while (newest < cell) {
      newest++;
      const index = newest % CELLS;
      total -= counts[index] ?? 0;
      counts[index] = 0;
    }
  };

  return {
    readyAt(now) {
      advance(now);
      let left = total;
      if (left < capacity) return now;
      for (let cell = newest - CELLS + 1; ; cell++) {
        left -= counts[cell % CELLS] ?? 0;
        if (left < capacity) return (cell + CELLS) * 1000;
      }
    },
    take(now) {
      advance(now);
      const index = newest % CELLS;
      counts[index] = (counts[index] ?? 0) + 1;
      total++;
    },
    accepted(now) {
      if (capacity < CEILING) {
        capacity = Math.min(CEILING, capacity * (1 + (GROWTH * (now - grownAt)) / (SPAN * 1000)));
        grownAt = now;
      }
    },
    refused(now) {
      advance(now);
      if (total >= capacity || now - knownSince < SPAN * 1000 || now - cutAt < REST_BETWEEN_CUTS) return;
      capacity = Math.max(FLOOR, Math.min(capacity, total) * CUT);
      cutAt = now;
      grownAt = now;
    },
    interval: () => (SPAN * 1000) / capacity,
    idle(now) {
      advance(now);
      return total === 0 && (capacity === CEILING || now - grownAt >= DAY);
    },
  };
}
