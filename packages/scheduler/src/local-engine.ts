import { ConnectorError, type Task, taskKey } from '@mailsphere/core';
import { parseOptions } from '@mailsphere/core/internal';
import PQueue from 'p-queue';
import { z } from 'zod';
import { createAgenda } from './agenda.ts';
import { createIdleWaiters, type IdleOptions } from './idle-waiters.ts';
import { type LocalEngineOptions, localEngineOptions } from './local-engine-options.ts';
import { createRests } from './rests.ts';

/** Runs what is due in this process, each task at most once at a time. */
export interface LocalEngine extends AsyncDisposable {
  /** Begins to look and to run. @throws ConnectorError `refused` when the engine was started or stopped before. */
  start(): void;
  /**
   * Starts nothing more, aborts the signal of every running task and waits for them to end, for `timeout` milliseconds
   * at most (10 seconds by default). Nothing is lost: what did not end goes on at the next start.
   */
  stop(options?: { readonly timeout?: number | undefined }): Promise<void>;
  /**
   * Resolves when nothing is left to do for now: nothing runs, nothing is due, and nothing that was begun or held back
   * goes on within `within`. The next daily sync is not waited for.
   *
   * Failed tasks are tried again meanwhile. One whose failure waiting does not cure, such as a refused secret, or that
   * failed three times in a row, is not waited for: everything else is done first, and then its error is thrown.
   *
   * @throws the first such error, as the connector threw it.
   * @throws ConnectorError `aborted` when the engine is stopped, `refused` when it does not run.
   * @throws the reason of `options.signal` when it aborts.
   */
  idle(options?: IdleOptions): Promise<void>;
  /** Looks now, for instance after a request of a person, and not only at the next poll. */
  wake(): void;
  /** What runs at this moment. */
  readonly running: readonly Task[];
}

// No task begins twice within this time, so that one which ends at once, with nothing done, does not spin.
const SHORTEST_ROUND = 1000;

/**
 * The engine of one process, over the planner.
 *
 * Several may work on one storage: a task that another process runs answers `busy`, and is looked at again later.
 * Nothing that a task throws ends the process: it goes to `onError`, and the task rests, from 5 seconds up to 15
 * minutes as it fails again and again.
 *
 * @throws ConnectorError `invalid_options`
 */
export function createLocalEngine(options: LocalEngineOptions): LocalEngine {
  const { connector, concurrency, pollInterval, onError, logger, clock, random } = parseOptions(
    'createLocalEngine',
    localEngineOptions,
    options,
  );
  const { tasks, perConnection = tasks } = concurrency;

  const slots = new PQueue({ concurrency: tasks });
  const running = new Map<string, { readonly task: Task; readonly abort: AbortController }>();
  const rests = createRests({ clock, random });
  const agenda = createAgenda({ connector, clock, rests, running });
  const waiters = createIdleWaiters({ agenda, rests, running, clock });

  let isStopping = false;
  let loop: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;
  let isStale = true;
  let nudge = new AbortController();

  const wake = () => {
    isStale = true;
    nudge.abort();
  };

  const report = (error: unknown, task: Task | undefined) => {
    const code = ConnectorError.is(error) ? error.code : error instanceof Error ? error.name : 'unknown';
    logger.warn(
      { task: task && taskKey(task), code },
      task ? 'A task failed.' : 'The workload could not be read.',
    );
    // The callback is the host's, and may be asynchronous in spite of its type.
    void (async () => onError(error, task))().catch(() => logger.error({ code }, 'onError threw.'));
  };

  const look = async () => {
    isStale = false;
    try {
      await agenda.read({ keepFailures: waiters.count > 0 });
    } catch (error) {
      agenda.fail(error);
      report(error, undefined);
    }
  };

  const mayStart = (task: Task) => {
    let ofConnection = 0;
    for (const other of running.values()) if (other.task.connectionId === task.connectionId) ofConnection++;
    return ofConnection < perConnection;
  };

  const run = (task: Task) => {
    const key = taskKey(task);
    const abort = new AbortController();
    const startedAt = clock.now();
    running.set(key, { task, abort });
    void slots.add(async () => {
      let resumeAt: number | undefined;
      try {
        const outcome = await connector.run(task, { signal: abort.signal });
        if (outcome.status !== 'completed') resumeAt = outcome.resumeAt;
        // The earlier of both times, as the clock may have gone back.
        const soonest = Math.min(startedAt, clock.now()) + SHORTEST_ROUND;
        rests.succeed(key, Math.max(resumeAt ?? 0, soonest));
        logger.debug({ task: key, status: outcome.status }, 'A task ended.');
      } catch (error) {
        if (!isStopping) {
          resumeAt = rests.fail(key, error);
          report(error, task);
        }
      }
      running.delete(key);
      agenda.ended(resumeAt);
      // A sync or a plan makes new work.
      if (task.kind !== 'mail.backfill') isStale = true;
      nudge.abort();
    });
  };

  const work = async () => {
    while (!isStopping) {
      // Made before looking: what happens meanwhile is not slept over.
      nudge = new AbortController();
      if (isStale && agenda.isReadable()) await look();
      while (!isStopping && running.size < tasks) {
        const task = agenda.take(mayStart);
        if (task === undefined) break;
        run(task);
      }
      if (agenda.isCurrent) waiters.settle();
      else if (waiters.count > 0 && running.size === 0) isStale = true;
      if (isStale && agenda.isReadable()) continue;
      const rest = Math.min(pollInterval, Math.max(0, agenda.lookAgainAt - clock.now()));
      await clock.wait(rest, { signal: nudge.signal }).then(
        () => {
          isStale = true;
        },
        () => {},
      );
    }
  };

  const stop = async (timeout: number) => {
    isStopping = true;
    const reason = new ConnectorError('aborted', 'The engine was stopped.');
    waiters.reject(reason);
    for (const { abort } of running.values()) abort.abort(reason);
    nudge.abort();
    const ended = new AbortController();
    await Promise.race([
      Promise.all([loop, slots.onIdle()]),
      clock.wait(timeout, { signal: ended.signal }).catch(() => {}),
    ]);
    ended.abort();
    if (running.size > 0)
      logger.warn({ tasks: [...running.keys()] }, 'Tasks did not end before the time-out.');
  };

  const engine: LocalEngine = {
    start() {
      if (stopped) throw new ConnectorError('refused', 'start: the engine was stopped; create another one.');
      if (loop) throw new ConnectorError('refused', 'start: the engine was started already.');
      loop = work();
    },
    async stop(stopOptions = {}) {
      const { timeout } = parseOptions('stop', stopping, stopOptions);
      stopped ??= stop(timeout);
      await stopped;
    },
    async idle(idleOptions = {}) {
      if (!loop || stopped)
        throw new ConnectorError('refused', 'idle: the engine does not run; call start() first.');
      const settled = waiters.add(idleOptions);
      wake();
      await settled;
    },
    wake,
    get running() {
      return [...running.values()].map(({ task }) => task);
    },
    [Symbol.asyncDispose]: () => engine.stop(),
  };
  return engine;
}

const stopping = z.strictObject({
  timeout: z.number('must be a number of milliseconds').min(0, 'must be 0 or more').default(10_000),
});
