import type { Bucket } from './bucket.ts';
import { justBefore, positionOf } from './keys.ts';

// Requests under way at once: fewer than the connections of a client (50), so that others have some.
const HEADS = 16;
const LISTS = 4;
// So few messages are asked for one by one.
const FEW = 10;
// At the list price of Amazon a list costs 12 times as much as a look at one object; it also takes longer.
const LIST_PRICE = 10;

/**
 * Which of these keys of one mailbox have an object.
 *
 * Few are looked at one by one. Of many, the keys in the bucket are listed, 1000 with each request, for as long as that is
 * cheaper: the keys are hashes, so the first list tells how many there are. With 500 keys, that is up to about 50,000 messages.
 */
export async function findStored(
  bucket: Bucket,
  prefix: string,
  keys: Iterable<string>,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string>> {
  const asked = [...new Set(keys)].sort();
  const stored = new Set<string>();

  const look = async (some: readonly string[]) => {
    for (let from = 0; from < some.length; from += HEADS) {
      const part = some.slice(from, from + HEADS);
      await Promise.all(
        part.map(async (key) => {
          if (await bucket.head(key, signal)) stored.add(key);
        }),
      );
    }
  };

  /** Lists from the first of these keys on. Returns those that come after what was listed. */
  const listFrom = async (some: readonly [string, ...string[]]) => {
    const { keys, hasMore } = await bucket.list(prefix, justBefore(some[0]), signal);
    const found = new Set(keys);
    const last = hasMore ? keys.at(-1) : undefined;
    const rest: string[] = [];
    for (const key of some) {
      if (found.has(key)) stored.add(key);
      else if (last !== undefined && key > last) rest.push(key);
    }
    return rest;
  };

  const list = async (some: readonly string[]) => {
    for (
      let [first, ...more] = some;
      first !== undefined;
      [first, ...more] = await listFrom([first, ...more])
    );
  };

  const [first, ...more] = asked;
  if (first === undefined || asked.length <= FEW) {
    await look(asked);
    return stored;
  }
  const rest = await listFrom([first, ...more]);
  const [next = ''] = rest;
  const lists = (1 - positionOf(next)) / (positionOf(next) - positionOf(first));
  if (lists * LIST_PRICE > rest.length) await look(rest);
  else await Promise.all(lanes(rest).map(list));
  return stored;
}

/** In as many parts as lists may be under way, in order. */
function lanes(keys: readonly string[]): readonly (readonly string[])[] {
  const size = Math.ceil(keys.length / LISTS);
  return Array.from({ length: LISTS }, (_, lane) => keys.slice(lane * size, (lane + 1) * size));
}
