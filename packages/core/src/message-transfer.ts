import PQueue from 'p-queue';
import type { Clock } from './clock.ts';
import { ConnectorError } from './connector-error.ts';
import { type MessageFailure, nextAttempt } from './failure.ts';
import type { MailArchive, MailboxRef, MessageRef } from './mail.ts';
import type { Provider } from './provider.ts';
import { type Records, recordId } from './records.ts';

export interface TransferContext {
  readonly connectionId: string;
  readonly mailbox: MailboxRef;
  readonly provider: Provider;
  readonly archive: MailArchive;
  readonly failures: Records<MessageFailure>;
  /** The failures of this mailbox, by message id, kept in step with the records. */
  readonly failing: Map<string, MessageFailure>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onArchived: (bytes: number) => void;
  readonly onFailed: (code: string) => void;
}

export interface TransferCounts {
  readonly [name: string]: number;
  readonly discovered: number;
  readonly archived: number;
  readonly alreadyStored: number;
  readonly gone: number;
  readonly bytes: number;
}

// Graph throttling limits, Outlook service: four concurrent requests for a mailbox.
const IN_FLIGHT = 4;
// Broken transfers of one message before the others go on without it.
const TRIES = 3;
// As many messages in a row that fail, with none that comes through, are not their own fault: the service is out of order.
const OUTAGE = 5;

/**
 * Brings the messages into the archive. When it resolves, every one of them is stored, gone, or recorded as a failure.
 * It rejects when none of them can be brought now: the service or the archive does not work, or the signal aborted.
 */
export async function transferMessages(
  context: TransferContext,
  messages: readonly MessageRef[],
): Promise<TransferCounts> {
  const { mailbox, archive, signal } = context;
  // The service may list a message twice; the last mention holds.
  const unique = new Map(messages.map((message) => [message.messageId, message]));
  const missing = await archive.missing(mailbox, [...unique.keys()], { signal });
  const counts = {
    discovered: unique.size,
    archived: 0,
    alreadyStored: unique.size - missing.length,
    gone: 0,
    bytes: 0,
  };

  const queue = new PQueue({ concurrency: IN_FLIGHT });
  const broken = new AbortController();
  let failedInARow = 0;
  const abort = AbortSignal.any([signal, broken.signal]);
  for (const id of missing) {
    const message = unique.get(id);
    if (!message)
      throw new ConnectorError('storage_failed', 'The archive misses a message that it was not asked for.');
    // Recorded already, and its next try is not due: it is terminal for this page.
    if ((context.failing.get(id)?.nextAt ?? 0) > context.clock.now()) continue;
    queue.add(async () => {
      if (abort.aborted) return;
      try {
        const outcome = await transferMessage({ ...context, signal: abort }, message);
        if (outcome === 'gone') counts.gone++;
        else if (ConnectorError.is(outcome)) {
          failedInARow += ConnectorError.is(outcome, 'poison') ? 0 : 1;
          if (failedInARow === OUTAGE) throw outcome;
          return;
        } else {
          counts.archived++;
          counts.bytes += outcome.bytes;
        }
        failedInARow = 0;
      } catch (error) {
        // The first error tells why; those of the others are its consequence.
        if (!abort.aborted) broken.abort(error);
      }
    });
  }
  await queue.onIdle();
  abort.throwIfAborted();
  return counts;
}

async function transferMessage(
  context: TransferContext,
  message: MessageRef,
): Promise<'gone' | ConnectorError | { readonly bytes: number }> {
  const { connectionId, mailbox, provider, archive, failures, failing, clock, signal } = context;
  const failureId = recordId(connectionId, mailbox.mailboxId, message.messageId);
  const forgetFailure = async () => {
    if (failing.delete(message.messageId)) await failures.delete(failureId);
  };
  for (let tries = 1; ; tries++) {
    try {
      const content = await provider.mail.content(message, { signal });
      const stored = await archive.store(message, content, { signal });
      await forgetFailure();
      context.onArchived(stored.bytes);
      return stored;
    } catch (error) {
      signal.throwIfAborted();
      if (ConnectorError.is(error, 'gone')) {
        await forgetFailure();
        return 'gone';
      }
      if (!isOfTheMessage(error)) throw error;
      if (error.code !== 'poison' && tries < TRIES) continue;
      const known = failing.get(message.messageId);
      const attempts = (known?.attempts ?? 0) + 1;
      const failure: MessageFailure = {
        messageId: message.messageId,
        folderId: message.folderId,
        receivedAt: message.receivedAt,
        class: error.code === 'poison' ? 'poison' : 'transient',
        code: error.serviceCode ?? error.code,
        requestId: error.requestId,
        attempts,
        firstAt: known?.firstAt ?? clock.now(),
        nextAt: nextAttempt(attempts, clock.now()),
      };
      failing.set(message.messageId, failure);
      await failures.put(failureId, failure);
      context.onFailed(failure.code);
      return error;
    }
  }
}

/** Whether it is this one message that fails, and not the service, the way to it, or the archive. */
const isOfTheMessage = (error: unknown): error is ConnectorError =>
  ConnectorError.is(error, 'poison', 'incomplete') ||
  // Without an answer to this very request, nothing is known of the message.
  (ConnectorError.is(error, 'unavailable') && error.serviceCode !== undefined);
