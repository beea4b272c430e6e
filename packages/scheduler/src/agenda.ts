import { type Clock, type Task, taskKey } from '@mailsphere/core';
import type { EngineConnector } from './local-engine-options.ts';
import { plan, type RestingTask } from './plan.ts';
import type { Rests } from './rests.ts';

/** What is to be run next, as of the last look at what is recorded. */
export interface Agenda {
  /** False when a task has ended since the last look: what is recorded may have changed. */
  readonly isCurrent: boolean;
  /** Keys of what is due, and of what goes on before `end` (epoch milliseconds). */
  open(end: number): readonly string[];
  /** Epoch milliseconds. */
  readonly lookAgainAt: number;
  /** Looks at what is recorded. @throws what the connector throws. */
  read(options: { readonly keepFailures: boolean }): Promise<void>;
  /** Looking failed: nothing is due, and the next look waits. */
  fail(error: unknown): void;
  /** False while a failed look rests. */
  isReadable(): boolean;
  /** A task ended, and goes on at `resumeAt` if at all: that is when to look again, or soon when nothing else is due. */
  ended(resumeAt: number | undefined): void;
  /** Removes and returns the first task that may start. */
  take(mayStart: (task: Task) => boolean): Task | undefined;
}

// The look itself rests after a failure as a task does; no task has this key.
const LOOK = 'workload';
// A look reads every connection and open mailbox, so tasks that go on one after the other share one.
const SHORTEST_INTERVAL = 1000;

export function createAgenda(context: {
  readonly connector: EngineConnector;
  readonly clock: Clock;
  readonly rests: Rests;
  readonly running: ReadonlyMap<string, unknown>;
}): Agenda {
  const { connector, clock, rests, running } = context;
  let due: Task[] = [];
  let resting: readonly RestingTask[] = [];
  let lookedAt = 0;
  let lookAgainAt = 0;
  let isCurrent = false;
  let isLost = false;
  let turn = 0;
  let served = new Map<string, number>();

  return {
    get isCurrent() {
      return isCurrent;
    },
    open: (end) => [
      ...due.map(taskKey),
      ...resting.filter(({ resumeAt }) => resumeAt <= end).map(({ task }) => taskKey(task)),
      ...(isLost ? [LOOK] : []),
    ],
    get lookAgainAt() {
      return Math.max(lookAgainAt, lookedAt + SHORTEST_INTERVAL, rests.until(LOOK));
    },
    async read({ keepFailures }) {
      // A task that ends while its record is read may be listed as it was before, and would run twice.
      const begun = new Set(running.keys());
      isCurrent = true;
      const work = await connector.workload();
      const now = clock.now();
      lookedAt = now;
      const planned = plan(work, now, { lastServed: (id) => served.get(id) ?? 0 });

      const heldBack = planned.due.map((task) => ({ task, resumeAt: rests.until(taskKey(task)) }));
      due = heldBack.flatMap(({ task, resumeAt }) =>
        resumeAt <= now && !begun.has(taskKey(task)) ? task : [],
      );
      resting = [...planned.resting, ...heldBack.filter(({ resumeAt }) => resumeAt > now)];
      lookAgainAt = resting.reduce(
        (time, { resumeAt }) => Math.min(time, resumeAt),
        planned.next ?? Number.POSITIVE_INFINITY,
      );

      isLost = false;
      rests.succeed(LOOK, 0);
      if (!keepFailures) {
        const wanted = new Set([
          ...begun,
          ...[...planned.due, ...resting.map(({ task }) => task)].map(taskKey),
        ]);
        rests.prune((key) => wanted.has(key));
      }
      const known = new Set(work.map(({ connectionId }) => connectionId));
      served = new Map([...served].filter(([connectionId]) => known.has(connectionId)));
    },
    fail(error) {
      due = [];
      resting = [];
      isCurrent = true;
      isLost = true;
      rests.fail(LOOK, error);
    },
    isReadable: () => rests.until(LOOK) <= clock.now(),
    ended(resumeAt = Number.POSITIVE_INFINITY) {
      isCurrent = false;
      lookAgainAt = Math.min(lookAgainAt, due.length === 0 ? clock.now() : resumeAt);
    },
    take(mayStart) {
      const index = due.findIndex((task) => mayStart(task) && !running.has(taskKey(task)));
      const [task] = index < 0 ? [] : due.splice(index, 1);
      if (task === undefined) return undefined;
      served.set(task.connectionId, ++turn);
      return task;
    },
  };
}
