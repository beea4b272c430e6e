/** What is recorded of one connection's work, as a planner needs it. Times are epoch milliseconds. */
export interface ConnectionWork {
  readonly connectionId: string;
  /** When the service is to be asked again what the tenant grants. */
  readonly verifyAt: number;
  /** When the connection became active. */
  readonly activeSince: number;
  /** `undefined` while the tenant does not grant it. */
  readonly directory?:
    | {
        /** When the last completed sync began. */
        readonly lastStartedAt: number | undefined;
        /** Somebody asked for a sync at this time. */
        readonly requestedAt: number | undefined;
        /** After a failure: not before. */
        readonly resumeAt: number | undefined;
      }
    | undefined;
  /** `undefined` while the tenant does not grant it. */
  readonly mail?:
    | {
        /** When the last completed plan began. */
        readonly plannedAt: number | undefined;
        readonly resumeAt: number | undefined;
        /** Mailboxes with unfinished work. */
        readonly mailboxes: readonly MailboxWork[];
      }
    | undefined;
}

export interface MailboxWork {
  readonly mailboxId: string;
  /** Not before. */
  readonly resumeAt: number | undefined;
  /** How many messages are expected to be left; the largest goes first. */
  readonly remaining: number;
}
