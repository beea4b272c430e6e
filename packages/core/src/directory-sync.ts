import type { Usage } from './call-options.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import { ConnectorError } from './connector-error.ts';
import { type DirectoryChange, type DirectoryKind, type DirectorySink, directoryKinds } from './directory.ts';
import type { DirectoryCounts, DirectoryRun } from './directory-run.ts';
import {
  type EntrySelection,
  type SelectionOptions,
  selectChanges,
  selectEntries,
} from './entry-selection.ts';
import {
  exceeds,
  type HeldRemovals,
  measureRemovals,
  openRemovals,
  type RemovalThreshold,
} from './held-removals.ts';
import type { Lease } from './lease.ts';
import type { Cursor, Page } from './page.ts';
import type { Provider } from './provider.ts';
import { type Records, recordId } from './records.ts';
import type { StorageAdapter } from './storage-adapter.ts';
import { syncStream } from './sync-stream.ts';

// Removals go to the sink in batches of this size.
const BATCH = 500;

// Changes in one batch for the sink: a transaction for each page of the service would cost a multiple.
const AT_ONCE = 1000;

// How many groups are read whole at once: a delta filter takes 50 ids ("group: delta").
const WHOLE = 50;

/** How a directory is synchronised. */
export interface DirectorySyncOptions extends SelectionOptions {
  /** Milliseconds after which everything is read again, to find what changes alone did not tell. */
  readonly fullEvery: number;
  readonly threshold: RemovalThreshold;
}

/**
 * Reads what changed of each kind, in order, and hands it to the sink: what was added or changed page by page, and what was removed
 * at the end of the round, if it is believable.
 *
 * @returns What it did, also when it broke off: then with the error.
 */
export async function syncDirectory(context: {
  readonly connection: Connection;
  readonly provider: Provider;
  readonly sink: DirectorySink;
  readonly storage: StorageAdapter;
  readonly checkpoints: Records<Checkpoint>;
  readonly options: DirectorySyncOptions;
  readonly allowRemovals: boolean;
  /** Read everything anew. */
  readonly full: boolean;
  readonly clock: Clock;
  readonly lease: Lease;
}): Promise<{ readonly run: DirectoryRun; readonly thrown?: unknown }> {
  const { connection, provider, sink, storage, checkpoints, options, clock, lease } = context;
  const { epoch, signal } = lease;
  const connectionId = connection.id;
  const startedAt = new Date(clock.now()).toISOString();
  const counts = Object.fromEntries(
    directoryKinds.map((kind) => [kind, { upserted: 0, removed: 0 }]),
  ) as Record<DirectoryKind, DirectoryCounts>;
  const count = (kind: DirectoryKind, more: Partial<DirectoryCounts>) => {
    const { upserted, removed } = counts[kind];
    counts[kind] = {
      upserted: upserted + (more.upserted ?? 0),
      removed: removed + (more.removed ?? 0),
    };
  };
  const held: Partial<Record<DirectoryKind, HeldRemovals>> = {};
  const full: DirectoryKind[] = [];
  let requests = 0;
  let resourceUnits = 0;

  const answered = ({ resourceUnits: units = 0 }: Usage) => {
    requests++;
    resourceUnits += units;
  };
  const omissions = provider.directory.omissions?.(connection.granted) ?? [];

  const sync = async (kind: DirectoryKind, selection: EntrySelection): Promise<void> => {
    const removals = await openRemovals(storage, connectionId, kind, epoch);
    let round = 0;
    const apply = async (changes: readonly DirectoryChange[], generation: number, sweep: boolean) => {
      lease.assertHeld();
      if (changes.length > 0 || sweep)
        await sink.apply({ connectionId, kind, generation, epoch, changes, sweep }, { signal });
    };
    const read = (
      of: { readonly cursor?: Cursor | undefined; readonly ids?: readonly string[] },
      reading: AbortSignal,
    ) =>
      provider.directory.changes(connection.tenant, kind, {
        ...of,
        ...(kind === 'user' && { memberOf: selection.memberOf }),
        signal: reading,
        onAnswer: answered,
      });

    /** Hands a page on to the sink, and then the groups that it told too little of. */
    const store = async (
      page: readonly DirectoryChange[],
      seen: { readonly full: boolean; readonly continued: boolean; readonly leftOut: Set<string> },
    ): Promise<number> => {
      const of = { connectionId, kind, generation: round, sink, signal, isWaiting: removals.has };
      const { changes, whole } = await selectChanges(selection, page, { ...of, ...seen });
      const rest = await removals.take(changes);
      await apply(rest, round, false);
      await removals.settle();
      let upserted = rest.filter(({ type }) => type === 'upserted').length;
      for (let from = 0; from < whole.length; from += WHOLE) {
        const ids = whole.slice(from, from + WHOLE);
        // What was stored of their members is of before they left the scope.
        await apply(
          ids.map((id) => ({ type: 'removed', id, reason: 'recoverable' })),
          round,
          false,
        );
        const anew = { full: true, continued: false, leftOut: new Set<string>() };
        for await (const { changes: rows } of read({ ids }, signal)) upserted += await store(rows, anew);
        for (const id of ids) seen.leftOut.delete(id);
      }
      return upserted;
    };

    const checkpointId = recordId(connectionId, 'directory', kind);
    const begun = (await checkpoints.get(checkpointId))?.value;
    // What the earlier run left out of its full read is known to nobody.
    let continued = begun?.cursor !== undefined && begun.full && !begun.caughtUp;
    const leftOut = new Set<string>();

    await syncStream<DirectoryChange>({
      checkpoints,
      checkpointId,
      atOnce: AT_ONCE,
      // While a sweep waits, everything is read again each time: what was left out by mistake is not told as a change.
      restartAfter: { age: removals.sweep === undefined ? options.fullEvery : 0, now: clock.now() },
      selection: selection.selectionOf(kind),
      read: (cursor, reading) => (selection.isWanted(kind) ? read({ cursor }, reading) : nothing()),
      async apply(changes, { generation, full: isFull, sweep }) {
        continued &&= generation === begun?.generation;
        round = generation;
        if (isFull && selection.isWanted(kind) && !full.includes(kind)) full.push(kind);
        const upserted = await store(changes, { full: isFull, continued, leftOut });
        if (sweep) await removals.holdSweep(generation);
        count(kind, { upserted });
        return { upserted };
      },
      shouldStop: () => false,
      signal,
    });

    if (removals.size === 0 && removals.sweep === undefined && !removals.held) return;
    const changes = removals.all();
    const ids = changes.map(({ id }) => id);
    const all = await measureRemovals(sink, connectionId, kind, { sweep: removals.sweep, ids });
    const isHeld = (removals.held && all.removals > 0) || exceeds(all, options.threshold);
    if (!context.allowRemovals && isHeld) {
      await removals.hold();
      held[kind] = all;
      return;
    }
    for (let from = 0; from < changes.length; from += BATCH)
      await apply(changes.slice(from, from + BATCH), round, false);
    if (removals.sweep !== undefined) await apply([], removals.sweep, true);
    const after = await sink.measure(connectionId, kind, 0);
    count(kind, { removed: all.stored - after.stored });
    await removals.clear();
  };

  const ended = (outcome: DirectoryRun['outcome']): DirectoryRun => {
    const endedAt = new Date(clock.now()).toISOString();
    return {
      connectionId,
      startedAt,
      endedAt,
      outcome,
      full,
      counts,
      held,
      omissions,
      requests,
      resourceUnits,
    };
  };
  try {
    if (context.full) await beginAnew(checkpoints, connectionId);
    const selection = selectEntries(connection, options, clock);
    for (const kind of directoryKinds) await sync(kind, selection);
    return { run: ended(Object.keys(held).length > 0 ? 'held' : 'completed') };
  } catch (thrown) {
    if (signal.aborted) return { run: ended('stopped'), thrown };
    const { code, serviceCode } = ConnectorError.is(thrown)
      ? thrown
      : { code: 'unexpected', serviceCode: undefined };
    const outcome = code === 'throttled' ? 'stopped' : 'failed';
    return { run: { ...ended(outcome), error: { code, serviceCode } }, thrown };
  }
}

/** A kind that is not wanted: there is nothing of it, so that what was stored is swept. */
async function* nothing(): AsyncGenerator<Page<DirectoryChange>> {
  yield { changes: [], cursor: undefined, caughtUp: true };
}

/** Forgets where all kinds stood. Nothing is removed: the generations go on. */
async function beginAnew(checkpoints: Records<Checkpoint>, connectionId: string): Promise<void> {
  for (const kind of directoryKinds) {
    const id = recordId(connectionId, 'directory', kind);
    const checkpoint = await checkpoints.get(id);
    if (checkpoint)
      await checkpoints.put(
        id,
        { ...checkpoint.value, cursor: undefined, caughtUp: true },
        checkpoint.version,
      );
  }
}
