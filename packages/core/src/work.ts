import type { CallOptions } from './call-options.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import type { ConnectionRegistry } from './connections.ts';
import type { Connector } from './connector.ts';
import { ConnectorError } from './connector-error.ts';
import type { DirectorySink } from './directory.ts';
import { type DirectoryRun, syncDirectory } from './directory-sync.ts';
import type { Emit } from './events.ts';
import type { MessageFailure } from './failure.ts';
import { createLeases } from './lease.ts';
import type { Logger } from './logger.ts';
import type { MailArchive } from './mail.ts';
import { backfillMailbox, type FolderRecord } from './mail-backfill.ts';
import { planMail } from './mail-plan.ts';
import { readMailStatus } from './mail-status.ts';
import type { MailboxRecord } from './mailbox.ts';
import { createRecords, recordId } from './records.ts';
import { changeSchedule, type Schedule, scheduleId } from './schedule.ts';
import type { StorageAdapter } from './storage-adapter.ts';
import { type Task, type TaskOutcome, taskKey } from './task.ts';
import type { ConnectionWork, MailboxWork } from './workload.ts';

// How often a caller who joined the run of another process looks whether it has ended.
const JOIN_INTERVAL = 500;

export interface Work extends Pick<Connector, 'directory' | 'mail' | 'run' | 'workload' | 'close'> {
  /** Aborts what runs for the connection in this process. */
  stop(connectionId: string): void;
}

/** Runs the tasks: lease, then the loop that the task is for, then its record. */
export function createWork(context: {
  readonly connections: ConnectionRegistry;
  readonly storage: StorageAdapter;
  readonly directory: DirectorySink;
  readonly archive: MailArchive;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly logger: Logger;
  readonly slice: number;
}): Work {
  const { connections, storage, clock, emit, logger } = context;
  const leases = createLeases(storage, clock);
  const checkpoints = createRecords<Checkpoint>(storage, 'checkpoints');
  const mailboxes = createRecords<MailboxRecord>(storage, 'mailboxes');
  const folders = createRecords<FolderRecord>(storage, 'folders');
  const failures = createRecords<MessageFailure>(storage, 'failures');
  const schedules = createRecords<Schedule>(storage, 'schedules');
  const runs = createRecords<DirectoryRun>(storage, 'runs');
  const running = new Map<
    AbortController,
    { readonly connectionId: string; readonly ended: Promise<unknown> }
  >();

  const tasks = {
    async 'directory.sync'(connection: Connection, signal: AbortSignal): Promise<TaskOutcome> {
      const run = await syncDirectory({
        connection,
        provider: connections.provider(connection),
        sink: context.directory,
        checkpoints,
        clock,
        signal,
      });
      await runs.put(recordId(connection.id, 'directory', run.startedAt), run);
      await changeSchedule(schedules, scheduleId(connection.id, 'directory'), {
        lastStartedAt: Date.parse(run.startedAt),
        resumeAt: undefined,
      });
      emit('directory.synced', { run });
      return { status: 'completed' };
    },
    async 'mail.plan'(connection: Connection, signal: AbortSignal): Promise<TaskOutcome> {
      const startedAt = clock.now();
      await planMail({
        connection,
        provider: connections.provider(connection),
        checkpoints,
        mailboxes,
        clock,
        signal,
      });
      await changeSchedule(schedules, scheduleId(connection.id, 'mail'), {
        lastStartedAt: startedAt,
        resumeAt: undefined,
      });
      return { status: 'completed' };
    },
  };

  const runTask = (task: Task, connection: Connection, signal: AbortSignal): Promise<TaskOutcome> => {
    if (task.kind !== 'mail.backfill') return tasks[task.kind](connection, signal);
    return backfillMailbox({
      connection,
      mailboxId: task.mailboxId,
      provider: connections.provider(connection),
      archive: context.archive,
      checkpoints,
      mailboxes,
      folders,
      failures,
      clock,
      emit,
      signal,
      slice: context.slice,
    });
  };

  /** What an error means for the task: an outcome, or the error itself for the caller. */
  const settle = async (task: Task, thrown: unknown, signal: AbortSignal): Promise<TaskOutcome> => {
    if (signal.aborted) return { status: 'yielded', resumeAt: clock.now(), reason: 'stopped' };
    const error = ConnectorError.is(thrown)
      ? thrown
      : new ConnectorError('unexpected', 'A task failed in a way that nothing here understands.', {
          cause: thrown,
        });
    if (error.code === 'conflict') return { status: 'busy', resumeAt: clock.now() + 1_000 };
    if (error.code === 'throttled') {
      const resumeAt = error.retryAt ?? clock.now() + 60_000;
      if (task.kind !== 'mail.backfill') {
        const kind = task.kind === 'directory.sync' ? 'directory' : 'mail';
        await changeSchedule(schedules, scheduleId(task.connectionId, kind), { resumeAt });
      }
      return { status: 'yielded', resumeAt, reason: 'throttled' };
    }
    if (error.code === 'reauthorization_required') await connections.reportRefusal(task.connectionId);
    logger.warn(
      {
        task: task.kind,
        connectionId: task.connectionId,
        code: error.code,
        serviceCode: error.serviceCode,
        requestId: error.requestId,
      },
      'A task failed.',
    );
    emit('task.failed', { task, error });
    throw error;
  };

  const run = async (task: Task, { signal }: CallOptions = {}): Promise<TaskOutcome> => {
    const connection = await connections.requireActive(task.connectionId);
    const stopping = new AbortController();
    const either = AbortSignal.any([stopping.signal, ...(signal ? [signal] : [])]);
    const work = leases
      .hold(taskKey(task), either, async (held) => {
        const outcome = await runTask(task, connection, held);
        await connections.reportSuccess(connection);
        return outcome;
      })
      .then(
        (leased): TaskOutcome => (leased.taken ? leased.result : { status: 'busy', resumeAt: leased.until }),
        (error: unknown) => settle(task, error, either),
      );
    running.set(stopping, { connectionId: task.connectionId, ended: work.catch(() => {}) });
    try {
      return await work;
    } finally {
      running.delete(stopping);
    }
  };

  const abortWhere = (matches: (connectionId: string) => boolean) => {
    const ended: Promise<unknown>[] = [];
    for (const [stopping, work] of running) {
      if (!matches(work.connectionId)) continue;
      stopping.abort(new ConnectorError('aborted', 'The work was stopped.'));
      ended.push(work.ended);
    }
    return ended;
  };

  const lastRun = async (connectionId: string) => {
    let last: DirectoryRun | undefined;
    for await (const { value } of runs.list(`${recordId(connectionId, 'directory')}/`)) last = value;
    return last;
  };

  const mailboxWork = async (connectionId: string): Promise<readonly MailboxWork[]> => {
    const work: MailboxWork[] = [];
    for await (const { value } of mailboxes.list(`${recordId(connectionId)}/`)) {
      if (!value.open) continue;
      const left = Math.max(0, value.expected - value.archived - value.alreadyStored);
      // A mailbox that nobody has looked into yet may be the largest.
      work.push({
        mailboxId: value.mailboxId,
        resumeAt: value.resumeAt,
        remaining: value.listed ? left : Number.MAX_SAFE_INTEGER,
      });
    }
    return work;
  };

  return {
    run,
    stop: (connectionId) => void abortWhere((id) => id === connectionId),
    async close() {
      await Promise.all(abortWhere(() => true));
    },
    directory: {
      async sync(connectionId, options = {}) {
        const before = await lastRun(connectionId);
        for (;;) {
          const outcome = await run({ kind: 'directory.sync', connectionId }, options);
          options.signal?.throwIfAborted();
          if (outcome.status !== 'completed') {
            // While another process is at it, look often: it may end long before its lease does.
            const rest = outcome.status === 'busy' ? JOIN_INTERVAL : Number.POSITIVE_INFINITY;
            const wait = Math.min(rest, Math.max(0, outcome.resumeAt - clock.now()));
            await clock.wait(wait, { signal: options.signal });
          }
          const last = await lastRun(connectionId);
          if (last && last.startedAt !== before?.startedAt) return last;
        }
      },
      async request(connectionId) {
        await connections.requireActive(connectionId);
        await changeSchedule(schedules, scheduleId(connectionId, 'directory'), { requestedAt: clock.now() });
      },
      status: lastRun,
    },
    mail: { status: (connectionId) => readMailStatus(mailboxes, connectionId) },
    async workload() {
      const all: ConnectionWork[] = [];
      for await (const connection of connections.list()) {
        if (connection.status !== 'active') continue;
        const directory = (await schedules.get(scheduleId(connection.id, 'directory')))?.value;
        const mail = (await schedules.get(scheduleId(connection.id, 'mail')))?.value;
        all.push({
          connectionId: connection.id,
          activeSince: Date.parse(connection.activeSince ?? connection.registeredAt),
          directory: {
            lastStartedAt: directory?.lastStartedAt,
            requestedAt: directory?.requestedAt,
            resumeAt: directory?.resumeAt,
          },
          mail: {
            plannedAt: mail?.lastStartedAt,
            resumeAt: mail?.resumeAt,
            mailboxes: await mailboxWork(connection.id),
          },
        });
      }
      return all;
    },
  };
}
