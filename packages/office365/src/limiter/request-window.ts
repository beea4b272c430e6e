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
const GROUP = 10;

/**
 * A sliding window of one-second counts, at 99.9 % of the published quota. What the service refuses although the window
 * has room lowers the capacity; it grows back by 1 % per window.
 *
 * @param knownSince Since when every request was counted. Before a whole window has passed, a refusal may be due to
 * requests of an earlier process, and teaches nothing.
 * @param assumed Which share of the quota an earlier process is taken to have spent, evenly over the window before.
 */
export function requestWindow(knownSince: number, assumed = 0): Quota {
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

  const add = (age: number, count: number) => {
    if (age >= CELLS) return;
    const index = (newest - age) % CELLS;
    counts[index] = (counts[index] ?? 0) + count;
    total += count;
  };

  if (assumed > 0) {
    advance(knownSince);
    const spent = (age: number) => Math.round((age * CEILING * assumed) / SPAN);
    for (let age = 0; age < SPAN; age++) add(age, spent(age + 1) - spent(age));
  }

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
      add(0, 1);
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
    state(now) {
      advance(now);
      const groups = Array.from({ length: Math.ceil(CELLS / GROUP) }, () => 0);
      for (let age = 0; age < CELLS; age++) {
        const group = Math.floor(age / GROUP);
        groups[group] = (groups[group] ?? 0) + (counts[(newest - age) % CELLS] ?? 0);
      }
      return { counts: groups, knownFor: now - knownSince, ...(capacity < CEILING && { capacity }) };
    },
    resume(state, now, elapsed, missing) {
      advance(now);
      counts.fill(0);
      total = 0;
      // Each group as if it were all in its newest second: what is not known is counted longer, never shorter.
      const ago = Math.floor(elapsed / 1000);
      for (const [group, count] of (state.counts ?? []).entries()) add(ago + group * GROUP, count);
      add(Math.max(0, ago - GROUP), missing);
      knownSince = now - elapsed - (state.knownFor ?? 0);
      capacity = Math.max(FLOOR, Math.min(CEILING, state.capacity ?? CEILING));
      grownAt = now - elapsed;
    },
  };
}
