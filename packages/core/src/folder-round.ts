import type { MailboxRef } from './mail.ts';
import type { BackfillContext } from './mail-backfill.ts';
import { recordId } from './records.ts';

/** A folder of a mailbox, as far as the mailbox's round goes. */
export interface FolderRecord {
  readonly folderId: string;
  /** The round that listed it last. */
  readonly round: number;
  readonly done: boolean;
  readonly itemCount: number;
}

const folderRecordId = ({ connection, mailboxId }: BackfillContext, folderId: string) =>
  recordId(connection.id, mailboxId, folderId);

/** Writes down the folders of a round. Resolves with how many items they hold. */
export async function listFolders(
  context: BackfillContext,
  mailbox: MailboxRef,
  round: number,
): Promise<number> {
  const { provider, folders, lease } = context;
  let expected = 0;
  for await (const page of provider.mail.folders(mailbox, { signal: lease.signal })) {
    for (const change of page.changes) {
      if (change.type === 'removed') continue;
      const { folderId, itemCount } = change.item;
      expected += itemCount;
      await folders.update(folderRecordId(context, folderId), (current) =>
        current && current.round >= round ? undefined : { folderId, round, done: false, itemCount },
      );
    }
  }
  return expected;
}

/** The folders of the round that are not read to their end, the largest first. */
export async function pendingFolders(
  context: BackfillContext,
  round: number,
): Promise<readonly FolderRecord[]> {
  const pending: FolderRecord[] = [];
  for await (const { value } of context.folders.list(
    `${recordId(context.connection.id, context.mailboxId)}/`,
  ))
    if (value.round === round && !value.done) pending.push(value);
  return pending.sort((one, other) => other.itemCount - one.itemCount);
}

/** A process that has lost its place cannot close a folder for a later round. */
export async function markDone(context: BackfillContext, { folderId, round }: FolderRecord): Promise<void> {
  await context.folders.update(folderRecordId(context, folderId), (current) =>
    current?.round === round ? { ...current, done: true } : undefined,
  );
}
