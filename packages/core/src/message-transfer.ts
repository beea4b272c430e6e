import PQueue from 'p-queue';
import type { Activity } from './activity.ts';
import type { Clock } from './clock.ts';
import { ConnectorError } from './connector-error.ts';
import type { MessageFailure } from './failure.ts';
import { forgetFailure, putOff, recordUnfinished } from './failure-records.ts';
import type { MailArchive, MailboxRef, MessageRef } from './mail.ts';
import type { MailCounts } from './mailbox.ts';
import type { Provider } from './provider.ts';
import type { Records } from './records.ts';
import { isOpenToDoubt, type Proof, proveService } from './service-proof.ts';
import {
  countFailure,
  FREE_TRIES,
  isOpen,
  isPatienceOver,
  TRIES,
  type Wanted,
  wantedOf,
} from './wanted-message.ts';

export interface TransferContext {
  readonly connectionId: string;
  readonly mailbox: MailboxRef;
  readonly provider: Provider;
  readonly archive: MailArchive;
  readonly failures: Records<MessageFailure>;
  /** The failures of this mailbox, by message id, kept in step with the records. */
  readonly failing: Map<string, MessageFailure>;
  /** A message of the mailbox that came through: when it comes again, it is not the service that fails. */
  readonly witness: { last: MessageRef | undefined };
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
// As many messages in a row that fail are a reason to ask whether the service works.
const OUTAGE = 5;

/**
 * Brings the messages into the archive. When it resolves, every one of them is stored, gone, or put off as a failure.
 * It rejects when some cannot be brought now: the service or the archive does not work, or the signal aborted.
 *
 * A message is asked for twice, with the others in between. The third time it is only asked for once another one came, so
 * that no outage makes it a failure, and nobody asks a fourth time.
 */
export async function transferMessages(
  context: TransferContext,
  messages: readonly MessageRef[],
): Promise<TransferCounts> {
  const { mailbox, archive, failing, witness, clock, signal } = context;
  // The service may list a message twice; the last mention holds.
  const unique = new Map(messages.map((message) => [message.messageId, message]));
  const missing = new Set(await archive.missing(mailbox, [...unique.keys()], { signal }));
  const stored = [...unique.values()].filter(({ messageId }) => !missing.has(messageId));
  for (const { messageId } of stored) await forgetFailure(context, messageId);
  await context.onStored(stored.map(({ messageId }) => messageId));
  witness.last ??= stored[0];
  const counts = {
    discovered: unique.size,
    archived: 0,
    alreadyStored: stored.length,
    gone: 0,
    bytes: 0,
  };

  const left = new Map<string, Wanted>();
  for (const [id, message] of unique) {
    const known = failing.get(id);
    // One that was put off is terminal for this page until its time comes.
    if (missing.has(id) && (known?.nextAt ?? 0) <= clock.now()) left.set(id, wantedOf(message, known));
  }

  const asking = createAsking(context, left, counts);
  const proof = await bringAll(context, left, asking);
  const unfinished = await recordUnfinished(context, left, { isOver: asking.ending === undefined, proof });
  if (asking.ending !== undefined) throw asking.ending;
  if (unfinished) throw ConnectorError.is(proof) ? proof : unfinished;
  return counts;
}

/** Asks until all have come or are put off, or the service does not work, or nobody can tell. */
async function bringAll(context: TransferContext, left: Map<string, Wanted>, asking: Asking): Promise<Proof> {
  const { failing } = context;
  const { prove, pass } = asking;
  // Where the last slice ended in doubt, it is settled first: in an outage nobody is asked for in vain.
  const doubted = [...left.values()].find(({ message }) => isOpen(failing.get(message.messageId)));
  let proof: Proof = doubted ? await prove(doubted) : 'unknown';
  while (left.size > 0 && asking.ending === undefined && !ConnectorError.is(proof)) {
    const all = [...left.values()].sort((one, other) => one.tries - other.tries);
    const free = all.filter(({ tries }) => tries < FREE_TRIES);
    const isLast = free.length === 0;
    if (isLast && proof !== 'works' && all[0]) proof = await prove(all[0]);
    const isDue = (wanted: Wanted) => proof === 'works' || isPatienceOver(context, wanted);
    const turn = isLast ? all.filter(isDue) : free;
    if (turn.length === 0 || asking.ending !== undefined || ConnectorError.is(proof)) break;

    const { cameThrough, cutShort } = await pass(turn);
    proof = cameThrough ? 'works' : 'unknown';
    if (cutShort && asking.ending === undefined && turn[0]) proof = await prove(turn[0]);
    if (ConnectorError.is(proof) || (cutShort && proof === 'unknown' && !isLast)) break;
    for (const wanted of isLast && asking.ending === undefined ? turn : [])
      if (wanted.tries >= TRIES && left.delete(wanted.message.messageId)) await putOff(context, wanted);
  }
  return proof;
}

interface Asking {
  /** Why nothing more is begun. What is under way may still end well. */
  readonly ending: unknown;
  /** Asks for each once, unless too many in a row do not come. */
  pass(turn: readonly Wanted[]): Promise<{ readonly cameThrough: boolean; readonly cutShort: boolean }>;
  prove(wanted: Wanted): Promise<Proof>;
}

function createAsking(
  context: TransferContext,
  left: Map<string, Wanted>,
  counts: { archived: number; gone: number; bytes: number },
): Asking {
  const { witness, clock, signal } = context;
  let ending: unknown;
  const broken = new AbortController();
  const inner = { ...context, signal: AbortSignal.any([signal, broken.signal]) };
  const end = (error: unknown) => {
    ending ??= error;
    // The service only asks to wait, so the messages under way are let in; everything else would fail again and again.
    if (!ConnectorError.is(error, 'throttled')) broken.abort(error);
  };
  const prove = async ({ message }: Wanted): Promise<Proof> =>
    proveService(context, message).catch((error: unknown) => {
      end(error);
      return 'unknown';
    });

  const bring = async (wanted: Wanted): Promise<'came' | 'failed' | undefined> => {
    try {
      const outcome = await transferMessage(inner, wanted.message);
      if (ConnectorError.is(outcome)) {
        countFailure(wanted, outcome, clock.now());
        if (outcome.code !== 'poison') return 'failed';
        left.delete(wanted.message.messageId);
        await putOff(context, wanted);
        return undefined;
      }
      left.delete(wanted.message.messageId);
      if (outcome === 'gone') counts.gone++;
      else {
        counts.archived++;
        counts.bytes += outcome.bytes;
        witness.last = wanted.message;
      }
      return 'came';
    } catch (error) {
      end(error);
      return undefined;
    }
  };

  const pass = async (turn: readonly Wanted[]) => {
    let failedInARow = 0;
    let cameThrough = false;
    const queue = new PQueue({ concurrency: AT_ONCE });
    for (const wanted of turn)
      queue.add(async () => {
        if (ending !== undefined || signal.aborted || failedInARow >= OUTAGE) return;
        const outcome = await bring(wanted);
        if (outcome === 'came') cameThrough = true;
        if (outcome !== undefined) failedInARow = outcome === 'came' ? 0 : failedInARow + 1;
      });
    await queue.onIdle();
    signal.throwIfAborted();
    return { cameThrough, cutShort: failedInARow >= OUTAGE };
  };
  return {
    get ending() {
      return ending;
    },
    pass,
    prove,
  };
}

/** The stored message, `gone`, or the error when it may be this one message that fails. */
async function transferMessage(
  context: TransferContext,
  message: MessageRef,
): Promise<'gone' | ConnectorError | { readonly bytes: number }> {
  const { provider, archive, signal } = context;
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
    if (isOpenToDoubt(error)) return error;
    throw error;
  }
}
