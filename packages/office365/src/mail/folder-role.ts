import type { FolderRole } from '@mailsphere/core';

/** The names by which Microsoft Graph knows these folders in any language ("mailFolder resource type"). */
export const wellKnownNames: Readonly<Record<FolderRole, string>> = {
  archive: 'archive',
  conversation_history: 'conversationhistory',
  deleted: 'deleteditems',
  drafts: 'drafts',
  inbox: 'inbox',
  junk: 'junkemail',
  outbox: 'outbox',
  sent: 'sentitems',
  sync_issues: 'syncissues',
};

/** What users deleted for good, as long as the tenant's retention keeps it. */
export const RECOVERABLE = 'recoverableitemsdeletions';
