import type { MailboxRef, MailFolder } from '@mailsphere/core';
import { z } from 'zod';

export const folderSelect = 'id,displayName,parentFolderId,childFolderCount,totalItemCount,isHidden';

/** A mail folder as Graph writes it. */
export const folderRow = z.object({
  id: z.string().min(1),
  '@odata.type': z.string().nullish(),
  displayName: z.string().nullish(),
  parentFolderId: z.string().nullish(),
  childFolderCount: z.number().nullish(),
  totalItemCount: z.number().nullish(),
  isHidden: z.boolean().nullish(),
});

export type FolderRow = z.output<typeof folderRow>;

/** A folder that only repeats messages of others. */
export const isSearchFolder = (row: FolderRow): boolean =>
  row['@odata.type']?.toLowerCase() === '#microsoft.graph.mailsearchfolder';

export const toFolder = ({ tenantId, mailboxId }: MailboxRef, row: FolderRow): MailFolder => ({
  tenantId,
  mailboxId,
  folderId: row.id,
  displayName: row.displayName ?? undefined,
  parentId: row.parentFolderId ?? undefined,
  hidden: row.isHidden === true,
  itemCount: row.totalItemCount ?? 0,
});
