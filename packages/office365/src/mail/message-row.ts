import type { Change, FolderRef, MailboxRef, MessageRef } from '@mailsphere/core';
import { z } from 'zod';
import { removedSchema } from '../graph/removed.ts';

export const messageSelect = 'id,receivedDateTime,isDraft';

/** A message of a list or a delta, as Graph writes it. */
export const messageRow = z.object({
  id: z.string().min(1),
  receivedDateTime: z.string().nullish(),
  isDraft: z.boolean().nullish(),
  '@removed': removedSchema.optional(),
});

type MessageRow = z.output<typeof messageRow>;

export function toChange(folder: FolderRef, row: MessageRow): Change<MessageRef> {
  // A message that was only moved is removed here as well, so nothing is known to be gone for good.
  if (row['@removed']) return { type: 'removed', id: row.id, reason: 'recoverable' };
  return { type: 'upserted', item: toMessage(folder, folder.folderId, row) };
}

export const toMessage = (
  { tenantId, mailboxId }: MailboxRef,
  folderId: string,
  row: MessageRow,
): MessageRef => ({
  tenantId,
  mailboxId,
  folderId,
  messageId: row.id,
  receivedAt: row.receivedDateTime ?? undefined,
  ...(row.isDraft && { draft: true }),
});
