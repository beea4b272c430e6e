import type { Checkpoint } from './checkpoint.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import { type DirectoryChange, type DirectoryKind, type DirectorySink, directoryKinds } from './directory.ts';
import type { Lease } from './lease.ts';
import type { Provider } from './provider.ts';
import { type Records, recordId } from './records.ts';
import { syncStream } from './sync-stream.ts';

/** How many entries of a kind came. An entry that came twice counts twice. */
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
  /** What came since the run before, also in attempts that were cut off. */
  readonly counts: Readonly<Record<DirectoryKind, DirectoryCounts>>;
}

/** The last run that completed, as it is stored. */
export interface LastRun {
  readonly run: DirectoryRun;
  /** What came in all runs so far. */
  readonly totals: DirectoryRun['counts'];
}

/** Reads what changed of each kind, in order, and hands it to the sink. */
export async function syncDirectory(context: {
  readonly connection: Connection;
  readonly provider: Provider;
  readonly sink: DirectorySink;
  readonly checkpoints: Records<Checkpoint>;
  readonly before: LastRun | undefined;
  readonly clock: Clock;
  readonly lease: Lease;
}): Promise<LastRun> {
  const { connection, provider, sink, checkpoints, before, clock, lease } = context;
  const { epoch, signal } = lease;
  const startedAt = new Date(clock.now()).toISOString();

  const sync = async (kind: DirectoryKind): Promise<DirectoryCounts> => {
    const checkpointId = recordId(connection.id, 'directory', kind);
    await syncStream<DirectoryChange>({
      checkpoints,
      checkpointId,
      read: (cursor, reading) =>
        provider.directory.changes(connection.tenant, kind, { cursor, signal: reading }),
      async apply(changes, { generation, sweep }) {
        lease.assertHeld();
        if (changes.length > 0 || sweep)
          await sink.apply(
            { connectionId: connection.id, kind, generation, epoch, changes, sweep },
            { signal },
          );
        const removed = changes.filter(({ type }) => type === 'removed').length;
        return { upserted: changes.length - removed, removed };
      },
      shouldStop: () => false,
      signal,
    });
    const { upserted = 0, removed = 0 } = (await checkpoints.get(checkpointId))?.value.counts ?? {};
    return { upserted, removed };
  };

  const totals = {} as Record<DirectoryKind, DirectoryCounts>;
  const counts = {} as Record<DirectoryKind, DirectoryCounts>;
  for (const kind of directoryKinds) {
    const { upserted, removed } = await sync(kind);
    totals[kind] = { upserted, removed };
    const earlier = before?.totals[kind];
    counts[kind] = {
      upserted: upserted - (earlier?.upserted ?? 0),
      removed: removed - (earlier?.removed ?? 0),
    };
  }
  const endedAt = new Date(clock.now()).toISOString();
  return { run: { connectionId: connection.id, startedAt, endedAt, counts }, totals };
}
