import { addCounts, type Checkpoint } from './checkpoint.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import { ConnectorError } from './connector-error.ts';
import type { Emit } from './events.ts';
import type { MessageFailure } from './failure.ts';
import type { MailArchive, MailboxRef, MessageRef } from './mail.ts';
import { askAgainAt } from './mail-plan.ts';
import { type MailboxRecord, mailboxStatus } from './mailbox.ts';
import { transferMessages } from './message-transfer.ts';
import type { Change } from './page.ts';
import type { Provider } from './provider.ts';
import { type Records, recordId } from './records.ts';
import { syncStream } from './sync-stream.ts';
import type { TaskOutcome } from './task.ts';

/** A folder of a mailbox, as far as its round goes. */
export interface FolderRecord {
  readonly folderId: string;
  readonly round: number;
  readonly done: boolean;
  readonly itemCount: number;
}

export interface BackfillContext {
  readonly connection: Connection;
  readonly mailboxId: string;
  readonly provider: Provider;
  readonly archive: MailArchive;
  readonly checkpoints: Records<Checkpoint>;
  readonly mailboxes: Records<MailboxRecord>;
  readonly folders: Records<FolderRecord>;
  readonly failures: Records<MessageFailure>;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** Milliseconds after which the slice ends at the next page. */
  readonly slice: number;
}

/**
 * One slice of a mailbox's round: its folders are listed, then read one after the other, page by page.
 * It ends when the round does, when its time is up, or when the service asks to wait.
 */
export async function backfillMailbox(context: BackfillContext): Promise<TaskOutcome> {
  const { connection, mailboxId, clock, mailboxes, failures, signal } = context;
  const id = recordId(connection.id, mailboxId);
  const mailbox: MailboxRef = { tenantId: connection.tenant.tenantId, mailboxId };
  const end = clock.now() + context.slice;
  const shouldStop = () => clock.now() >= end;

  const change = async (fields: (current: MailboxRecord) => Partial<MailboxRecord>) => {
    const changed = await mailboxes.update(id, (current) => current && { ...current, ...fields(current) });
    if (!changed) throw new ConnectorError('not_found', 'The mailbox is not known: plan the mail first.');
    context.emit('mailbox.progressed', { connectionId: connection.id, mailbox: mailboxStatus(changed) });
    return changed;
  };
  const yielded = async (reason: 'slice' | 'throttled', resumeAt: number): Promise<TaskOutcome> => {
    await change(() => ({ state: reason === 'throttled' ? 'throttled' : 'scheduled', resumeAt }));
    return { status: 'yielded', resumeAt, reason };
  };

  const before = await mailboxes.get(id);
  if (!before?.value.open) return { status: 'completed' };
  try {
    if (!before.value.listed) {
      const expected = await listFolders(context, mailbox, before.value.round);
      await change(() => ({ listed: true, expected }));
      // Now that its size is known, the largest mailbox can go first.
      return await yielded('slice', clock.now());
    }

    // The checkpoints' counts are exact; the mailbox's own copy may lack a page that a killed process had just finished.
    const counted = await sumCounts(context);
    await change(() => ({ state: 'running', resumeAt: undefined, ...counted }));
    const failing = new Map<string, MessageFailure>();
    for await (const { value } of failures.list(`${id}/`)) failing.set(value.messageId, value);
    const transfer = {
      ...context,
      failing,
      connectionId: connection.id,
      mailbox,
      onArchived: (bytes: number) =>
        context.emit('message.archived', { connectionId: connection.id, mailboxId, bytes }),
      onFailed: (code: string) =>
        context.emit('message.failed', { connectionId: connection.id, mailboxId, code }),
    };
    for (const { nextAt, attempts, ...message } of [...failing.values()])
      if (nextAt <= clock.now()) await transferMessages(transfer, [{ ...mailbox, ...message }]);

    for (const folder of await pendingFolders(context, before.value.round)) {
      const finished = await readFolder(
        context,
        { ...mailbox, folderId: folder.folderId },
        shouldStop,
        async (messages) => {
          const added = await transferMessages(transfer, messages);
          await change((current) => ({ ...addCounts(countsOf(current), added), failed: failing.size }));
          return added;
        },
      );
      if (!finished) return await yielded('slice', clock.now());
      await context.folders.put(recordId(connection.id, mailboxId, folder.folderId), {
        ...folder,
        done: true,
      });
      if (shouldStop()) return await yielded('slice', clock.now());
    }

    await change(() => ({
      state: failing.size > 0 ? 'completed_with_failures' : 'completed',
      open: false,
      failed: failing.size,
      completedAt: new Date(clock.now()).toISOString(),
    }));
    return { status: 'completed' };
  } catch (error) {
    signal.throwIfAborted();
    if (ConnectorError.is(error, 'throttled'))
      return await yielded('throttled', error.retryAt ?? clock.now() + 60_000);
    if (!ConnectorError.is(error, 'mailbox_not_found')) throw error;
    await change(() => ({ state: 'no_mailbox', open: false, resumeAt: askAgainAt(clock) }));
    return { status: 'completed' };
  }
}

async function listFolders(context: BackfillContext, mailbox: MailboxRef, round: number): Promise<number> {
  const { connection, provider, folders, signal } = context;
  let expected = 0;
  for await (const page of provider.mail.folders(mailbox, { signal })) {
    for (const change of page.changes) {
      if (change.type === 'removed') continue;
      const { folderId, itemCount } = change.item;
      expected += itemCount;
      await folders.put(recordId(connection.id, mailbox.mailboxId, folderId), {
        folderId,
        round,
        done: false,
        itemCount,
      });
    }
  }
  return expected;
}

async function pendingFolders(context: BackfillContext, round: number): Promise<readonly FolderRecord[]> {
  const pending: FolderRecord[] = [];
  for await (const { value } of context.folders.list(
    `${recordId(context.connection.id, context.mailboxId)}/`,
  )) {
    if (value.round === round && !value.done) pending.push(value);
  }
  return pending.sort((one, other) => other.itemCount - one.itemCount);
}

/** Resolves true at the end of the folder's round, false when the slice is over. */
async function readFolder(
  context: BackfillContext,
  folder: MailboxRef & { readonly folderId: string },
  shouldStop: () => boolean,
  transfer: (messages: readonly MessageRef[]) => Promise<Readonly<Record<string, number>>>,
): Promise<boolean> {
  const { connection, mailboxId, provider, checkpoints, signal } = context;
  try {
    const end = await syncStream<Change<MessageRef>>({
      checkpoints,
      checkpointId: recordId(connection.id, 'mail', mailboxId, folder.folderId),
      read: (cursor, reading) => provider.mail.messages(folder, { cursor, signal: reading }),
      // A removal says that a message left this folder: what is archived stays, and a move shows in the other folder.
      apply: (changes) =>
        transfer(changes.flatMap((change) => (change.type === 'upserted' ? [change.item] : []))),
      shouldStop,
      signal,
    });
    return end === 'caught_up';
  } catch (error) {
    // The folder was deleted since it was listed; its messages were moved or deleted with it.
    if (ConnectorError.is(error, 'gone')) return true;
    throw error;
  }
}

const NO_COUNTS = { discovered: 0, archived: 0, alreadyStored: 0, gone: 0, bytes: 0 };

const countsOf = ({ discovered, archived, alreadyStored, gone, bytes }: typeof NO_COUNTS) => ({
  discovered,
  archived,
  alreadyStored,
  gone,
  bytes,
});

async function sumCounts({ checkpoints, connection, mailboxId }: BackfillContext) {
  let sum: Readonly<Record<string, number>> = NO_COUNTS;
  for await (const { value } of checkpoints.list(`${recordId(connection.id, 'mail', mailboxId)}/`))
    sum = addCounts(sum, value.counts);
  return sum;
}
