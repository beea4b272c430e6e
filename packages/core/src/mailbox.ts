/**
 * - `scheduled`: there is work to do.
 * - `running`: a slice is at work, or was when its process ended.
 * - `throttled`: the service asked to wait.
 * - `completed`, `completed_with_failures`: everything that the service listed is archived; or all but the failures.
 * - `no_mailbox`: the service cannot open one; asked again after a week.
 * - `removed`: the service no longer lists the user; what was archived stays.
 */
export type MailboxState =
  | 'scheduled'
  | 'running'
  | 'throttled'
  | 'completed'
  | 'completed_with_failures'
  | 'no_mailbox'
  | 'removed';

export interface MailCounts {
  /** Messages that the service listed; one that was listed twice counts twice. */
  readonly discovered: number;
  readonly archived: number;
  /** Listed, and already in the archive. */
  readonly alreadyStored: number;
  /** No longer there when they were to be fetched. */
  readonly gone: number;
  /** Could not be fetched so far; tried again later. */
  readonly failed: number;
  /** Of the archived messages. */
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
}

/** What is stored of a mailbox. */
export interface MailboxRecord extends MailboxStatus {
  /** Counts the rounds: one for the existing mail, then one after each plan. */
  readonly round: number;
  /** The round has folders that are not read to their end. */
  readonly open: boolean;
  /** The folders of this round are known. */
  readonly listed: boolean;
  /** Epoch milliseconds. */
  readonly resumeAt?: number | undefined;
}

export const newMailbox = (mailboxId: string): MailboxRecord => ({
  mailboxId,
  address: undefined,
  state: 'scheduled',
  expected: 0,
  completedAt: undefined,
  discovered: 0,
  archived: 0,
  alreadyStored: 0,
  gone: 0,
  failed: 0,
  bytes: 0,
  round: 0,
  open: false,
  listed: false,
});

/** The next round: everything that is new since the last one. */
export const openRound = (mailbox: MailboxRecord): MailboxRecord => ({
  ...mailbox,
  state: 'scheduled',
  round: mailbox.round + 1,
  open: true,
  listed: false,
  resumeAt: undefined,
});

export const mailboxStatus = (record: MailboxRecord): MailboxStatus => {
  const { round, open, listed, resumeAt, ...status } = record;
  return status;
};
