/** How often in a row single items were refused, also over several calls. */
export interface ItemRefusals {
  /** Counts one more. @returns whether the item has had all its tries */
  exhausted(item: string): boolean;
  forget(item: string): void;
}

const TRIES = 3;
const MOST_ITEMS = 1_000;

/**
 * Kept beyond the end of a call, because a call that is told to wait for too long ends: an item that is answered with 503
 * and a long `Retry-After` each time would otherwise begin anew each time, and hold its mailbox for ever.
 */
export function createItemRefusals(): ItemRefusals {
  const counts = new Map<string, number>();
  return {
    exhausted(item) {
      const count = (counts.get(item) ?? 0) + 1;
      counts.delete(item);
      counts.set(item, count);
      if (counts.size > MOST_ITEMS) {
        const [oldest] = counts.keys();
        if (oldest !== undefined) counts.delete(oldest);
      }
      return count >= TRIES;
    },
    forget(item) {
      counts.delete(item);
    },
  };
}
