import { addActivity, emptyActivity } from './activity.ts';
import { addCounts, emptyCheckpoint } from './checkpoint.ts';
import { ConnectorError } from './connector-error.ts';
import { hasRemoved, noteReturns } from './departures.ts';
import type { MessageFailure } from './failure.ts';
import type { MailboxRef, MessageRef } from './mail.ts';
import type { BackfillContext } from './mail-backfill.ts';
import { timeZoneOf } from './mail-sync-options.ts';
import { type MailboxRecord, mailboxStatus } from './mailbox.ts';
import { type TransferContext, transferMessages } from './message-transfer.ts';
import type { Change } from './page.ts';
import { recordId } from './records.ts';

/**
 * What a slice needs to bring messages; from now on the mailbox is shown as at work.
 *
 * @param counted By the checkpoints: these counts are exact, the mailbox's own copy may lack what a killed process had just finished.
 */
export async function beginTransfer(
  context: BackfillContext,
  mailbox: MailboxRef,
  counted: Readonly<Record<string, number>>,
): Promise<TransferContext> {
  const { connection, provider, archive, failures, clock, emit, lease } = context;
  const { mailboxId } = mailbox;
  const failing = new Map<string, MessageFailure>();
  for await (const { value } of failures.list(`${recordId(connection.id, mailboxId)}/`))
    failing.set(value.messageId, value);
  const counts = { ...NO_COUNTS, ...counted };
  await changeMailbox(context, () => ({ ...counts, state: 'running', failed: failing.size }));
  const mayReturn = await hasRemoved(context);
  const begunAt = clock.now();
  return {
    connectionId: connection.id,
    mailbox,
    provider,
    archive,
    failures,
    failing,
    witness: { last: undefined },
    progress: { begunAt, archivedBefore: counts.archived, counts, madeAt: undefined, shownAt: begunAt },
    activity: emptyActivity(timeZoneOf(context.options)),
    clock,
    signal: lease.signal,
    onStored: mayReturn ? (messageIds) => noteReturns(context, messageIds) : async () => {},
    onArchived: (bytes) => emit('message.archived', { connectionId: connection.id, mailboxId, bytes }),
    onFailed: ({ messageId, code }) =>
      emit('message.failed', { connectionId: connection.id, mailboxId, messageId, code }),
  };
}

/** Of a page, the messages that the host wants. */
export const wanted = (
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
export async function retryFailures(context: BackfillContext, transfer: TransferContext): Promise<void> {
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
export async function bringFound(
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
  await addProgress(context, transfer, counts);
  // They belong to no folder's page, so they have a checkpoint of their own for their counts.
  await checkpoints.update(recordId(connection.id, 'mail', mailboxId, ''), (current = emptyCheckpoint) => ({
    ...current,
    counts: addCounts(current.counts, counts),
  }));
}

/** Brings the messages of a page of changes, and says what to count. */
export async function bring(
  context: BackfillContext,
  transfer: TransferContext,
  messages: readonly MessageRef[],
) {
  const received = messages.map(({ receivedAt }) => receivedAt);
  transfer.activity = addActivity(transfer.activity, received, context.clock.now());
  const counts = await transferMessages(transfer, messages);
  await addProgress(context, transfer, counts);
  return counts;
}

/** What to record of the mailbox, now. */
export const progressOf = (
  { clock }: BackfillContext,
  { failing, progress: { begunAt, archivedBefore, counts, madeAt } }: TransferContext,
): Partial<MailboxRecord> => ({
  ...counts,
  failed: failing.size,
  rate: Math.max(0, counts.archived - archivedBefore) / Math.max(1, (clock.now() - begunAt) / 1000),
  ...(madeAt !== undefined && { progressedAt: new Date(madeAt).toISOString() }),
});

// Milliseconds: often enough to watch. The checkpoints have the counts, so nothing is lost between two times.
const SHOWN_EVERY = 1000;

async function addProgress(
  context: BackfillContext,
  transfer: TransferContext,
  added: Readonly<Record<string, number>>,
): Promise<void> {
  const now = context.clock.now();
  const { progress } = transfer;
  progress.counts = { ...progress.counts, ...addCounts(progress.counts, added) };
  progress.madeAt = now;
  if (now - progress.shownAt >= SHOWN_EVERY) await showProgress(context, transfer);
}

export async function showProgress(context: BackfillContext, transfer: TransferContext): Promise<void> {
  transfer.progress.shownAt = context.clock.now();
  await changeMailbox(context, () => progressOf(context, transfer));
}

/** @throws ConnectorError `conflict` when another process has taken over the mailbox */
export async function changeMailbox(
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
