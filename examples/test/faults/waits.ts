import type { Clock, Task } from '@mailsphere/core';
import type { Witness } from './timed-transport.ts';

/** What was asked of the service, and when, as the service saw it. */
export interface Waits extends Witness {
  /** How the run of a task ended: after a failure the scheduler rests, and after the end of a round nobody waits. */
  ran(task: Task, failed: boolean, completed: boolean): void;
  /** The user was not there when mailboxes were last looked for, which is done once a day. */
  left(mailboxId: string): void;
  /** Waits of a mailbox that had work to do, which were longer than the service asked for, or than the documents say. */
  readonly tooLong: readonly string[];
  /** How often a path was answered with anything but 429. */
  answers(path: string): number;
}

interface Lane {
  inFlight: number;
  idleSince: number;
  /** Refusals for want of quota or service in a row. */
  refusals: number;
  refusedAt: number;
  failures: number;
  /** Until when the next request may be put off. */
  mayWaitUntil: number;
  why: string;
}

const SECOND = 1_000;
// Documented in the packages' code: the pauses of a call, the limiter's back-off, the scheduler's rest.
const LONGEST_PAUSE = 10 * SECOND;
const FIRST_BACKOFF = 5 * SECOND;
const LONGEST_BACKOFF = 300 * SECOND;
const LONGEST_REST = 900 * SECOND;
// The scheduler looks once in a second, begins no task twice in a second, and a look takes a request or two.
const SLACK = 3 * SECOND;

export function createWaits(clock: Clock): Waits {
  const lanes = new Map<string, Lane>();
  const tooLong: string[] = [];
  const answers = new Map<string, number>();
  const laneOf = (mailboxId: string): Lane => {
    const known = lanes.get(mailboxId);
    if (known) return known;
    const lane = {
      inFlight: 0,
      idleSince: 0,
      refusals: 0,
      refusedAt: 0,
      failures: 0,
      mayWaitUntil: Infinity,
      why: '',
    };
    lanes.set(mailboxId, lane);
    return lane;
  };
  const allow = (lane: Lane, until: number, why: string) => {
    if (until <= lane.mayWaitUntil) return;
    lane.mayWaitUntil = until;
    lane.why = why;
  };
  return {
    tooLong,
    answers: (path) => answers.get(path) ?? 0,
    asked(mailboxId, path) {
      const lane = laneOf(mailboxId);
      const now = clock.now();
      if (lane.inFlight === 0 && now > lane.mayWaitUntil + SLACK)
        tooLong.push(
          `${(now - lane.idleSince) / SECOND} s, allowed ${(lane.mayWaitUntil - lane.idleSince) / SECOND} s: ${lane.why}`,
        );
      // A time once allowed stays so: a request may have left at the moment in which another one was refused.
      if (lane.mayWaitUntil === Number.POSITIVE_INFINITY) lane.mayWaitUntil = now;
      lane.inFlight++;
      let open = true;
      return {
        answered(status, headers) {
          if (status !== 429) answers.set(path, (answers.get(path) ?? 0) + 1);
          if (status !== 429 && status !== 503) return;
          lane.refusals++;
          lane.refusedAt = clock.now();
          const asked = honestWait(headers.get('retry-after'), clock.now());
          // Up to five seconds a service may say the same each time, so the back-off grows.
          const backoff = Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** (lane.refusals - 1));
          const most = asked > FIRST_BACKOFF ? asked * 1.1 : Math.max(asked, backoff);
          allow(
            lane,
            clock.now() + most,
            `${status} with Retry-After ${headers.get('retry-after')}, ${lane.refusals} in a row`,
          );
        },
        taken() {
          // What was under way before the refusal says nothing of the time after it.
          if (now > lane.refusedAt) lane.refusals = 0;
        },
        ended() {
          if (!open) return;
          open = false;
          if (--lane.inFlight > 0) return;
          lane.idleSince = clock.now();
          allow(lane, clock.now() + LONGEST_PAUSE, 'the pause between two tries');
        },
      };
    },
    left: (mailboxId) => allow(laneOf(mailboxId), Number.POSITIVE_INFINITY, 'no user'),
    ran(task, failed, completed) {
      if (task.kind !== 'mail.backfill') return;
      const lane = laneOf(task.mailboxId);
      lane.failures = failed ? lane.failures + 1 : 0;
      if (completed) return allow(lane, Number.POSITIVE_INFINITY, 'nothing to do');
      const rest = Math.min(LONGEST_REST, 5 * SECOND * 2 ** (lane.failures - 1));
      if (failed) allow(lane, clock.now() + rest, `a task that failed ${lane.failures} times in a row`);
    },
  };
}

/** Milliseconds; 0 for what cannot be read or lies in the past. */
function honestWait(header: string | null, now: number): number {
  if (header === null) return 0;
  const seconds = Number(header);
  return Math.max(0, Number.isNaN(seconds) ? Date.parse(header) - now || 0 : seconds * SECOND);
}
