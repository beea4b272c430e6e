import type { Cursor } from './page.ts';

/** How far one stream of changes has been read. */
export interface Checkpoint {
  /** Where to continue; absent before the first page, and for collections without deltas after the last. */
  readonly cursor?: Cursor | undefined;
  /** Rises whenever the stream is read from its beginning. */
  readonly generation: number;
  /** The round under way reads everything, not only what changed. */
  readonly full: boolean;
  /** Epoch milliseconds: when the last full read began, for streams that are read in full from time to time. */
  readonly fullSince?: number | undefined;
  /** What is selected of the stream, as text; absent when it is everything. Another selection begins anew. */
  readonly selection?: string | undefined;
  /** The last round came to its end; the next one starts a new round. */
  readonly caughtUp: boolean;
  /** Number of the round in which the stream was done with: read to its end, gone, or given up. */
  readonly doneInRound?: number | undefined;
  /** Epoch milliseconds: since when it could not be read. */
  readonly failingSince?: number | undefined;
  /** What was counted over all rounds. */
  readonly counts: Readonly<Record<string, number>>;
}

export const emptyCheckpoint: Checkpoint = { generation: 0, full: true, caughtUp: true, counts: {} };

export const addCounts = (
  counts: Readonly<Record<string, number>>,
  added: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> => {
  const sum = { ...counts };
  for (const [name, count] of Object.entries(added)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
};
