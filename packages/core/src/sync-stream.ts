import { addCounts, type Checkpoint, emptyCheckpoint } from './checkpoint.ts';
import { ConnectorError } from './connector-error.ts';
import type { Cursor, Page } from './page.ts';
import { readAhead } from './read-ahead.ts';
import type { Records } from './records.ts';

export interface SyncStreamOptions<T> {
  readonly checkpoints: Records<Checkpoint>;
  readonly checkpointId: string;
  /** Pages from the cursor on; without one, from the beginning. */
  readonly read: (cursor: Cursor | undefined, signal: AbortSignal) => AsyncIterable<Page<T>>;
  /**
   * Stores what a page brought, durably, and says what to count. Called at least once per page, in order.
   * `sweep`: this ends a full read, and what an older generation saw no longer exists.
   */
  readonly apply: (
    changes: readonly T[],
    round: { readonly generation: number; readonly full: boolean; readonly sweep: boolean },
  ) => Promise<Readonly<Record<string, number>>>;
  /** A round that begins when the last full read began so long ago (milliseconds) reads everything. @default never */
  readonly restartAfter?: { readonly age: number; readonly now: number } | undefined;
  /** What is selected of the stream, as text. A round of another selection is given up, and everything read. @default everything */
  readonly selection?: string | undefined;
  /** Number of the round that this is a part of, noted in the checkpoint at its end. @default none */
  readonly round?: number | undefined;
  /**
   * Whether the beginning of a full read is recorded before its first page, for an `apply` that keeps the generation: what a first
   * page that was stored and not committed has seen must not vouch for entries that are gone by now. @default true
   */
  readonly recordsBeginning?: boolean | undefined;
  /** Pages that come while earlier ones are stored are put together, up to about so many changes. @default 0, each page by itself */
  readonly atOnce?: number | undefined;
  /** Asked after each page. */
  readonly shouldStop: () => boolean;
  readonly signal: AbortSignal;
}

// A service that forgets a cursor again right after a full read has begun is not going to stop doing so.
const RESTARTS = 3;

/**
 * The one loop: page, sink, checkpoint by compare-and-set, next page.
 *
 * The sink comes first and the checkpoint second, so that a crash between them repeats a page and never skips one.
 * The next pages are fetched while this one is stored. The checkpoint's version fences: of two processes that read the same
 * stream, the second one's commit fails with `conflict`.
 *
 * @returns `caught_up` at the end of a round, `stopped` when `shouldStop` said so: the next call goes on from there.
 */
export async function syncStream<T>(options: SyncStreamOptions<T>): Promise<'caught_up' | 'stopped'> {
  const { checkpoints, checkpointId, apply, shouldStop, signal } = options;
  const stored = await checkpoints.get(checkpointId);
  let version = stored?.version ?? null;
  let state = beginRound(stored?.value ?? emptyCheckpoint, options);
  const commit = async (next: Checkpoint) => {
    version = await checkpoints.put(checkpointId, next, version);
    state = next;
  };

  // What is read from its beginning gets a generation that no attempt before it has used.
  if (state.cursor === undefined && options.recordsBeginning !== false) await commit(state);

  for (let restarts = 0; ; restarts++) {
    const reading = new AbortController();
    const pages = options
      .read(state.cursor, AbortSignal.any([signal, reading.signal]))
      [Symbol.asyncIterator]();
    try {
      const ahead = readAhead(pages, options.atOnce ?? 0);
      for (;;) {
        signal.throwIfAborted();
        const page = await ahead.take();
        const { generation, full, counts } = state;
        const counted = await apply(page.changes, { generation, full, sweep: page.caughtUp && full });
        signal.throwIfAborted();
        await commit({
          cursor: page.cursor,
          generation,
          full: full && !page.caughtUp,
          caughtUp: page.caughtUp,
          fullSince: state.fullSince,
          selection: state.selection,
          ...(page.caughtUp && { doneInRound: options.round }),
          counts: addCounts(counts, counted),
        });
        if (page.caughtUp) return 'caught_up';
        if (shouldStop()) return 'stopped';
      }
    } catch (error) {
      if (!ConnectorError.is(error, 'cursor_expired') || restarts === RESTARTS) throw error;
      await commit({
        ...state,
        cursor: undefined,
        generation: state.generation + 1,
        full: true,
        caughtUp: false,
        ...(options.restartAfter && { fullSince: options.restartAfter.now }),
      });
    } finally {
      reading.abort();
      // A generator that still waits for its next page ends by the signal; nothing depends on when.
      pages.return?.().catch(() => {});
    }
  }
}

/** How a round begins: where the last one ended, or from the beginning. */
export const beginRound = (
  last: Checkpoint,
  { restartAfter, selection }: Pick<SyncStreamOptions<unknown>, 'restartAfter' | 'selection'>,
): Checkpoint => {
  const isOther = last.selection !== selection;
  const { age, now } = restartAfter ?? { age: Number.POSITIVE_INFINITY, now: 0 };
  const since = now - (last.fullSince ?? now);
  // One that began in a time to come was noted by a clock that was wrong.
  const isOld = last.caughtUp && (since >= age || since < 0);
  if (last.cursor !== undefined && !isOther && !isOld)
    return { ...last, caughtUp: false, full: last.full && !last.caughtUp };
  return {
    ...last,
    cursor: undefined,
    full: true,
    caughtUp: false,
    generation: last.generation + 1,
    selection,
    ...(restartAfter && { fullSince: now }),
  };
};
