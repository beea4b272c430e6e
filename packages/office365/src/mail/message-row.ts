import type { Change, FolderRef, MessageRef } from '@mailsphere/core';
import { z } from 'zod';
import { removedSchema } from '../graph/removed.ts';

export const messageSelect = 'id,receivedDateTime';

/** A message in a delta, as Graph writes it. */
export const messageRow = z.object({
  id: z.string().min(1),
  receivedDateTime: z.string().nullish(),
  '@removed': removedSchema.optional(),
});

export function toChange(folder: FolderRef, row: z.output<typeof messageRow>): Change<MessageRef> {
  // A message that was only moved is removed here as well, so nothing is known to be gone for good.
  if (row['@removed']) return { type: 'removed', id: row.id, reason: 'recoverable' };
  const { tenantId, mailboxId, folderId } = folder;
  return {
    type: 'upserted',
    item: { tenantId, mailboxId, folderId, messageId: row.id, receivedAt: row.receivedDateTime ?? undefined },
  };
}
