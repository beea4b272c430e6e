// The number of rows in one statement that was the fastest with Kysely.
const ROWS = 200;

/** Parts of a list, each as long as one statement should be. */
export function* chunks<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += ROWS) yield items.slice(from, from + ROWS);
}
