import type { Activity } from './activity.ts';
import { type Checkpoint, emptyCheckpoint } from './checkpoint.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import { type ConnectionRegistry, requireCapability } from './connections.ts';
import type { Connector } from './connector.ts';
import { ConnectorError } from './connector-error.ts';
import { type Consent, isRefusal } from './consent.ts';
import type { Departure, RemovedMessage } from './departures.ts';
import type { DirectorySink } from './directory.ts';
import { createDirectoryRuns } from './directory-runs.ts';
import { createDirectorySteering } from './directory-steering.ts';
import { type DirectorySyncOptions, syncDirectory } from './directory-sync.ts';
import type { Emit } from './events.ts';
import type { MessageFailure } from './failure.ts';
import type { FolderList } from './folder-round.ts';
import { eraseRemovals } from './held-removals.ts';
import { createLeases, type Lease } from './lease.ts';
import type { Logger } from './logger.ts';
import type { MailArchive } from './mail.ts';
import { backfillMailbox } from './mail-backfill.ts';
import { createMailPacer } from './mail-pace.ts';
import { planMail } from './mail-plan.ts';
import { createMailSteering } from './mail-steering.ts';
import { type MailSync, mailSyncOf } from './mail-sync-options.ts';
import type { MailboxRecord, Round } from './mailbox.ts';
import type { Capability } from './provider.ts';
import { createRecords, recordId } from './records.ts';
import { changeSchedule, type Schedule, scheduleId } from './schedule.ts';
import type { StorageAdapter } from './storage-adapter.ts';
import { type Task, type TaskOutcome, taskKey } from './task.ts';
import { verifyAt } from './verify-at.ts';
import type { ConnectionWork, MailboxWork } from './workload.ts';

const DAY = 24 * 3600_000;

export interface Work extends Pick<Connector, 'directory' | 'mail' | 'run' | 'workload' | 'close'> {
  /** Aborts what runs for the connection in this process. Resolves when it has ended. */
  stop(connectionId: string): Promise<void>;
  /** Removes all that is stored of the connection's work. */
  erase(connectionId: string): Promise<void>;
}

/** Runs the tasks: lease, then the loop that the task is for, then its record. */
export function createWork(context: {
  readonly connections: ConnectionRegistry;
  readonly consent: Consent;
  readonly storage: StorageAdapter;
  readonly directory: DirectorySink;
  readonly archive: MailArchive;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly logger: Logger;
  readonly directorySync: DirectorySyncOptions;
  readonly mailSync: MailSync;
  readonly slice: number;
}): Work {
  const { connections, consent, storage, clock, emit, logger } = context;
  const leases = createLeases(storage, clock);
  const checkpoints = createRecords<Checkpoint>(storage, 'checkpoints');
  // Where a backfill stands: when the machine dies, some of it may be read anew, and finds its messages archived.
  const relaxed = { relaxed: true };
  const folderCheckpoints = createRecords<Checkpoint>(storage, 'checkpoints', relaxed);
  const mailboxes = createRecords<MailboxRecord>(storage, 'mailboxes', relaxed);
  const rounds = createRecords<Round>(storage, 'rounds', relaxed);
  const folders = createRecords<FolderList>(storage, 'folders', relaxed);
  const failures = createRecords<MessageFailure>(storage, 'failures');
  const departures = createRecords<Departure>(storage, 'departures', relaxed);
  const removed = createRecords<RemovedMessage>(storage, 'removed');
  const schedules = createRecords<Schedule>(storage, 'schedules');
  const activities = createRecords<Activity>(storage, 'activities', relaxed);
  const pacer = createMailPacer({ mailboxes, rounds, activities, clock });
  const runs = createDirectoryRuns(storage);
  const running = new Map<AbortController, { readonly task: Task; readonly ended: Promise<unknown> }>();
  let isClosed = false;

  const runTask = async (
    task: Task,
    connection: Connection,
    lease: Lease,
    stopping: AbortSignal,
  ): Promise<TaskOutcome> => {
    const provider = connections.provider(connection);
    const startedAt = clock.now();
    const finish = async (kind: 'directory' | 'mail'): Promise<TaskOutcome> => {
      lease.assertHeld();
      const done = { lastStartedAt: startedAt, resumeAt: undefined };
      await changeSchedule(schedules, scheduleId(connection.id, kind), done);
      return { status: 'completed' };
    };
    switch (task.kind) {
      case 'connection.verify': {
        await consent.check(connection.id, { signal: lease.signal });
        return { status: 'completed' };
      }
      case 'directory.sync': {
        const { run, thrown } = await syncDirectory({
          connection,
          provider,
          sink: context.directory,
          storage,
          checkpoints,
          options: context.directorySync,
          allowRemovals: task.allowRemovals === true,
          full: task.full === true,
          clock,
          lease,
        });
        if (thrown !== undefined) {
          // One that lost its place leaves the records to the run that took it.
          if (!lease.signal.aborted || stopping.aborted) await runs.add(run, lease.epoch);
          if (Object.keys(run.held).length > 0) emit('directory.held', { run });
          throw thrown;
        }
        lease.assertHeld();
        await runs.add(run, lease.epoch);
        const outcome = await finish('directory');
        emit('directory.synced', { run });
        if (run.outcome === 'held') emit('directory.held', { run });
        return outcome;
      }
      case 'mail.plan': {
        const { reconcileEvery = 7 } = mailSyncOf(connection, context.mailSync);
        const times = { now: clock.now(), reconcileBefore: clock.now() - reconcileEvery * DAY };
        await planMail({ connection, provider, checkpoints, mailboxes, rounds, times, lease });
        return finish('mail');
      }
      case 'mail.backfill': {
        const { mailboxId } = task;
        const { archive, slice } = context;
        const options = mailSyncOf(connection, context.mailSync);
        const records = { mailboxes, rounds, folders, failures, departures, removed };
        return backfillMailbox({
          ...records,
          checkpoints: folderCheckpoints,
          options,
          pacer,
          connection,
          mailboxId,
          provider,
          archive,
          clock,
          emit,
          lease,
          slice,
        });
      }
    }
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
      if (task.kind === 'directory.sync' || task.kind === 'mail.plan') {
        const kind = task.kind === 'directory.sync' ? 'directory' : 'mail';
        await changeSchedule(schedules, scheduleId(task.connectionId, kind), { resumeAt });
      }
      return { status: 'yielded', resumeAt, reason: 'throttled' };
    }
    if (isRefusal(error)) await consent.reportRefusal(task.connectionId, error).catch(() => undefined);
    // The service may have been asked for what the tenant no longer grants: then the rest goes on without it.
    if (error.code === 'permission_missing' && task.kind !== 'connection.verify')
      await consent.check(task.connectionId, { signal }).catch(() => undefined);
    const { connectionId, kind } = task;
    const { code, serviceCode, requestId } = error;
    logger.warn({ task: kind, connectionId, code, serviceCode, requestId }, 'A task failed.');
    emit('task.failed', { task, error });
    throw error;
  };

  /** @throws ConnectorError `refused`, `permission_missing` when the task is not wanted */
  const requireFor = async (task: Task): Promise<Connection> => {
    if (task.kind !== 'connection.verify') {
      const connection = await connections.requireActive(task.connectionId);
      requireCapability(connection, task.kind === 'directory.sync' ? 'directory' : 'mail');
      return connection;
    }
    const connection = await connections.require(task.connectionId);
    if (isBound(connection)) return connection;
    throw new ConnectorError('refused', 'The connection was ended, or nobody has authorised it yet.');
  };

  const run: Connector['run'] = async (task, { signal } = {}) => {
    if (isClosed) throw new ConnectorError('aborted', 'The connector was closed.');
    const connection = await requireFor(task);
    // Planned before the host paused it.
    if (await haltOf(task)) return { status: 'yielded', resumeAt: clock.now(), reason: 'stopped' };
    const stopping = new AbortController();
    const either = AbortSignal.any([stopping.signal, ...(signal ? [signal] : [])]);
    const stillWanted = async () => {
      await requireFor(task);
      // As if it had been stopped here: that the host wants it is no failure.
      if (await haltOf(task)) stopping.abort(new ConnectorError('aborted', 'The work was stopped.'));
    };
    const work = leases
      .hold(
        taskKey(task),
        // Another process may have ended the connection meanwhile.
        { signal: either, stillWanted },
        async (lease) => {
          const outcome = await runTask(task, connection, lease, either);
          if (outcome.status === 'completed' && task.kind !== 'connection.verify')
            await consent.reportSuccess(connection);
          return outcome;
        },
      )
      .then(
        (leased): TaskOutcome => (leased.taken ? leased.result : { status: 'busy', resumeAt: leased.until }),
        (error: unknown) => settle(task, error, either),
      );
    running.set(stopping, { task, ended: work.catch(() => {}) });
    try {
      return await work;
    } finally {
      running.delete(stopping);
    }
  };

  const abortWhere = async (matches: (task: Task) => boolean) => {
    const ended: Promise<unknown>[] = [];
    for (const [stopping, work] of running) {
      if (!matches(work.task)) continue;
      stopping.abort(new ConnectorError('aborted', 'The work was stopped.'));
      ended.push(work.ended);
    }
    await Promise.all(ended);
  };

  const directory = createDirectorySteering({
    connections,
    run,
    runs,
    schedules,
    sink: context.directory,
    storage,
    checkpoints,
    options: context.directorySync,
    clock,
  });
  const steering = createMailSteering({
    connections,
    mailboxes,
    rounds,
    failures,
    removed,
    schedules,
    pacer,
    mailSync: context.mailSync,
    clock,
    stopMail: (connectionId) => abortWhere((task) => task.connectionId === connectionId && isMail(task)),
  });
  const haltOf = async (task: Task) => (isMail(task) ? steering.haltOf(task.connectionId) : undefined);

  const readWork = async (connection: Connection): Promise<ConnectionWork> => {
    const directory = (await schedules.get(scheduleId(connection.id, 'directory')))?.value;
    const mail = (await schedules.get(scheduleId(connection.id, 'mail')))?.value;
    const open: MailboxWork[] = [];
    for await (const { id, value } of rounds.list(`${recordId(connection.id)}/`)) {
      const mailboxId = decodeURIComponent(id.slice(id.indexOf('/') + 1));
      open.push({ mailboxId, resumeAt: value.resumeAt, remaining: value.remaining });
    }
    return {
      connectionId: connection.id,
      verifyAt: verifyAt(connection, clock.now()),
      activeSince: Date.parse(connection.activeSince ?? connection.registeredAt),
      directory: isOn(connection, 'directory')
        ? {
            lastStartedAt: directory?.lastStartedAt,
            requestedAt: directory?.requestedAt,
            resumeAt: directory?.resumeAt,
          }
        : undefined,
      mail:
        isOn(connection, 'mail') && !mail?.halted
          ? { plannedAt: mail?.lastStartedAt, resumeAt: mail?.resumeAt, mailboxes: open }
          : undefined,
    };
  };

  return {
    run,
    async stop(connectionId) {
      await abortWhere((task) => task.connectionId === connectionId);
    },
    async erase(connectionId) {
      // In other processes work ends at its next renewal; until then it could write again what is erased.
      await leases.released(`${connectionId}/`);
      const prefix = `${recordId(connectionId)}/`;
      for (const records of [mailboxes, rounds, folders, failures, departures, removed, schedules])
        for await (const { id } of records.list(prefix)) await records.delete(id);
      await activities.delete(recordId(connectionId));
      // The generation stays, so that the next full read can sweep what was stored before.
      await runs.erase(connectionId);
      await eraseRemovals(storage, connectionId);
      for await (const { id, value } of checkpoints.list(prefix))
        await checkpoints.put(id, { ...emptyCheckpoint, generation: value.generation });
    },
    async close() {
      isClosed = true;
      await abortWhere(() => true);
    },
    directory,
    mail: steering.mail,
    async workload() {
      const all: ConnectionWork[] = [];
      for await (const connection of connections.list())
        if (isBound(connection)) all.push(await readWork(connection));
      return all;
    },
  };
}

const isMail = ({ kind }: Task) => kind === 'mail.plan' || kind === 'mail.backfill';

const isBound = ({ status }: Connection) => status === 'active' || status === 'reauthorization_required';

const isOn = ({ status, disabled = [] }: Connection, capability: Capability) =>
  status === 'active' && !disabled.some((each) => each.capability === capability);
