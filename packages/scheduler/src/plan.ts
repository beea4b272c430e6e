import type { ConnectionWork, Task } from '@mailsphere/core';
import { DAY, nextDailyMoment } from './daily-moment.ts';

/** What is to be done, by what is recorded. */
export interface Plan {
  /** To be run now, in this order. */
  readonly due: readonly Task[];
  /** Wanted now, but held back: the service asked to wait, or the last run failed. */
  readonly resting: readonly RestingTask[];
  /** Epoch milliseconds of when something becomes due if nothing changes; `undefined` when nothing ever does. */
  readonly next: number | undefined;
}

/** A task that is wanted, but not before `resumeAt` (epoch milliseconds). */
export interface RestingTask {
  readonly task: Task;
  readonly resumeAt: number;
}

export interface PlanOptions {
  /**
   * Tells the connections apart that were served lately: the one with the smallest number begins.
   * @default the order of `work`
   */
  readonly lastServed?: (connectionId: string) => number;
}

interface Candidate {
  readonly task: Task;
  readonly wantedAt: number;
  readonly resumeAt: number;
}

const HOUR = 3600_000;
// The daily plan follows the daily sync. Were both due at the same moment, either might be recorded as the first, and a plan that
// came first would be made again after the sync. A directory that failed for so long is not waited for any longer.
const DIRECTORY_AHEAD = HOUR;

/**
 * Says which tasks are due at `now` (epoch milliseconds), by what is recorded and nothing else.
 *
 * Consent is verified first, as work without it is in vain; then come directory syncs and mail plans, each with the
 * longest waiting in front; then the mailboxes, the largest of every connection before the second largest of any.
 */
export function plan(work: readonly ConnectionWork[], now: number, options: PlanOptions = {}): Plan {
  const { lastServed = () => 0 } = options;
  const byWaiting = (a: Candidate, b: Candidate) => a.wantedAt - b.wantedAt;
  const candidates = [
    ...work.map(verification).sort(byWaiting),
    ...work.flatMap((connection) => directorySync(connection, now)).sort(byWaiting),
    ...work.flatMap((connection) => mailPlan(connection, now)).sort(byWaiting),
    ...backfills([...work].sort((a, b) => lastServed(a.connectionId) - lastServed(b.connectionId))),
  ];

  const due: Task[] = [];
  const resting: RestingTask[] = [];
  let next: number | undefined;
  for (const { task, wantedAt, resumeAt } of candidates) {
    const at = Math.max(wantedAt, resumeAt);
    if (at <= now) due.push(task);
    else {
      if (wantedAt <= now) resting.push({ task, resumeAt });
      next = Math.min(next ?? at, at);
    }
  }
  return { due, resting, next };
}

// A start that is recorded a day ahead was written by a clock that was wrong; believing it would skip days.
const believed = (startedAt: number | undefined, now: number) =>
  startedAt !== undefined && startedAt <= now + DAY ? startedAt : undefined;

const verification = ({ connectionId, verifyAt }: ConnectionWork): Candidate => ({
  task: { kind: 'connection.verify', connectionId },
  wantedAt: verifyAt,
  resumeAt: 0,
});

function directorySync(
  { connectionId, activeSince, directory }: ConnectionWork,
  now: number,
): readonly Candidate[] {
  if (!directory) return [];
  const { requestedAt, resumeAt = 0 } = directory;
  const task: Task = { kind: 'directory.sync', connectionId };
  const last = believed(directory.lastStartedAt, now);
  if (last === undefined) return [{ task, wantedAt: Math.min(activeSince, now), resumeAt }];

  // The slot after the last start: a clock that goes back finds the slot used, one that jumps ahead finds it open.
  const wanted = [nextDailyMoment(connectionId, last)];
  if (last < activeSince) wanted.push(activeSince);
  if (requestedAt !== undefined) {
    // After the clock went back, a new request carries an earlier time than the last start.
    const askedSinceClockWentBack = last > now && requestedAt > last - HOUR;
    if (requestedAt > last || askedSinceClockWentBack) wanted.push(requestedAt);
  }
  return [{ task, wantedAt: Math.min(...wanted), resumeAt }];
}

function mailPlan(
  { connectionId, activeSince, directory, mail }: ConnectionWork,
  now: number,
): readonly Candidate[] {
  if (!mail) return [];
  const { resumeAt = 0 } = mail;
  const task: Task = { kind: 'mail.plan', connectionId };
  const last = believed(mail.plannedAt, now);
  // Mail does not wait for the first directory sync: it must not stand still when that one fails.
  if (last === undefined) return [{ task, wantedAt: Math.min(activeSince, now), resumeAt }];

  // Wanted from the time of its cause on, and not before: the clock may have gone back since, and a plan that began
  // earlier than its cause would be wanted again at once, and again.
  const causes = [activeSince, directory?.lastStartedAt].filter(
    (cause): cause is number => cause !== undefined && cause > last,
  );
  const daily = nextDailyMoment(connectionId, last) + DIRECTORY_AHEAD;
  return [{ task, wantedAt: Math.min(daily, ...causes), resumeAt }];
}

function backfills(work: readonly ConnectionWork[]): readonly Candidate[] {
  return work
    .flatMap(({ connectionId, mail }) =>
      [...(mail?.mailboxes ?? [])]
        .sort((a, b) => b.remaining - a.remaining)
        .map(({ mailboxId, resumeAt = 0 }, round) => ({
          round,
          task: { kind: 'mail.backfill' as const, connectionId, mailboxId },
          wantedAt: 0,
          resumeAt,
        })),
    )
    .sort((a, b) => a.round - b.round);
}
