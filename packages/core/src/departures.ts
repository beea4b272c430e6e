import { ConnectorError } from './connector-error.ts';
import type { MessageRef } from './mail.ts';
import type { BackfillContext } from './mail-backfill.ts';
import { recordId } from './records.ts';

/** A message that left a folder; whether it is in another one is asked at the end of the round. */
export interface Departure {
  readonly messageId: string;
  readonly folderId: string;
  /** ISO 8601. */
  readonly leftAt: string;
}

/** A message that is in none of the folders that are synchronised any more: deleted, or moved to one that is left out. */
export interface RemovedMessage {
  readonly mailboxId: string;
  readonly messageId: string;
  /** ISO 8601: when that was noticed. */
  readonly removedAt: string;
}

const idOf = ({ connection, mailboxId }: BackfillContext, messageId: string) =>
  recordId(connection.id, mailboxId, messageId);
const prefixOf = ({ connection, mailboxId }: BackfillContext) => `${recordId(connection.id, mailboxId)}/`;
const ofMailbox = ({ connection, mailboxId }: BackfillContext) => ({
  tenantId: connection.tenant.tenantId,
  mailboxId,
});

export async function noteDepartures(
  context: BackfillContext,
  folderId: string,
  messageIds: readonly string[],
): Promise<void> {
  const leftAt = new Date(context.clock.now()).toISOString();
  for (const messageId of messageIds)
    await context.departures.put(idOf(context, messageId), { messageId, folderId, leftAt });
}

/** Whether anything of the mailbox is marked as removed: without that, nothing can come back. */
export async function hasRemoved(context: BackfillContext): Promise<boolean> {
  for await (const _ of context.removed.list(prefixOf(context))) return true;
  return false;
}

/** Messages that are listed again are no longer removed. */
export async function noteReturns(context: BackfillContext, messageIds: readonly string[]): Promise<void> {
  for (const messageId of messageIds) {
    const id = idOf(context, messageId);
    if (!(await context.removed.get(id))) continue;
    await context.archive.mark?.(ofMailbox(context), [{ messageId, removedAt: undefined }]);
    await context.removed.delete(id);
  }
}

// Messages that are looked for at once.
const AT_ONCE = 4;

/**
 * Finds out what became of the messages that left a folder in this round: those in another folder are brought if the archive lacks
 * them, for a delta loses some that were moved back and forth; the others are marked.
 *
 * @param folders Ids of the folders of this round.
 * @returns Whether it came to the end, and was not stopped.
 */
export async function settleDepartures(
  context: BackfillContext,
  folders: ReadonlySet<string>,
  bring: (messages: readonly MessageRef[]) => Promise<unknown>,
  shouldStop: () => boolean,
): Promise<boolean> {
  const { provider, archive, departures, removed, clock, emit, lease, connection, mailboxId } = context;
  const { signal } = lease;
  const mailbox = ofMailbox(context);

  const settle = async ({ messageId }: Departure): Promise<void> => {
    const found = await provider.mail.locate({ ...mailbox, messageId }, { signal });
    if (found && folders.has(found.folderId)) await bring([found]);
    else if ((await archive.missing(mailbox, [messageId], { signal })).length === 0) {
      const removedAt = new Date(clock.now()).toISOString();
      await archive.mark?.(mailbox, [{ messageId, removedAt }], { signal });
      await removed.put(idOf(context, messageId), { mailboxId, messageId, removedAt });
      emit('message.removed', { connectionId: connection.id, mailboxId, messageId });
    }
    await departures.delete(idOf(context, messageId));
  };

  let batch: Departure[] = [];
  const settleAll = async () => {
    lease.assertHeld();
    // One that the service cannot tell anything of stays for the next round.
    const settled = await Promise.allSettled(batch.map(settle));
    batch = [];
    for (const outcome of settled)
      if (outcome.status === 'rejected' && !ConnectorError.is(outcome.reason, 'item_failed', 'poison'))
        throw outcome.reason;
  };
  for await (const { value } of departures.list(prefixOf(context))) {
    batch.push(value);
    if (batch.length === AT_ONCE) await settleAll();
    if (shouldStop()) return false;
  }
  await settleAll();
  return true;
}
