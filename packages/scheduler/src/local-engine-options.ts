import {
  type Clock,
  type ConnectionWork,
  type Logger,
  silentLogger,
  systemClock,
  type Task,
  type TaskOutcome,
} from '@mailsphere/core';
import { objectWith } from '@mailsphere/core/internal';
import { z } from 'zod';

/** What an engine needs of a connector: what is recorded, and how to run a task. */
export interface EngineConnector {
  workload(): Promise<readonly ConnectionWork[]>;
  run(task: Task, options: { readonly signal: AbortSignal }): Promise<TaskOutcome>;
}

export interface LocalEngineOptions {
  readonly connector: EngineConnector;
  readonly concurrency?: {
    /** How many tasks run at the same time. @default 8 */
    readonly tasks?: number | undefined;
    /** How many of them may be of one connection. @default as many as `tasks` */
    readonly perConnection?: number | undefined;
  };
  /**
   * Milliseconds after which the engine looks at what is recorded even if nothing happened here: the longest that a
   * request made in another process waits.
   * @default 60_000
   */
  readonly pollInterval?: number | undefined;
  /** Told of every failure; `task` is `undefined` when the connector could not say what is to be done. */
  readonly onError?: ((error: unknown, task: Task | undefined) => void) | undefined;
  readonly logger?: Logger | undefined;
  readonly clock?: Clock | undefined;
  /** From 0 to below 1; spreads the rests after failures. @default Math.random */
  readonly random?: (() => number) | undefined;
}

const someFunction = <T>() => z.custom<T>((value) => typeof value === 'function', 'must be a function');
const limit = z.int('must be a whole number').min(1, 'must be 1 or more');

export const localEngineOptions = z.strictObject({
  connector: objectWith<EngineConnector>('workload', 'run'),
  concurrency: z.strictObject({ tasks: limit.default(8), perConnection: limit.optional() }).prefault({}),
  pollInterval: z
    .number('must be a number of milliseconds')
    .min(1000, 'must be 1000 ms or more')
    .default(60_000),
  onError: someFunction<(error: unknown, task: Task | undefined) => void>().default(() => () => {}),
  logger: objectWith<Logger>('debug', 'info', 'warn', 'error').default(silentLogger),
  clock: objectWith<Clock>('now', 'wait').default(systemClock),
  random: someFunction<() => number>().default(() => Math.random),
});
