import type { ConnectorError, ErrorCode } from './connector-error.ts';
import type { MessageFailure } from './failure.ts';
import type { MessageRef } from './mail.ts';
import type { TransferContext } from './message-transfer.ts';

/** A message that is to be brought. */
export interface Wanted {
  readonly message: MessageRef;
  /** Requests of this call. */
  requests: number;
  /** Those that count against the message, earlier calls included. */
  tries: number;
  /** Epoch milliseconds of the first failure of this call. */
  since: number | undefined;
  error: ConnectorError | undefined;
}

// After so many tries a message that does not come is put off.
export const TRIES = 3;
// Before the last one it must be known that the service works, or it would be blamed for an outage.
export const FREE_TRIES = TRIES - 1;
// Where no other message can tell, the last try has so much time.
const PATIENCE = 10 * 60_000;
// Without an answer it may be the way to the service as well, which can be gone for hours.
const UNANSWERED_PATIENCE = 6 * 3600_000;
const UNANSWERED: ErrorCode = 'unavailable';

export const wantedOf = (message: MessageRef, known: MessageFailure | undefined): Wanted => ({
  message,
  requests: 0,
  tries: triesOf(known),
  since: undefined,
  error: undefined,
});

/** Counts a request after which it did not come. */
export function countFailure(wanted: Wanted, error: ConnectorError, now: number): void {
  wanted.error = error;
  wanted.since ??= now;
  wanted.requests++;
  wanted.tries++;
}

/** Not given up yet: it holds up the page that it is on. */
export const isOpen = (known: MessageFailure | undefined) => known?.deferrals === 0;

/** One that was put off begins anew when its time has come. */
const triesOf = (known: MessageFailure | undefined) =>
  isOpen(known) && known?.code !== UNANSWERED ? Math.min(known?.attempts ?? 0, FREE_TRIES) : 0;

export function isPatienceOver({ failing, clock }: TransferContext, { message, error }: Wanted): boolean {
  const known = failing.get(message.messageId);
  const code = error?.code ?? known?.code;
  return (
    known !== undefined &&
    clock.now() - known.firstAt >= (code === UNANSWERED ? UNANSWERED_PATIENCE : PATIENCE)
  );
}
