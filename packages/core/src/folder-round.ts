import { addCounts, type Checkpoint, emptyCheckpoint } from './checkpoint.ts';
import { ConnectorError } from './connector-error.ts';
import type { MailboxRef } from './mail.ts';
import type { BackfillContext } from './mail-backfill.ts';
import type { Round } from './mailbox.ts';
import { recordId } from './records.ts';

/** A folder of a mailbox. */
export interface ListedFolder {
  readonly folderId: string;
  readonly itemCount: number;
}

/** A part of the folders of a mailbox, as its last round listed them. */
export interface FolderList {
  /** Of the lease under which it was written. */
  readonly epoch: number;
  readonly folders: readonly ListedFolder[];
}

/** What is read of a folder: its changes (`mail`), and to compare them with the archive, the ids of all its messages (`ids`). */
export type FolderStream = 'mail' | 'ids';

// Small enough for a record, and many enough that a mailbox usually has one.
const LIST_SIZE = 100;

const prefixOf = ({ connection, mailboxId }: BackfillContext) => `${recordId(connection.id, mailboxId)}/`;
const listId = ({ connection, mailboxId }: BackfillContext, index: number) =>
  recordId(connection.id, mailboxId, String(index).padStart(6, '0'));

/** Writes down the folders of a round. Resolves with how many items they hold. */
export async function listFolders(context: BackfillContext, mailbox: MailboxRef): Promise<number> {
  const { provider, lease, folders } = context;
  const { exclude, recoverable } = context.options;
  const listed = new Map<string, ListedFolder>();
  for await (const page of provider.mail.folders(mailbox, { exclude, recoverable, signal: lease.signal }))
    for (const change of page.changes) {
      if (change.type === 'removed') continue;
      const { folderId, itemCount } = change.item;
      listed.set(folderId, { folderId, itemCount });
    }
  const all = [...listed.values()];
  const lists = Math.ceil(all.length / LIST_SIZE);
  for (let index = 0; index < lists; index++)
    await writeList(context, index, all.slice(index * LIST_SIZE, (index + 1) * LIST_SIZE));
  for await (const { id, value } of folders.list(prefixOf(context)))
    if (id >= listId(context, lists) && value.epoch <= lease.epoch) await folders.delete(id);
  return all.reduce((sum, { itemCount }) => sum + itemCount, 0);
}

async function writeList(
  context: BackfillContext,
  index: number,
  folders: readonly ListedFolder[],
): Promise<void> {
  const { epoch } = context.lease;
  await context.folders.update(listId(context, index), (current) => {
    if (current && current.epoch > epoch)
      throw new ConnectorError('conflict', 'Another process has taken over the mailbox.');
    return { epoch, folders };
  });
}

/** What is left of a folder in a round. */
export interface PendingFolder {
  readonly folderId: string;
  readonly stream: FolderStream;
  /** Of its checkpoint. */
  readonly checkpointId: string;
}

/** The folders of a round. */
export interface RoundFolders {
  readonly ids: ReadonlySet<string>;
  /** All changes before any ids; of each the largest folder first. */
  readonly pending: readonly PendingFolder[];
  /** How many streams could not be read for so long that the round goes on without them. */
  readonly givenUp: number;
  /** What the pages of all rounds have counted. */
  readonly counts: Readonly<Record<string, number>>;
}

export async function foldersOf(
  context: BackfillContext,
  { number, reconcile = false }: Pick<Round, 'number' | 'reconcile'>,
): Promise<RoundFolders> {
  const { connection, mailboxId, checkpoints } = context;
  const listed: ListedFolder[] = [];
  for await (const { value } of context.folders.list(prefixOf(context))) listed.push(...value.folders);
  listed.sort((one, other) => other.itemCount - one.itemCount);

  const pending: PendingFolder[] = [];
  let givenUp = 0;
  let counts: RoundFolders['counts'] = {};
  const streams: readonly FolderStream[] = reconcile ? ['mail', 'ids'] : ['mail'];
  for (const stream of streams) {
    const done = new Set<string>();
    for await (const { id, value } of checkpoints.list(`${recordId(connection.id, stream, mailboxId)}/`)) {
      counts = addCounts(counts, value.counts);
      if (value.doneInRound !== number) continue;
      done.add(id);
      if (value.failingSince !== undefined) givenUp++;
    }
    for (const { folderId } of listed) {
      const checkpointId = recordId(connection.id, stream, mailboxId, folderId);
      if (!done.has(checkpointId)) pending.push({ folderId, stream, checkpointId });
    }
  }
  return { ids: new Set(listed.map(({ folderId }) => folderId)), pending, givenUp, counts };
}

/** Notes that the round goes on without a stream whose end was not read. A process that has lost its place cannot do so for a later round. */
export const closeStream = (
  { checkpoints }: BackfillContext,
  checkpointId: string,
  round: number,
): Promise<Checkpoint | undefined> =>
  checkpoints.update(checkpointId, (current = emptyCheckpoint) =>
    (current.doneInRound ?? 0) >= round ? undefined : { ...current, doneInRound: round },
  );

// What cannot be read for longer holds up the round no more; the next round tries it again.
const PATIENCE = 24 * 3600_000;

/** Resolves true when the stream is given up for this round. */
export async function markFailing(
  context: BackfillContext,
  checkpointId: string,
  round: number,
): Promise<boolean> {
  const now = context.clock.now();
  const marked = await context.checkpoints.update(checkpointId, (current = emptyCheckpoint) =>
    current.failingSince === undefined ? { ...current, failingSince: now } : undefined,
  );
  if (now - (marked?.failingSince ?? now) < PATIENCE) return false;
  await closeStream(context, checkpointId, round);
  return true;
}
