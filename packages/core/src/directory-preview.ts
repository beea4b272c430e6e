import type { CallOptions } from './call-options.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Connection } from './connection.ts';
import { type DirectoryKind, type DirectorySink, directoryKinds } from './directory.ts';
import type { DirectoryCounts } from './directory-run.ts';
import { exceeds, type HeldRemovals, openRemovals, type RemovalThreshold } from './held-removals.ts';
import type { Provider } from './provider.ts';
import { type Records, recordId } from './records.ts';
import type { StorageAdapter } from './storage-adapter.ts';

/** What the next directory sync would do, as the service tells it now. */
export interface DirectoryPreview {
  /** Kinds that would be read from the beginning: for these, `removed` is what is stored and was not listed, as far as counting can tell. */
  readonly full: readonly DirectoryKind[];
  readonly counts: Readonly<Record<DirectoryKind, DirectoryCounts>>;
  /** What would be held. */
  readonly held: Readonly<Partial<Record<DirectoryKind, HeldRemovals>>>;
}

/** Reads what changed since the last sync, and touches nothing: no sink, no checkpoint. */
export async function previewDirectory(context: {
  readonly connection: Connection;
  readonly provider: Provider;
  readonly sink: DirectorySink;
  readonly storage: StorageAdapter;
  readonly checkpoints: Records<Checkpoint>;
  readonly threshold: RemovalThreshold;
  readonly options: CallOptions;
}): Promise<DirectoryPreview> {
  const { connection, provider, sink, storage, checkpoints, threshold, options } = context;
  const counts = {} as Record<DirectoryKind, DirectoryCounts>;
  const held: Partial<Record<DirectoryKind, HeldRemovals>> = {};
  const full: DirectoryKind[] = [];

  for (const kind of directoryKinds) {
    const checkpoint = (await checkpoints.get(recordId(connection.id, 'directory', kind)))?.value;
    const waiting = await openRemovals(storage, connection.id, kind);
    const { stored, stale } = await sink.measure(connection.id, kind, waiting.sweep ?? 0);
    const removed = new Set(waiting.all().map(({ id }) => id));
    let upserted = 0;
    const pages = provider.directory.changes(connection.tenant, kind, {
      ...options,
      cursor: checkpoint?.cursor,
    });
    for await (const { changes } of pages)
      for (const change of changes) {
        if (change.type === 'removed') removed.add(change.id);
        else {
          upserted++;
          removed.delete(change.item.id);
        }
      }
    const isFull = checkpoint?.cursor === undefined;
    if (isFull) full.push(kind);
    const removals = isFull ? Math.max(0, stored - upserted) : Math.max(stale, removed.size);
    counts[kind] = { upserted, removed: removals };
    const all = { removals, stored };
    if (stored > 0 && exceeds(all, threshold)) held[kind] = all;
  }
  return { full, counts, held };
}
