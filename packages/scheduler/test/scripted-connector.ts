import { type Clock, type ConnectionWork, type Task, type TaskOutcome, taskKey } from '@mailsphere/core';
import type { EngineConnector } from '../src/index.ts';

/** What a test lets a task do, in place of the connector's own work; `undefined` is `completed`. */
type Script = (
  task: Task,
  context: { readonly signal: AbortSignal; readonly run: number },
) => Promise<TaskOutcome | undefined>;

export interface ScriptedConnector extends EngineConnector {
  /** Keys in the order in which they began. */
  readonly began: readonly string[];
  /** The most that ran at once, in all and of one connection. */
  readonly peak: { readonly tasks: number; readonly perConnection: number };
  /** Keys that were begun while they ran. */
  readonly overlaps: readonly string[];
  looks: number;
  failingLooks: number;
  request(connectionId: string): void;
}

/** A connector that records what a real one records, and otherwise does what `script` says. */
export function scriptedConnector(
  clock: Clock,
  work: readonly ConnectionWork[],
  script: Script = async () => undefined,
): ScriptedConnector {
  const recorded = new Map(work.map((connection) => [connection.connectionId, connection]));
  const running = new Map<string, Task>();
  const runs = new Map<string, number>();
  const began: string[] = [];
  const overlaps: string[] = [];
  const peak = { tasks: 0, perConnection: 0 };

  const change = (id: string, next: (current: ConnectionWork) => ConnectionWork) => {
    const current = recorded.get(id);
    if (current) recorded.set(id, next(current));
  };
  const record = (task: Task, startedAt: number) =>
    change(task.connectionId, (current) => {
      const { directory, mail } = current;
      if (task.kind === 'connection.verify') return { ...current, verifyAt: startedAt + 24 * 3600_000 };
      if (task.kind === 'directory.sync')
        return directory ? { ...current, directory: { ...directory, lastStartedAt: startedAt } } : current;
      if (!mail) return current;
      if (task.kind === 'mail.plan') return { ...current, mail: { ...mail, plannedAt: startedAt } };
      const mailboxes = mail.mailboxes.filter(({ mailboxId }) => mailboxId !== task.mailboxId);
      return { ...current, mail: { ...mail, mailboxes } };
    });

  const connector: ScriptedConnector = {
    began,
    overlaps,
    peak,
    looks: 0,
    failingLooks: 0,
    request: (id) =>
      change(id, (current) => ({
        ...current,
        directory: current.directory && { ...current.directory, requestedAt: clock.now() },
      })),
    async workload() {
      connector.looks++;
      if (connector.failingLooks > 0) {
        connector.failingLooks--;
        throw new Error('the database is away');
      }
      return [...recorded.values()];
    },
    async run(task, { signal }) {
      const key = taskKey(task);
      if (running.has(key)) overlaps.push(key);
      const run = (runs.get(key) ?? 0) + 1;
      runs.set(key, run);
      began.push(key);
      running.set(key, task);
      const ofConnection = [...running.values()].filter((other) => other.connectionId === task.connectionId);
      peak.tasks = Math.max(peak.tasks, running.size);
      peak.perConnection = Math.max(peak.perConnection, ofConnection.length);
      const startedAt = clock.now();
      try {
        const outcome = (await script(task, { signal, run })) ?? { status: 'completed' };
        if (outcome.status === 'completed') record(task, startedAt);
        return outcome;
      } finally {
        running.delete(key);
      }
    },
  };
  return connector;
}
