/**
 * - `scheduled`: there is work to do.
 * - `running`: a slice is at work, or was when its process ended.
 * - `throttled`: the service asked to wait.
 * - `waiting_for_quiet_hours`: the tenant is at work, and it goes on when it may.
 * - `paused`, `cancelled`: there is work to do, and the host wants it to stand still.
 * - `completed`, `completed_with_failures`: everything that the service listed is archived; or all but the failures.
 * - `no_mailbox`: the service cannot open one. Asked again after an hour, a day, then every week.
 * - `no_access`: the service does not let the connector in. Asked again likewise.
 * - `removed`: the service no longer lists the user; what was archived stays.
 */
export type MailboxState =
  | 'scheduled'
  | 'running'
  | 'throttled'
  | 'waiting_for_quiet_hours'
  | 'paused'
  | 'cancelled'
  | 'completed'
  | 'completed_with_failures'
  | 'no_mailbox'
  | 'no_access'
  | 'removed';

export interface MailCounts {
  /** Messages that the service listed; one that was listed twice counts twice. */
  readonly discovered: number;
  readonly archived: number;
  /** Listed, and already in the archive: from an earlier round, or from a page that was cut off and is read again. */
  readonly alreadyStored: number;
  /** No longer there when they were to be fetched. */
  readonly gone: number;
  /** Could not be fetched so far; tried again later. */
  readonly failed: number;
  /** Of the messages counted as archived. */
  readonly bytes: number;
}

/** Mail synchronisation of one mailbox, as recorded. */
export interface MailboxStatus extends MailCounts {
  readonly mailboxId: string;
  readonly address: string | undefined;
  readonly state: MailboxState;
  /** How many items its folders hold, by the service's own count, other kinds than messages included. */
  readonly expected: number;
  /** ISO 8601: when a round last came to its end. */
  readonly completedAt: string | undefined;
  /** Messages archived in a second, over the current slice or the last one. */
  readonly rate: number;
  /** ISO 8601: when it last made progress. */
  readonly progressedAt: string | undefined;
}

/** What is stored of a mailbox. The epochs refuse writes of processes that have lost their lease. */
export interface MailboxRecord extends MailboxStatus {
  /** Rounds begun so far: one for the existing mail, then one after each plan. */
  readonly rounds: number;
  /** ISO 8601: when the archive was last compared with the ids of all messages. */
  readonly reconciledAt?: string | undefined;
  /** Times in a row that the service did not open it. */
  readonly refusals: number;
  readonly planEpoch: number;
  readonly backfillEpoch: number;
}

/** The round of a mailbox that is under way. The record exists for as long as there is work: these records are the queue. */
export interface Round {
  readonly number: number;
  /** The folders of this round are known. */
  readonly listed: boolean;
  /** Epoch milliseconds. */
  readonly openedAt: number;
  /** The ids of all messages are compared with the archive, too. */
  readonly reconcile?: boolean | undefined;
  /** Messages that are expected to be left. */
  readonly remaining: number;
  /** Epoch milliseconds. */
  readonly resumeAt?: number | undefined;
}

export const newMailbox = (mailboxId: string): MailboxRecord => ({
  mailboxId,
  address: undefined,
  state: 'scheduled',
  expected: 0,
  completedAt: undefined,
  rate: 0,
  progressedAt: undefined,
  discovered: 0,
  archived: 0,
  alreadyStored: 0,
  gone: 0,
  failed: 0,
  bytes: 0,
  rounds: 0,
  refusals: 0,
  planEpoch: 0,
  backfillEpoch: 0,
});

export const newRound = (number: number, openedAt: number, reconcile: boolean): Round => ({
  number,
  openedAt,
  reconcile,
  listed: false,
  // A mailbox that nobody has looked into yet may be the largest.
  remaining: Number.MAX_SAFE_INTEGER,
});

export const mailboxStatus = (record: MailboxRecord): MailboxStatus => {
  const { rounds, refusals, reconciledAt, planEpoch, backfillEpoch, ...status } = record;
  return status;
};
