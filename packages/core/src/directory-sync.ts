import type { Checkpoint } from './checkpoint.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import { ConnectorError } from './connector-error.ts';
import { type DirectoryChange, type DirectoryKind, type DirectorySink, directoryKinds } from './directory.ts';
import type { DirectoryCounts, DirectoryRun } from './directory-run.ts';
import { exceeds, type HeldRemovals, openRemovals, type RemovalThreshold } from './held-removals.ts';
import type { Lease } from './lease.ts';
import type { Provider } from './provider.ts';
import { type Records, recordId } from './records.ts';
import type { StorageAdapter } from './storage-adapter.ts';
import { syncStream } from './sync-stream.ts';

// Removals go to the sink in batches of this size.
const BATCH = 500;

/** How a directory is synchronised. */
export interface DirectorySyncOptions {
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

  const sync = async (kind: DirectoryKind): Promise<void> => {
    const checkpointId = recordId(connectionId, 'directory', kind);
    const removals = await openRemovals(storage, connectionId, kind);
    let round = 0;
    const apply = async (changes: readonly DirectoryChange[], generation: number, sweep: boolean) => {
      lease.assertHeld();
      if (changes.length > 0 || sweep)
        await sink.apply({ connectionId, kind, generation, epoch, changes, sweep }, { signal });
    };

    await syncStream<DirectoryChange>({
      checkpoints,
      checkpointId,
      restartAfter: { age: options.fullEvery, now: clock.now() },
      read: (cursor, reading) =>
        provider.directory.changes(connection.tenant, kind, {
          cursor,
          signal: reading,
          onAnswer({ resourceUnits: units = 0 }) {
            requests++;
            resourceUnits += units;
          },
        }),
      async apply(changes, { generation, full: isFull, sweep }) {
        round = generation;
        if (isFull && !full.includes(kind)) full.push(kind);
        const rest = await removals.take(changes);
        await apply(rest, generation, false);
        if (sweep) await removals.holdSweep(generation);
        const upserted = rest.filter(({ type }) => type === 'upserted').length;
        count(kind, { upserted });
        return { upserted };
      },
      shouldStop: () => false,
      signal,
    });

    if (removals.size === 0 && removals.sweep === undefined) return;
    const { stored, stale } = await sink.measure(connectionId, kind, removals.sweep ?? 0);
    // Of what a full read did not find again, the service may have told as well.
    const all = { removals: Math.max(stale, removals.size), stored };
    const isFirst = removals.sweep === 1;
    if (!isFirst && !context.allowRemovals && exceeds(all, options.threshold)) {
      held[kind] = all;
      return;
    }
    const changes = removals.all();
    for (let from = 0; from < changes.length; from += BATCH)
      await apply(changes.slice(from, from + BATCH), round, false);
    if (removals.sweep !== undefined) await apply([], removals.sweep, true);
    const after = await sink.measure(connectionId, kind, 0);
    count(kind, { removed: stored - after.stored });
    await removals.clear();
  };

  const ended = (outcome: DirectoryRun['outcome']): DirectoryRun => {
    const endedAt = new Date(clock.now()).toISOString();
    return { connectionId, startedAt, endedAt, outcome, full, counts, held, requests, resourceUnits };
  };
  try {
    for (const kind of directoryKinds) await sync(kind);
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
