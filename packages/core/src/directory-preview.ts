import type { CallOptions } from './call-options.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import { type DirectoryKind, type DirectorySink, directoryKinds } from './directory.ts';
import type { DirectoryCounts } from './directory-run.ts';
import { type SelectionOptions, selectEntries } from './entry-selection.ts';
import {
  exceeds,
  type HeldRemovals,
  measureRemovals,
  type RemovalThreshold,
  readRemovals,
} from './held-removals.ts';
import { presentIn } from './present-in.ts';
import type { Provider } from './provider.ts';
import { type Records, recordId } from './records.ts';
import type { StorageAdapter } from './storage-adapter.ts';

/** What the next directory sync would do, as the service tells it now. */
export interface DirectoryPreview {
  /** Kinds that would be read from the beginning: for these, `removed` is what is stored and was not listed; what was listed twice can hide one. */
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
  readonly selection: SelectionOptions;
  readonly clock: Clock;
  readonly options: CallOptions;
}): Promise<DirectoryPreview> {
  const { connection, provider, sink, storage, checkpoints, threshold, options } = context;
  const selection = selectEntries(connection, context.selection, context.clock);
  const counts = {} as Record<DirectoryKind, DirectoryCounts>;
  const held: Partial<Record<DirectoryKind, HeldRemovals>> = {};
  const full: DirectoryKind[] = [];

  for (const kind of directoryKinds) {
    const checkpoint = (await checkpoints.get(recordId(connection.id, 'directory', kind)))?.value;
    const waiting = await readRemovals(storage, connection.id, kind);
    const removed = new Set(waiting.all().map(({ id }) => id));
    const isFull = checkpoint?.cursor === undefined || checkpoint.selection !== selection.selectionOf(kind);
    let upserted = 0;
    let listed = 0;
    let returning = 0;
    const { sweep } = waiting;
    const pages = selection.isWanted(kind)
      ? provider.directory.changes(connection.tenant, kind, {
          ...options,
          cursor: isFull ? undefined : checkpoint.cursor,
          ...(kind === 'user' && { memberOf: selection.memberOf }),
        })
      : [];
    for await (const { changes } of pages) {
      const brought = new Set<string>();
      for (const change of changes) {
        const id = change.type === 'upserted' ? change.item.id : change.id;
        if (change.type === 'upserted' && (await selection.admit(change.item))) {
          upserted++;
          brought.add(id);
          removed.delete(id);
        } else {
          brought.delete(id);
          if (!isFull) removed.add(id);
        }
      }
      const present = (generation: number) =>
        presentIn(sink, connection.id, kind, [...brought], generation).then(({ length }) => length);
      if (isFull) listed += await present(0);
      // What a held sweep would take, and is told of now, stays.
      else if (sweep !== undefined) returning += (await present(0)) - (await present(sweep));
    }
    if (isFull && selection.isWanted(kind)) full.push(kind);
    const { removals: leaving, stored } = await measureRemovals(sink, connection.id, kind, {
      sweep,
      ids: [...removed],
    });
    const removals = isFull ? Math.max(0, stored - listed) : Math.max(0, leaving - returning);
    counts[kind] = { upserted, removed: removals };
    const all = { removals, stored };
    if (stored > 0 && exceeds(all, threshold)) held[kind] = all;
  }
  return { full, counts, held };
}
