import type { Checkpoint } from './checkpoint.ts';
import type { Clock } from './clock.ts';
import { type ConnectionRegistry, requireCapability } from './connections.ts';
import type { Connector } from './connector.ts';
import { ConnectorError } from './connector-error.ts';
import type { DirectorySink } from './directory.ts';
import { previewDirectory } from './directory-preview.ts';
import type { DirectoryRuns } from './directory-runs.ts';
import type { DirectorySyncOptions } from './directory-sync.ts';
import type { Records } from './records.ts';
import { changeSchedule, type Schedule, scheduleId } from './schedule.ts';
import type { StorageAdapter } from './storage-adapter.ts';

// How often a caller who joined the run of another process looks whether it has ended.
const JOIN_INTERVAL = 500;

/** What a host says and asks about the directories of its connections. */
export function createDirectorySteering(context: {
  readonly connections: ConnectionRegistry;
  readonly run: Connector['run'];
  readonly runs: DirectoryRuns;
  readonly schedules: Records<Schedule>;
  readonly sink: DirectorySink;
  readonly storage: StorageAdapter;
  readonly checkpoints: Records<Checkpoint>;
  readonly options: DirectorySyncOptions;
  readonly clock: Clock;
}): Connector['directory'] {
  const { connections, run, runs, schedules, sink, storage, checkpoints, clock } = context;

  const syncNow: Connector['directory']['sync'] = async (connectionId, options = {}) => {
    const { signal, allowRemovals, full } = options;
    const before = await runs.last(connectionId);
    let wantsFull = full;
    for (;;) {
      const task = { kind: 'directory.sync', connectionId, allowRemovals, full: wantsFull } as const;
      const outcome = await run(task, { signal });
      signal?.throwIfAborted();
      if (outcome.status === 'yielded' && outcome.reason === 'stopped')
        throw new ConnectorError(
          'aborted',
          'The directory sync was stopped; the next one goes on from there.',
        );
      if (outcome.status !== 'completed') {
        // While another process is at it, look often: it may end long before its lease does.
        const longest = outcome.status === 'busy' ? JOIN_INTERVAL : Number.POSITIVE_INFINITY;
        await clock.wait(Math.min(longest, Math.max(0, outcome.resumeAt - clock.now())), { signal });
      }
      // What has begun anew goes on from there: it must not begin anew again after each wait.
      if (outcome.status !== 'busy') wantsFull = false;
      const last = await runs.last(connectionId);
      if (wantsFull || !last || last.version === before?.version) continue;
      const { run: done } = last;
      // Another process's run may have held what this caller lets through.
      const isEnough = done.outcome === 'completed' || (done.outcome === 'held' && !allowRemovals);
      if (isEnough) return done;
    }
  };

  return {
    sync: syncNow,
    async request(connectionId) {
      requireCapability(await connections.requireActive(connectionId), 'directory');
      await changeSchedule(schedules, scheduleId(connectionId, 'directory'), { requestedAt: clock.now() });
    },
    async preview(connectionId, options = {}) {
      const connection = await connections.requireActive(connectionId);
      requireCapability(connection, 'directory');
      const provider = connections.provider(connection);
      return previewDirectory({
        ...{ connection, provider, sink, storage, checkpoints, clock },
        sync: context.options,
        options,
      });
    },
    status: async (connectionId) => (await runs.last(connectionId))?.run,
    runs: runs.list,
  };
}
