import type { Checkpoint } from './checkpoint.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import { type DirectoryChange, type DirectoryKind, type DirectorySink, directoryKinds } from './directory.ts';
import type { Provider } from './provider.ts';
import { type Records, recordId } from './records.ts';
import { syncStream } from './sync-stream.ts';

/** How many entries of a kind a run brought. An entry that came twice counts twice. */
export interface DirectoryCounts {
  readonly upserted: number;
  readonly removed: number;
}

/** What one directory sync did. */
export interface DirectoryRun {
  readonly connectionId: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** ISO 8601. */
  readonly endedAt: string;
  readonly counts: Readonly<Record<DirectoryKind, DirectoryCounts>>;
}

/** Reads what changed of each kind, in order, and hands it to the sink. */
export async function syncDirectory(context: {
  readonly connection: Connection;
  readonly provider: Provider;
  readonly sink: DirectorySink;
  readonly checkpoints: Records<Checkpoint>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}): Promise<DirectoryRun> {
  const { connection, provider, sink, checkpoints, clock, signal } = context;
  const startedAt = new Date(clock.now()).toISOString();
  const counts: Record<DirectoryKind, { upserted: number; removed: number }> = {
    domain: { upserted: 0, removed: 0 },
    user: { upserted: 0, removed: 0 },
    group: { upserted: 0, removed: 0 },
  };
  for (const kind of directoryKinds) {
    await syncStream<DirectoryChange>({
      checkpoints,
      checkpointId: recordId(connection.id, 'directory', kind),
      read: (cursor, reading) =>
        provider.directory.changes(connection.tenant, kind, { cursor, signal: reading }),
      async apply(changes, { generation, sweep }) {
        if (changes.length > 0 || sweep)
          await sink.apply({ connectionId: connection.id, kind, generation, changes, sweep }, { signal });
        for (const change of changes) counts[kind][change.type]++;
        return {};
      },
      shouldStop: () => false,
      signal,
    });
  }
  return {
    connectionId: connection.id,
    startedAt,
    endedAt: new Date(clock.now()).toISOString(),
    counts,
  };
}
