/** A message that could not be fetched. It is tried again, and blocks nothing. */
export interface MessageFailure {
  readonly mailboxId: string;
  readonly messageId: string;
  readonly folderId: string;
  /** ISO 8601. */
  readonly receivedAt: string | undefined;
  /** `poison`: the service cannot hand it out. `transient`: it failed time and again. */
  readonly class: 'poison' | 'transient';
  readonly code: string;
  readonly requestId: string | undefined;
  /** How often it was asked for, but for the times when the service handed out no message at all. */
  readonly attempts: number;
  /** How often it was put off: the first time for a day, then for a week, then for a month each. */
  readonly deferrals: number;
  /** Epoch milliseconds. */
  readonly firstAt: number;
  /** Epoch milliseconds. In the past: it is not given up yet, and holds up the page that it is on. */
  readonly nextAt: number;
}

const DAY = 24 * 3600_000;
const PATIENCE = [DAY, 7 * DAY] as const;

/** An outage on its day does not make one that was put off wait for a week or a month more. */
export const againTomorrow = (failure: MessageFailure, now: number): MessageFailure => ({
  ...failure,
  nextAt: now + DAY,
});

/** Puts the message off: the others go on without it. */
export const deferred = (failure: MessageFailure, now: number): MessageFailure => ({
  ...failure,
  deferrals: failure.deferrals + 1,
  nextAt: now + (PATIENCE[failure.deferrals] ?? 30 * DAY),
});
