import { doubled, equalJitter } from '../limiter/backoff.ts';

/** What the service said of single items that it did not hand out, also over several calls. */
export interface ItemRefusals {
  /** Counts one more. @returns whether the item has had as many tries in a row as it may */
  add(item: string, tries: number, retryAt: number | undefined): boolean;
  /** The next tries are counted anew. What the item was refused for is remembered until it comes. */
  endCall(item: string): void;
  /** The item came. @returns how often it was refused before */
  came(item: string): number;
  /** Epoch milliseconds before which it is too early to ask again. */
  restUntil(item: string): number;
}

interface Refused {
  readonly total: number;
  readonly inARow: number;
  readonly until: number;
}

const MOST_ITEMS = 1_000;
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 10_000;

/**
 * Kept beyond the end of a call: whoever asks again at once is made to wait, and an item that is answered with 503 and a
 * long `Retry-After` each time, which ends the call, would otherwise begin anew each time, and hold its mailbox for ever.
 */
export function createItemRefusals(clock: { now(): number }, random: () => number): ItemRefusals {
  const items = new Map<string, Refused>();
  return {
    add(item, tries, retryAt = 0) {
      const { total = 0, inARow = 0 } = items.get(item) ?? {};
      const pause = equalJitter(doubled(FIRST_PAUSE, LONGEST_PAUSE, total + 1), random);
      const until = Math.max(retryAt, clock.now() + pause);
      items.delete(item);
      items.set(item, { total: total + 1, inARow: inARow + 1, until });
      if (items.size > MOST_ITEMS) {
        const [oldest] = items.keys();
        if (oldest !== undefined) items.delete(oldest);
      }
      return inARow + 1 >= tries;
    },
    endCall(item) {
      const known = items.get(item);
      if (known) items.set(item, { ...known, inARow: 0 });
    },
    came(item) {
      const { total = 0 } = items.get(item) ?? {};
      items.delete(item);
      return total;
    },
    restUntil: (item) => items.get(item)?.until ?? 0,
  };
}
