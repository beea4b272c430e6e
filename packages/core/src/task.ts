/** A unit of work that a scheduler runs. */
export type Task =
  /** Asks the service whether the tenant still grants what it did. */
  | { readonly kind: 'connection.verify'; readonly connectionId: string }
  | {
      readonly kind: 'directory.sync';
      readonly connectionId: string;
      /** Apply removals however many they are. @default false */
      readonly allowRemovals?: boolean | undefined;
      /** Read everything anew, and not only what changed. @default false */
      readonly full?: boolean | undefined;
    }
  | { readonly kind: 'mail.plan'; readonly connectionId: string }
  | { readonly kind: 'mail.backfill'; readonly connectionId: string; readonly mailboxId: string };

/** Names the task: at most one run of the same key at a time, across all processes. */
export const taskKey = (task: Task): string =>
  task.kind === 'mail.backfill'
    ? `${task.connectionId}/${task.kind}/${task.mailboxId}`
    : `${task.connectionId}/${task.kind}`;

/** Times are epoch milliseconds. */
export type TaskOutcome =
  | { readonly status: 'completed' }
  /** There is more to do, from `resumeAt` (epoch milliseconds) on: the slice was over, the service asked to wait, or the tenant is at work. */
  | {
      readonly status: 'yielded';
      readonly resumeAt: number;
      readonly reason: 'slice' | 'throttled' | 'quiet_hours' | 'stopped';
    }
  /** Another process is at it, or was a moment ago: look again at `resumeAt`. */
  | { readonly status: 'busy'; readonly resumeAt: number };
