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
  /** Epoch milliseconds: since when it could not be read. */
  readonly failingSince?: number | undefined;
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
  const { exclude, recoverable } = context.options;
  for await (const page of provider.mail.folders(mailbox, { exclude, recoverable, signal: lease.signal })) {
    for (const change of page.changes) {
      if (change.type === 'removed') continue;
      const { folderId, itemCount } = change.item;
      expected += itemCount;
      await folders.update(folderRecordId(context, folderId), (current) =>
        current && current.round >= round
          ? undefined
          : { folderId, round, done: false, itemCount, failingSince: current?.failingSince },
      );
    }
  }
  return expected;
}

/** The folders of a round. */
export interface RoundFolders {
  readonly ids: ReadonlySet<string>;
  /** Those that are not read to their end, the largest first. */
  readonly pending: readonly FolderRecord[];
}

export async function foldersOf(context: BackfillContext, round: number): Promise<RoundFolders> {
  const ids = new Set<string>();
  const pending: FolderRecord[] = [];
  for await (const { value } of context.folders.list(
    `${recordId(context.connection.id, context.mailboxId)}/`,
  ))
    if (value.round === round) {
      ids.add(value.folderId);
      if (!value.done) pending.push(value);
    }
  return { ids, pending: pending.sort((one, other) => other.itemCount - one.itemCount) };
}

/** A process that has lost its place cannot close a folder for a later round. */
export async function markDone(context: BackfillContext, { folderId, round }: FolderRecord): Promise<void> {
  await context.folders.update(folderRecordId(context, folderId), (current) =>
    current?.round === round ? { ...current, done: true, failingSince: undefined } : undefined,
  );
}

// A folder that cannot be read for longer holds up the round no more; the next round tries it again.
const PATIENCE = 24 * 3600_000;

/** Resolves true when the folder is given up for this round. */
export async function markFailing(
  context: BackfillContext,
  { folderId, round }: FolderRecord,
): Promise<boolean> {
  const now = context.clock.now();
  const changed = await context.folders.update(folderRecordId(context, folderId), (current) => {
    if (current?.round !== round) return undefined;
    const failingSince = current.failingSince ?? now;
    return { ...current, failingSince, done: now - failingSince >= PATIENCE };
  });
  return changed?.done ?? false;
}
