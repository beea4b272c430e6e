import type { Checkpoint } from './checkpoint.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import { ConnectorError, type ErrorCode } from './connector-error.ts';
import { type Departure, noteDepartures, type RemovedMessage, settleDepartures } from './departures.ts';
import type { Emit } from './events.ts';
import type { MessageFailure } from './failure.ts';
import { type FolderRecord, foldersOf, listFolders, markDone, markFailing } from './folder-round.ts';
import type { Lease } from './lease.ts';
import type { MailArchive, MailboxRef, MessageRef } from './mail.ts';
import type { MailPacer } from './mail-pace.ts';
import { type MailSyncOptions, selectionOf } from './mail-sync-options.ts';
import type { MailboxRecord, MailboxState, Round } from './mailbox.ts';
import {
  beginTransfer,
  bring,
  bringFound,
  changeMailbox,
  retryFailures,
  wanted,
} from './mailbox-transfer.ts';
import type { TransferContext } from './message-transfer.ts';
import type { Change } from './page.ts';
import type { Provider } from './provider.ts';
import { type Records, recordId } from './records.ts';
import { type SyncStreamOptions, syncStream } from './sync-stream.ts';
import type { TaskOutcome } from './task.ts';

export interface BackfillContext {
  readonly connection: Connection;
  readonly mailboxId: string;
  readonly provider: Provider;
  readonly archive: MailArchive;
  readonly checkpoints: Records<Checkpoint>;
  readonly mailboxes: Records<MailboxRecord>;
  readonly rounds: Records<Round>;
  readonly folders: Records<FolderRecord>;
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
  const rest = async (state: MailboxState, resumeAt: number) => {
    const { expected, archived, alreadyStored } = await changeMailbox(context, () => ({ state }));
    const remaining = round.listed ? Math.max(0, expected - archived - alreadyStored) : round.remaining;
    await saveRound({ resumeAt, remaining });
  };
  const yielded = async (reason: keyof typeof RESTING, resumeAt: number): Promise<TaskOutcome> => {
    await rest(RESTING[reason], resumeAt);
    return { status: 'yielded', resumeAt, reason };
  };
  const refused = async (state: 'no_mailbox' | 'no_access'): Promise<TaskOutcome> => {
    const { refusals } = await changeMailbox(context, (current) => ({ refusals: current.refusals + 1 }));
    await rest(state, clock.now() + (ASK_AGAIN[refusals - 1] ?? 7 * 24 * HOUR));
    return { status: 'completed' };
  };

  if (!window.isOpen) return yielded('quiet_hours', window.until);
  let transfer: TransferContext | undefined;
  try {
    if (!round.listed) {
      const expected = await listFolders(context, mailbox, round.number).catch((error: unknown) => {
        if (ConnectorError.is(error, 'mailbox_not_found')) return 'no_mailbox' as const;
        if (ConnectorError.is(error, 'permission_missing')) return 'no_access' as const;
        throw error;
      });
      if (typeof expected === 'string') return await refused(expected);
      await changeMailbox(context, () => ({ expected, refusals: 0 }));
      await saveRound({ listed: true });
      // Now that its size is known, the largest mailbox can go first.
      return await yielded('slice', clock.now());
    }

    transfer = await beginTransfer(context, mailbox);
    const begun = transfer;
    let firstError: unknown;
    let unread = 0;
    const folders = await foldersOf(context, round.number);
    for (const folder of folders.pending) {
      try {
        const isRead = await readFolder(context, begun, folder.folderId, shouldStop);
        if (!isRead || (round.reconcile && !(await reconcile(context, begun, folder.folderId, shouldStop))))
          return await yielded('slice', clock.now());
        await markDone(context, folder);
      } catch (error) {
        lease.signal.throwIfAborted();
        if (!ConnectorError.is(error) || NOT_OF_A_FOLDER.has(error.code)) throw error;
        unread++;
        // One bad folder must not hold up the others; several are an outage.
        if (!(await markFailing(context, folder))) firstError ??= error;
        if (firstError !== undefined && unread >= BAD_FOLDERS) throw firstError;
      }
      if (shouldStop()) return await yielded('slice', clock.now());
    }
    if (firstError !== undefined) throw firstError;
    const bringBack = (messages: readonly MessageRef[]) => bringFound(context, begun, messages);
    if (!(await settleDepartures(context, folders.ids, bringBack, shouldStop)))
      return await yielded('slice', clock.now());
    await retryFailures(context, begun);

    const failed = begun.failing.size;
    await changeMailbox(context, () => ({
      state: failed + unread > 0 ? 'completed_with_failures' : 'completed',
      failed,
      completedAt: new Date(clock.now()).toISOString(),
      ...(round.reconcile && { reconciledAt: new Date(clock.now()).toISOString() }),
    }));
    await rounds.delete(id, version);
    return { status: 'completed' };
  } catch (error) {
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

/** Reads what changed in a folder, and brings it. Resolves true at the end of the folder's round, false when the slice is over. */
const readFolder = (
  context: BackfillContext,
  transfer: TransferContext,
  folderId: string,
  shouldStop: () => boolean,
): Promise<boolean> =>
  followFolder(context, {
    checkpointId: recordId(context.connection.id, 'mail', context.mailboxId, folderId),
    selection: selectionOf(context.options),
    read: (cursor, signal) =>
      context.provider.mail.messages({ ...transfer.mailbox, folderId }, { cursor, signal }),
    async apply(changes) {
      // Before the page is committed, so that none is forgotten. A message that only moved is in its other folder.
      const left = changes.flatMap((change) => (change.type === 'removed' ? [change.id] : []));
      await noteDepartures(context, folderId, left);
      return bring(context, transfer, wanted(context, changes));
    },
    shouldStop,
  });

/** Compares the ids of a folder with the archive, and brings what is missing. Resolves as `readFolder` does. */
const reconcile = (
  context: BackfillContext,
  transfer: TransferContext,
  folderId: string,
  shouldStop: () => boolean,
): Promise<boolean> =>
  followFolder(context, {
    checkpointId: recordId(context.connection.id, 'ids', context.mailboxId, folderId),
    read: (cursor, signal) =>
      context.provider.mail.list({ ...transfer.mailbox, folderId }, { cursor, signal }),
    async apply(changes) {
      await bringFound(context, transfer, wanted(context, changes));
      return {};
    },
    shouldStop,
  });

async function followFolder(
  { checkpoints, lease }: BackfillContext,
  stream: Omit<SyncStreamOptions<Change<MessageRef>>, 'checkpoints' | 'signal'>,
): Promise<boolean> {
  try {
    return (await syncStream({ ...stream, checkpoints, signal: lease.signal })) === 'caught_up';
  } catch (error) {
    // The folder was deleted since it was listed; its messages were moved or deleted with it.
    if (ConnectorError.is(error, 'gone')) return true;
    throw error;
  }
}
