/** A message that could not be fetched. It is tried again, and blocks nothing. */
export interface MessageFailure {
  readonly messageId: string;
  readonly folderId: string;
  readonly receivedAt: string | undefined;
  /** `poison`: the service cannot hand it out. `transient`: it failed time and again. */
  readonly class: 'poison' | 'transient';
  readonly code: string;
  readonly requestId: string | undefined;
  readonly attempts: number;
  /** Epoch milliseconds. */
  readonly firstAt: number;
  /** Epoch milliseconds. */
  readonly nextAt: number;
}

const DAY = 24 * 3600_000;
/** After the first, second, third and each later failure in a row. */
const PATIENCE = [DAY, 7 * DAY, 30 * DAY] as const;

export const nextAttempt = (attempts: number, now: number): number =>
  now + (PATIENCE[attempts - 1] ?? 30 * DAY);
