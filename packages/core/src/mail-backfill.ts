import type { Checkpoint } from './checkpoint.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import { ConnectorError, type ErrorCode } from './connector-error.ts';
import { type Departure, noteDepartures, type RemovedMessage, settleDepartures } from './departures.ts';
import type { Emit } from './events.ts';
import type { MessageFailure } from './failure.ts';
import {
  closeStream,
  type FolderList,
  foldersOf,
  listFolders,
  markFailing,
  type PendingFolder,
} from './folder-round.ts';
import type { Lease } from './lease.ts';
import type { MailArchive, MailboxRef, MessageRef } from './mail.ts';
import type { MailPacer } from './mail-pace.ts';
import { type MailSyncOptions, selectionOf } from './mail-sync-options.ts';
import type { MailboxRecord, Round } from './mailbox.ts';
import {
  beginTransfer,
  bring,
  bringFound,
  changeMailbox,
  progressOf,
  retryFailures,
  showProgress,
  wanted,
} from './mailbox-transfer.ts';
import type { TransferContext } from './message-transfer.ts';
import type { Change } from './page.ts';
import type { Provider } from './provider.ts';
import { type Records, recordId } from './records.ts';
import { syncStream } from './sync-stream.ts';
import type { TaskOutcome } from './task.ts';

export interface BackfillContext {
  readonly connection: Connection;
  readonly mailboxId: string;
  readonly provider: Provider;
  readonly archive: MailArchive;
  readonly checkpoints: Records<Checkpoint>;
  readonly mailboxes: Records<MailboxRecord>;
  readonly rounds: Records<Round>;
  readonly folders: Records<FolderList>;
  readonly failures: Records<MessageFailure>;
  readonly departures: Records<Departure>;
  readonly removed: Records<RemovedMessage>;
  readonly options: MailSyncOptions;
  readonly pacer: MailPacer;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly lease: Lease;
  /** Milliseconds after which the slice ends at the next page. */
  readonly slice: number;
}

const NOT_OF_A_FOLDER = new Set<ErrorCode>([
  'throttled',
  'aborted',
  'conflict',
  'storage_failed',
  'reauthorization_required',
  'credential_invalid',
]);
const BAD_FOLDERS = 3;
const HOUR = 3600_000;
// A new mailbox takes a quarter of an hour to appear; a user without one seldom gets one.
const ASK_AGAIN = [HOUR, 24 * HOUR, 7 * 24 * HOUR] as const;

/**
 * One slice of a mailbox's round: its folders are listed, then read one after the other, page by page.
 * It ends when the round does, when its time is up, or when the service asks to wait.
 */
export async function backfillMailbox(context: BackfillContext): Promise<TaskOutcome> {
  const { connection, mailboxId, clock, lease, rounds } = context;
  const id = recordId(connection.id, mailboxId);
  const mailbox: MailboxRef = { tenantId: connection.tenant.tenantId, mailboxId };
  const window = await context.pacer.window(connection, context.options);
  const end = Math.min(clock.now() + context.slice, window.until);
  const shouldStop = () => clock.now() >= end;

  const stored = await rounds.get(id);
  if (!stored) return { status: 'completed' };
  let { value: round, version } = stored;
  const saveRound = async (fields: Partial<Round>) => {
    round = { ...round, ...fields };
    version = await rounds.put(id, round, version);
  };
  let transfer: TransferContext | undefined;
  const yielded = async (
    reason: keyof typeof RESTING,
    resumeAt: number,
    fromListing?: Partial<MailboxRecord>,
  ): Promise<TaskOutcome> => {
    const isListed = round.listed || fromListing !== undefined;
    const fields = { ...fromListing, ...(transfer && progressOf(context, transfer)), state: RESTING[reason] };
    const { expected, archived, alreadyStored } = await changeMailbox(context, () => fields);
    const remaining = isListed ? Math.max(0, expected - archived - alreadyStored) : round.remaining;
    await saveRound({ listed: isListed, resumeAt, remaining });
    return { status: 'yielded', resumeAt, reason };
  };
  const refused = async (state: 'no_mailbox' | 'no_access'): Promise<TaskOutcome> => {
    const { refusals } = await changeMailbox(context, (current) => ({
      state,
      refusals: current.refusals + 1,
    }));
    await saveRound({ resumeAt: clock.now() + (ASK_AGAIN[refusals - 1] ?? 7 * 24 * HOUR) });
    return { status: 'completed' };
  };

  if (!window.isOpen) return yielded('quiet_hours', window.until);
  try {
    if (!round.listed) {
      const expected = await listFolders(context, mailbox).catch((error: unknown) => {
        if (ConnectorError.is(error, 'mailbox_not_found')) return 'no_mailbox' as const;
        if (ConnectorError.is(error, 'permission_missing')) return 'no_access' as const;
        throw error;
      });
      if (typeof expected === 'string') return await refused(expected);
      // Now that its size is known, the largest mailbox can go first.
      return await yielded('slice', clock.now(), { expected, refusals: 0 });
    }

    const folders = await foldersOf(context, round);
    transfer = await beginTransfer(context, mailbox, folders.counts);
    const begun = transfer;
    let firstError: unknown;
    const unread = new Set<string>();
    for (const pending of folders.pending) {
      try {
        if (!(await readFolder(context, begun, pending, round.number, shouldStop)))
          return await yielded('slice', clock.now());
      } catch (error) {
        lease.signal.throwIfAborted();
        if (!ConnectorError.is(error) || NOT_OF_A_FOLDER.has(error.code)) throw error;
        unread.add(pending.folderId);
        // One bad folder must not hold up the others; several are an outage.
        if (!(await markFailing(context, pending.checkpointId, round.number))) firstError ??= error;
        if (firstError !== undefined && unread.size >= BAD_FOLDERS) throw firstError;
      }
      if (shouldStop()) return await yielded('slice', clock.now());
    }
    if (firstError !== undefined) throw firstError;
    const bringBack = (messages: readonly MessageRef[]) => bringFound(context, begun, messages);
    if (!(await settleDepartures(context, folders.ids, bringBack, shouldStop)))
      return await yielded('slice', clock.now());
    await retryFailures(context, begun);

    const isComplete = begun.failing.size + folders.givenUp + unread.size === 0;
    await changeMailbox(context, () => ({
      ...progressOf(context, begun),
      state: isComplete ? 'completed' : 'completed_with_failures',
      completedAt: new Date(clock.now()).toISOString(),
      ...(round.reconcile && { reconciledAt: new Date(clock.now()).toISOString() }),
    }));
    await rounds.delete(id, version);
    return { status: 'completed' };
  } catch (error) {
    // Halted or broken off, it is to be seen how far it came.
    if (transfer) await showProgress(context, transfer).catch(() => {});
    lease.signal.throwIfAborted();
    if (ConnectorError.is(error, 'throttled'))
      return await yielded('throttled', error.retryAt ?? clock.now() + 60_000);
    // Only the list of folders is believed in this, so it is asked for again.
    if (ConnectorError.is(error, 'mailbox_not_found', 'permission_missing') && round.listed)
      await saveRound({ listed: false });
    throw error;
  } finally {
    // A slice that is lost teaches less; it must not hide why it ended.
    if (transfer) await context.pacer.learn(connection.id, transfer.activity).catch(() => {});
  }
}

const RESTING = {
  slice: 'scheduled',
  throttled: 'throttled',
  quiet_hours: 'waiting_for_quiet_hours',
} as const;

/** Reads what is left of a folder, and brings what is new. Resolves true when it is done with, false when the slice is over. */
async function readFolder(
  context: BackfillContext,
  transfer: TransferContext,
  { folderId, stream, checkpointId }: PendingFolder,
  round: number,
  shouldStop: () => boolean,
): Promise<boolean> {
  const { provider, checkpoints, lease } = context;
  const folder = { ...transfer.mailbox, folderId };
  const { signal } = lease;
  // A page that is read twice archives nothing twice, so its generation need not be recorded before it.
  const shared = { checkpoints, checkpointId, round, recordsBeginning: false, shouldStop, signal };
  try {
    const ended =
      stream === 'mail'
        ? await syncStream<Change<MessageRef>>({
            ...shared,
            selection: selectionOf(context.options),
            read: (cursor, reading) => provider.mail.messages(folder, { cursor, signal: reading }),
            async apply(changes) {
              // Before the page is committed, so that none is forgotten. A message that only moved is in its other folder.
              const left = changes.flatMap((change) => (change.type === 'removed' ? [change.id] : []));
              await noteDepartures(context, folderId, left);
              return bring(context, transfer, wanted(context, changes));
            },
          })
        : await syncStream<Change<MessageRef>>({
            ...shared,
            read: (cursor, reading) => provider.mail.list(folder, { cursor, signal: reading }),
            async apply(changes) {
              await bringFound(context, transfer, wanted(context, changes));
              return {};
            },
          });
    return ended === 'caught_up';
  } catch (error) {
    if (!ConnectorError.is(error, 'gone')) throw error;
    // The folder was deleted since it was listed; its messages were moved or deleted with it.
    await closeStream(context, checkpointId, round);
    return true;
  }
}
