import type { CallOptions } from './call-options.ts';
import { type Checkpoint, emptyCheckpoint } from './checkpoint.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import { ConnectorError } from './connector-error.ts';
import { type DirectoryKind, type DirectorySink, directoryKinds } from './directory.ts';
import type { DirectoryCounts } from './directory-run.ts';
import type { DirectorySyncOptions } from './directory-sync.ts';
import { selectEntries } from './entry-selection.ts';
import { exceeds, type HeldRemovals, measureRemovals, readRemovals } from './held-removals.ts';
import type { Cursor } from './page.ts';
import { presentIn } from './present-in.ts';
import type { Provider } from './provider.ts';
import { type Records, recordId } from './records.ts';
import type { StorageAdapter } from './storage-adapter.ts';
import { beginRound } from './sync-stream.ts';

/** What the next directory sync would do, as the service tells it now. */
export interface DirectoryPreview {
  /** Kinds that would be read from the beginning: for these, `removed` is what is stored and was not listed. */
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
  readonly sync: DirectorySyncOptions;
  readonly clock: Clock;
  readonly options: CallOptions;
}): Promise<DirectoryPreview> {
  const { connection, provider, sink, storage, checkpoints, clock, options } = context;
  const { threshold, fullEvery } = context.sync;
  const selection = selectEntries(connection, context.sync, clock);
  const counts = {} as Record<DirectoryKind, DirectoryCounts>;
  const held: Partial<Record<DirectoryKind, HeldRemovals>> = {};
  const full: DirectoryKind[] = [];

  const look = async (kind: DirectoryKind, cursor: Cursor | undefined) => {
    const waiting = await readRemovals(storage, connection.id, kind);
    const removed = new Set(waiting.all().map(({ id }) => id));
    const brought = new Set<string>();
    let upserted = 0;
    const pages = selection.isWanted(kind)
      ? provider.directory.changes(connection.tenant, kind, {
          ...options,
          cursor,
          ...(kind === 'user' && { memberOf: selection.memberOf }),
        })
      : [];
    for await (const { changes } of pages)
      for (const change of changes) {
        options.signal?.throwIfAborted();
        const id = change.type === 'upserted' ? change.item.id : change.id;
        if (change.type === 'upserted' && (await selection.admit(change.item))) {
          upserted++;
          brought.add(id);
          removed.delete(id);
        } else {
          brought.delete(id);
          removed.add(id);
        }
      }
    const ids = [...removed];
    const told = await measureRemovals(sink, connection.id, kind, { sweep: undefined, ids });
    // After a full read whatever it did not list goes as well.
    const listed =
      cursor === undefined ? (await presentIn(sink, connection.id, kind, [...brought])).length : undefined;
    const removals = listed === undefined ? told.removals : told.stored - listed;
    return { upserted, all: { removals, stored: told.stored }, wasHeld: waiting.held };
  };

  for (const kind of directoryKinds) {
    const checkpoint = (await checkpoints.get(recordId(connection.id, 'directory', kind)))?.value;
    const { sweep } = await readRemovals(storage, connection.id, kind);
    const round = beginRound(checkpoint ?? emptyCheckpoint, {
      restartAfter: { age: sweep === undefined ? fullEvery : 0, now: clock.now() },
      selection: selection.selectionOf(kind),
    });
    let cursor = round.full ? undefined : round.cursor;
    const seen = await look(kind, cursor).catch((error: unknown) => {
      if (cursor === undefined || !ConnectorError.is(error, 'cursor_expired')) throw error;
      cursor = undefined;
      return look(kind, cursor);
    });
    if (cursor === undefined && selection.isWanted(kind)) full.push(kind);
    const { upserted, all, wasHeld } = seen;
    counts[kind] = { upserted, removed: all.removals };
    if ((wasHeld && all.removals > 0) || exceeds(all, threshold)) held[kind] = all;
  }
  return { full, counts, held };
}
