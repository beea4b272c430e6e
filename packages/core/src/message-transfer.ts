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
  const abort = AbortSignal.any([signal, broken.signal]);
  for (const id of missing) {
    const message = unique.get(id);
    if (!message)
      throw new ConnectorError('storage_failed', 'The archive misses a message that it was not asked for.');
    queue.add(async () => {
      if (abort.aborted) return;
      try {
        const outcome = await transferMessage({ ...context, signal: abort }, message);
        if (outcome === 'gone') counts.gone++;
        else if (outcome !== 'failed') {
          counts.archived++;
          counts.bytes += outcome.bytes;
        }
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
): Promise<'gone' | 'failed' | { readonly bytes: number }> {
  const { connectionId, mailbox, provider, archive, failures, clock, signal } = context;
  const failureId = recordId(connectionId, mailbox.mailboxId, message.messageId);
  for (let tries = 1; ; tries++) {
    try {
      const content = await provider.mail.content(message, { signal });
      const stored = await archive.store(message, content, { signal });
      context.onArchived(stored.bytes);
      return stored;
    } catch (error) {
      signal.throwIfAborted();
      if (ConnectorError.is(error, 'gone')) return 'gone';
      const failure = failureOf(error);
      if (!failure) throw error;
      if (failure.class === 'transient' && tries < TRIES) continue;
      await failures.update(failureId, (known) => {
        const attempts = (known?.attempts ?? 0) + 1;
        return {
          messageId: message.messageId,
          folderId: message.folderId,
          receivedAt: message.receivedAt,
          ...failure,
          attempts,
          firstAt: known?.firstAt ?? clock.now(),
          nextAt: nextAttempt(attempts, clock.now()),
        };
      });
      context.onFailed(failure.code);
      return 'failed';
    }
  }
}

/** What is wrong with this one message; `undefined` when the trouble is not the message's own. */
function failureOf(error: unknown): Pick<MessageFailure, 'class' | 'code' | 'requestId'> | undefined {
  if (!ConnectorError.is(error, 'poison', 'unavailable')) return undefined;
  const { code, serviceCode, requestId } = error;
  if (code === 'poison') return { class: 'poison', code: serviceCode ?? code, requestId };
  // Without an answer of the service to this very request it is the service, or the way to it, that is out of order.
  return serviceCode === undefined ? undefined : { class: 'transient', code: serviceCode, requestId };
}
