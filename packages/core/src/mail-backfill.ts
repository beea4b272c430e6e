import { addCounts, type Checkpoint, emptyCheckpoint } from './checkpoint.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import { ConnectorError, type ErrorCode } from './connector-error.ts';
import {
  type Departure,
  hasRemoved,
  noteDepartures,
  noteReturns,
  type RemovedMessage,
  settleDepartures,
} from './departures.ts';
import type { Emit } from './events.ts';
import type { MessageFailure } from './failure.ts';
import { type FolderRecord, foldersOf, listFolders, markDone, markFailing } from './folder-round.ts';
import type { Lease } from './lease.ts';
import type { MailArchive, MailboxRef, MessageRef } from './mail.ts';
import { type MailSyncOptions, selectionOf } from './mail-sync-options.ts';
import { type MailboxRecord, type MailboxState, mailboxStatus, type Round } from './mailbox.ts';
import { type TransferContext, transferMessages } from './message-transfer.ts';
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
  readonly folders: Records<FolderRecord>;
  readonly failures: Records<MessageFailure>;
  readonly departures: Records<Departure>;
  readonly removed: Records<RemovedMessage>;
  readonly options: MailSyncOptions;
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
  const end = clock.now() + context.slice;
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
  const yielded = async (reason: 'slice' | 'throttled', resumeAt: number): Promise<TaskOutcome> => {
    await rest(reason === 'throttled' ? 'throttled' : 'scheduled', resumeAt);
    return { status: 'yielded', resumeAt, reason };
  };
  const refused = async (state: 'no_mailbox' | 'no_access'): Promise<TaskOutcome> => {
    const { refusals } = await changeMailbox(context, (current) => ({ refusals: current.refusals + 1 }));
    await rest(state, clock.now() + (ASK_AGAIN[refusals - 1] ?? 7 * 24 * HOUR));
    return { status: 'completed' };
  };

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

    const transfer = await beginTransfer(context, mailbox);
    let firstError: unknown;
    let unread = 0;
    const folders = await foldersOf(context, round.number);
    for (const folder of folders.pending) {
      try {
        const isRead = await readFolder(context, transfer, folder.folderId, shouldStop);
        if (
          !isRead ||
          (round.reconcile && !(await reconcile(context, transfer, folder.folderId, shouldStop)))
        )
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
    const bringBack = (messages: readonly MessageRef[]) => bringFound(context, transfer, messages);
    if (!(await settleDepartures(context, folders.ids, bringBack, shouldStop)))
      return await yielded('slice', clock.now());
    await retryFailures(context, transfer);

    const failed = transfer.failing.size;
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
  }
}

async function beginTransfer(context: BackfillContext, mailbox: MailboxRef): Promise<TransferContext> {
  const { connection, provider, archive, failures, clock, emit, lease, checkpoints } = context;
  const { mailboxId } = mailbox;
  const failing = new Map<string, MessageFailure>();
  for await (const { value } of failures.list(`${recordId(connection.id, mailboxId)}/`))
    failing.set(value.messageId, value);
  // The checkpoints' counts are exact; the mailbox's own copy may lack a page that a killed process had just finished.
  let counted: Readonly<Record<string, number>> = NO_COUNTS;
  for await (const { value } of checkpoints.list(`${recordId(connection.id, 'mail', mailboxId)}/`))
    counted = addCounts(counted, value.counts);
  const { archived } = await changeMailbox(context, () => ({
    state: 'running',
    ...counted,
    failed: failing.size,
  }));
  const mayReturn = await hasRemoved(context);
  return {
    connectionId: connection.id,
    mailbox,
    provider,
    archive,
    failures,
    failing,
    health: { proved: false },
    begun: { at: clock.now(), archived },
    clock,
    signal: lease.signal,
    onStored: mayReturn ? (messageIds) => noteReturns(context, messageIds) : async () => {},
    onArchived: (bytes) => emit('message.archived', { connectionId: connection.id, mailboxId, bytes }),
    onFailed: ({ messageId, code }) =>
      emit('message.failed', { connectionId: connection.id, mailboxId, messageId, code }),
  };
}

/** Resolves true at the end of the folder's round, false when the slice is over. */
async function readFolder(
  context: BackfillContext,
  transfer: TransferContext,
  folderId: string,
  shouldStop: () => boolean,
): Promise<boolean> {
  const { connection, mailboxId, provider, checkpoints, lease } = context;
  try {
    const end = await syncStream<Change<MessageRef>>({
      checkpoints,
      checkpointId: recordId(connection.id, 'mail', mailboxId, folderId),
      selection: selectionOf(context.options),
      read: (cursor, signal) => provider.mail.messages({ ...transfer.mailbox, folderId }, { cursor, signal }),
      async apply(changes) {
        // Before the page is committed, so that none is forgotten. A message that only moved is in its other folder.
        const left = changes.flatMap((change) => (change.type === 'removed' ? [change.id] : []));
        await noteDepartures(context, folderId, left);
        return bring(context, transfer, wanted(context, changes));
      },
      shouldStop,
      signal: lease.signal,
    });
    return end === 'caught_up';
  } catch (error) {
    // The folder was deleted since it was listed; its messages were moved or deleted with it.
    if (ConnectorError.is(error, 'gone')) return true;
    throw error;
  }
}

/** Compares the ids of a folder with the archive, and brings what is missing. Resolves false when the slice is over. */
async function reconcile(
  context: BackfillContext,
  transfer: TransferContext,
  folderId: string,
  shouldStop: () => boolean,
): Promise<boolean> {
  const { connection, mailboxId, provider, checkpoints, lease } = context;
  try {
    const end = await syncStream<Change<MessageRef>>({
      checkpoints,
      checkpointId: recordId(connection.id, 'ids', mailboxId, folderId),
      read: (cursor, signal) => provider.mail.list({ ...transfer.mailbox, folderId }, { cursor, signal }),
      async apply(changes) {
        await bringFound(context, transfer, wanted(context, changes));
        return {};
      },
      shouldStop,
      signal: lease.signal,
    });
    return end === 'caught_up';
  } catch (error) {
    if (ConnectorError.is(error, 'gone')) return true;
    throw error;
  }
}

const wanted = (
  { options: { since, drafts = false } }: BackfillContext,
  changes: readonly Change<MessageRef>[],
): readonly MessageRef[] =>
  changes.flatMap((change) => {
    if (change.type === 'removed' || (change.item.draft && !drafts)) return [];
    const { receivedAt } = change.item;
    const isEarlier = since && receivedAt && Date.parse(receivedAt) < Date.parse(since);
    return isEarlier ? [] : [change.item];
  });

/** After the folders, so that a message that fails again holds up nothing that is new. */
async function retryFailures(context: BackfillContext, transfer: TransferContext): Promise<void> {
  const { connection, mailboxId, clock, failures } = context;
  // As recorded: somebody may have asked for them since the slice began.
  for await (const { value } of failures.list(`${recordId(connection.id, mailboxId)}/`))
    transfer.failing.set(value.messageId, value);
  const due = [...transfer.failing.values()].filter(({ nextAt }) => nextAt <= clock.now());
  if (due.length === 0) return;
  const messages = due.map(({ messageId, folderId, receivedAt }) => ({
    ...transfer.mailbox,
    messageId,
    folderId,
    receivedAt,
  }));
  // Their pages have counted them as discovered.
  const { discovered, ...counts } = await transferMessages(transfer, messages);
  await addBesidePages(context, transfer, counts);
}

/** Messages that no page of changes has brought. */
async function bringFound(
  context: BackfillContext,
  transfer: TransferContext,
  messages: readonly MessageRef[],
): Promise<void> {
  const unknown = messages.filter(({ messageId }) => !transfer.failing.has(messageId));
  if (unknown.length === 0) return;
  const { discovered, alreadyStored, ...counts } = await transferMessages(transfer, unknown);
  await addBesidePages(context, transfer, { ...counts, discovered: discovered - alreadyStored });
}

async function addBesidePages(
  context: BackfillContext,
  transfer: TransferContext,
  counts: Readonly<Record<string, number>>,
): Promise<void> {
  if (Object.values(counts).every((count) => count === 0)) return;
  const { checkpoints, connection, mailboxId } = context;
  await addToMailbox(context, transfer, counts);
  // They belong to no folder's page, so they have a checkpoint of their own for their counts.
  await checkpoints.update(recordId(connection.id, 'mail', mailboxId, ''), (current = emptyCheckpoint) => ({
    ...current,
    counts: addCounts(current.counts, counts),
  }));
}

async function bring(context: BackfillContext, transfer: TransferContext, messages: readonly MessageRef[]) {
  const counts = await transferMessages(transfer, messages);
  await addToMailbox(context, transfer, counts);
  return counts;
}

const addToMailbox = (
  context: BackfillContext,
  transfer: TransferContext,
  counts: Readonly<Record<string, number>>,
) =>
  changeMailbox(context, (current) => {
    const now = context.clock.now();
    const sum = addCounts(countsOf(current), counts);
    const { at, archived } = transfer.begun;
    return {
      ...sum,
      failed: transfer.failing.size,
      rate: Math.max(0, (sum.archived ?? 0) - archived) / Math.max(1, (now - at) / 1000),
      progressedAt: new Date(now).toISOString(),
    };
  });

/** @throws ConnectorError `conflict` when another process has taken over the mailbox */
async function changeMailbox(
  { connection, mailboxId, mailboxes, lease: { epoch }, emit }: BackfillContext,
  fields: (current: MailboxRecord) => Partial<MailboxRecord>,
): Promise<MailboxRecord> {
  const changed = await mailboxes.update(recordId(connection.id, mailboxId), (current) => {
    if (!current) return undefined;
    if (current.backfillEpoch > epoch)
      throw new ConnectorError('conflict', 'Another process has taken over the mailbox.');
    const next = { ...current, ...fields(current), backfillEpoch: epoch };
    // The plan has found meanwhile that the user is gone: that is not for a slice to overrule.
    return current.state === 'removed' ? { ...next, state: 'removed' } : next;
  });
  if (!changed) throw new ConnectorError('not_found', 'The mailbox is not known: plan the mail first.');
  emit('mailbox.progressed', { connectionId: connection.id, mailbox: mailboxStatus(changed) });
  return changed;
}

const NO_COUNTS = { discovered: 0, archived: 0, alreadyStored: 0, gone: 0, bytes: 0 };

const countsOf = ({ discovered, archived, alreadyStored, gone, bytes }: typeof NO_COUNTS) => ({
  discovered,
  archived,
  alreadyStored,
  gone,
  bytes,
});
