/** What is recorded of one connection's work, as a planner needs it. Times are epoch milliseconds. */
export interface ConnectionWork {
  readonly connectionId: string;
  /** When the connection became active. */
  readonly activeSince: number;
  readonly directory: {
    /** When the last completed sync began. */
    readonly lastStartedAt: number | undefined;
    /** Somebody asked for a sync at this time. */
    readonly requestedAt: number | undefined;
    /** After a failure: not before. */
    readonly resumeAt: number | undefined;
  };
  readonly mail: {
    /** When the last completed plan began. */
    readonly plannedAt: number | undefined;
    readonly resumeAt: number | undefined;
    /** Mailboxes with unfinished work. */
    readonly mailboxes: readonly MailboxWork[];
  };
}

export interface MailboxWork {
  readonly mailboxId: string;
  /** Not before. */
  readonly resumeAt: number | undefined;
  /** How many messages are expected to be left; the largest goes first. */
  readonly remaining: number;
}
