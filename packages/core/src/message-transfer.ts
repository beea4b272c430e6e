import PQueue from 'p-queue';
import type { Activity } from './activity.ts';
import type { Clock } from './clock.ts';
import { ConnectorError } from './connector-error.ts';
import { deferred, type MessageFailure } from './failure.ts';
import type { MailArchive, MailboxRef, MessageRef } from './mail.ts';
import type { MailCounts } from './mailbox.ts';
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
  /** Whether any message of the mailbox came through in this slice: then it is not the service that fails. */
  readonly health: { proved: boolean };
  readonly progress: TransferProgress;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** When the messages that were listed in the slice were received. */
  activity: Activity;
  /** Listed, and in the archive already. */
  readonly onStored: (messageIds: readonly string[]) => Promise<void>;
  readonly onArchived: (bytes: number) => void;
  readonly onFailed: (failure: MessageFailure) => void;
}

/** How far a mailbox has come. Times are epoch milliseconds. */
export interface TransferProgress {
  /** When the slice began, and how many messages of the mailbox were archived then. */
  readonly begunAt: number;
  readonly archivedBefore: number;
  /** Over all rounds. */
  counts: Omit<MailCounts, 'failed'>;
  /** When a page was last read. */
  madeAt: number | undefined;
  /** When that was last recorded for everybody to see. */
  shownAt: number;
}

export interface TransferCounts {
  readonly [name: string]: number;
  readonly discovered: number;
  readonly archived: number;
  readonly alreadyStored: number;
  readonly gone: number;
  readonly bytes: number;
}

// Messages of a mailbox at once. The provider lets fewer requests out: while these are on their way, others are being stored.
const AT_ONCE = 8;
// Broken streams of one message before the others go on without it.
const TRIES = 3;
// As many messages in a row that fail, with none that comes through, are not their own fault: the service is out of order.
const OUTAGE = 5;
// A message that fails alone may be the victim of a short outage. After so many tries over so long, it is taken for its own fault.
const LONE_ATTEMPTS = 3;
const LONE_PATIENCE = 10 * 60_000;
// Without an answer it may be the way to the service as well, which can be gone for hours.
const UNANSWERED_PATIENCE = 6 * 3600_000;
// What says something of this message, of its mailbox or of the service: which of them, the other messages show.
const OPEN_TO_DOUBT = [
  'poison',
  'item_failed',
  'incomplete',
  'mailbox_not_found',
  'permission_missing',
  'unavailable',
] as const;

/**
 * Brings the messages into the archive. When it resolves, every one of them is stored, gone, or put off as a failure.
 * It rejects when some cannot be brought now: the service or the archive does not work, or the signal aborted.
 */
export async function transferMessages(
  context: TransferContext,
  messages: readonly MessageRef[],
): Promise<TransferCounts> {
  const { mailbox, archive, failing, health, clock, signal } = context;
  // The service may list a message twice; the last mention holds.
  const unique = new Map(messages.map((message) => [message.messageId, message]));
  const missing = new Set(await archive.missing(mailbox, [...unique.keys()], { signal }));
  const stored = [...unique.keys()].filter((id) => !missing.has(id));
  for (const id of stored) await forgetFailure(context, id);
  await context.onStored(stored);
  const counts = {
    discovered: unique.size,
    archived: 0,
    alreadyStored: stored.length,
    gone: 0,
    bytes: 0,
  };

  const failed: { readonly message: MessageRef; readonly error: ConnectorError; readonly after: number }[] =
    [];
  let failedInARow = 0;
  let cameThrough = 0;
  /** Why nothing more is begun. What is under way may still end well. */
  let ending: unknown;
  const broken = new AbortController();
  const inner = { ...context, signal: AbortSignal.any([signal, broken.signal]) };
  const end = (error: unknown) => {
    ending ??= error;
    // The service only asks to wait, so the messages under way are let in; everything else would fail again and again.
    if (!ConnectorError.is(error, 'throttled')) broken.abort(error);
  };
  const bring = async (message: MessageRef) => {
    if (ending !== undefined || signal.aborted) return;
    try {
      const outcome = await transferMessage(inner, message);
      if (!ConnectorError.is(outcome)) {
        failedInARow = 0;
        cameThrough++;
        health.proved = true;
        if (outcome === 'gone') counts.gone++;
        else {
          counts.archived++;
          counts.bytes += outcome.bytes;
        }
      } else if (outcome.code === 'poison') await putOff(context, message, outcome);
      else {
        failed.push({ message, error: outcome, after: cameThrough });
        // One that was put off before proves nothing, and must not end a pass that is made of its like.
        const isOld = (failing.get(message.messageId)?.deferrals ?? 0) > 0;
        if (!isOld && ++failedInARow === OUTAGE) end(outcome);
      }
    } catch (error) {
      end(error);
    }
  };

  const queue = new PQueue({ concurrency: AT_ONCE });
  for (const [id, message] of unique) {
    // One that was put off is terminal for this page until its time comes.
    const isPutOff = (failing.get(id)?.nextAt ?? 0) > clock.now();
    if (missing.has(id) && !isPutOff) queue.add(() => bring(message));
  }
  await queue.onIdle();
  signal.throwIfAborted();

  for (const { message, error, after } of failed) {
    const isAnswered = error.code !== 'unavailable';
    const ownFault = isAnswered ? health.proved && failedInARow < OUTAGE : cameThrough > after;
    if (!(await recordFailure(context, message, error, ownFault))) ending ??= error;
  }
  if (ending !== undefined) throw ending;
  return counts;
}

/** The stored message, `gone`, or the error when it is this one message that fails. */
async function transferMessage(
  context: TransferContext,
  message: MessageRef,
): Promise<'gone' | ConnectorError | { readonly bytes: number }> {
  const { provider, archive, signal } = context;
  for (let tries = 1; ; tries++) {
    try {
      const content = await provider.mail.content(message, { signal });
      const stored = await archive.store(message, content, { signal });
      await forgetFailure(context, message.messageId);
      context.onArchived(stored.bytes);
      return stored;
    } catch (error) {
      signal.throwIfAborted();
      if (ConnectorError.is(error, 'gone')) {
        await forgetFailure(context, message.messageId);
        return 'gone';
      }
      if (ConnectorError.is(error, 'incomplete') && tries < TRIES) continue;
      if (ConnectorError.is(error, ...OPEN_TO_DOUBT)) return error;
      throw error;
    }
  }
}

/** Resolves true when the message is put off, false when it must come before its page is done. */
async function recordFailure(
  context: TransferContext,
  message: MessageRef,
  error: ConnectorError,
  ownFault: boolean,
): Promise<boolean> {
  const { failing, clock } = context;
  const known = failing.get(message.messageId);
  // One that was put off before holds up nothing; an outage does not make it wait any longer than a day.
  if (known && known.deferrals > 0 && !ownFault) {
    await store(context, { ...known, nextAt: clock.now() + 24 * 3600_000 });
    return true;
  }
  const isPatienceOver =
    known !== undefined &&
    known.attempts + 1 >= LONE_ATTEMPTS &&
    clock.now() - known.firstAt >= (error.code === 'unavailable' ? UNANSWERED_PATIENCE : LONE_PATIENCE);
  if (ownFault || isPatienceOver) {
    await putOff(context, message, error);
    return true;
  }
  await store(context, failureOf(context, message, error));
  return false;
}

async function putOff(context: TransferContext, message: MessageRef, error: ConnectorError): Promise<void> {
  const failure = deferred(failureOf(context, message, error), context.clock.now());
  await store(context, failure);
  context.onFailed(failure);
}

function failureOf(
  { failing, clock }: TransferContext,
  message: MessageRef,
  error: ConnectorError,
): MessageFailure {
  const { mailboxId, messageId, folderId, receivedAt } = message;
  const known = failing.get(messageId);
  return {
    mailboxId,
    messageId,
    folderId,
    receivedAt,
    class: error.code === 'poison' ? 'poison' : 'transient',
    code: error.serviceCode ?? error.code,
    requestId: error.requestId,
    attempts: (known?.attempts ?? 0) + 1,
    deferrals: known?.deferrals ?? 0,
    firstAt: known?.firstAt ?? clock.now(),
    nextAt: clock.now(),
  };
}

async function store({ connectionId, mailbox, failures, failing }: TransferContext, failure: MessageFailure) {
  failing.set(failure.messageId, failure);
  await failures.put(recordId(connectionId, mailbox.mailboxId, failure.messageId), failure);
}

async function forgetFailure(
  { connectionId, mailbox, failures, failing }: TransferContext,
  messageId: string,
) {
  if (failing.delete(messageId)) await failures.delete(recordId(connectionId, mailbox.mailboxId, messageId));
}
