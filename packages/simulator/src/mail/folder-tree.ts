import type { Folder } from './folder.ts';
import { folderId } from './item-id.ts';

/** A folder to make: path names, share of the mailbox's messages, and traits. */
interface FolderPlan {
  readonly name: string;
  readonly parent?: string;
  readonly wellKnownName?: string;
  readonly weight?: number;
  readonly hidden?: boolean;
  readonly searches?: string;
  readonly otherItems?: number;
}

/** The folders of a generated mailbox: more than ten at the top, so that one default page does not show them all. */
const FOLDER_PLANS: readonly FolderPlan[] = [
  { name: 'Top of Information Store', wellKnownName: 'msgfolderroot' },
  { name: 'Archive', parent: 'Top of Information Store', wellKnownName: 'archive', weight: 8 },
  { name: 'Conversation History', parent: 'Top of Information Store', wellKnownName: 'conversationhistory' },
  {
    name: 'Deleted Items',
    parent: 'Top of Information Store',
    wellKnownName: 'deleteditems',
    weight: 6,
    otherItems: 1,
  },
  { name: 'Drafts', parent: 'Top of Information Store', wellKnownName: 'drafts', weight: 1 },
  { name: 'Inbox', parent: 'Top of Information Store', wellKnownName: 'inbox', weight: 42 },
  { name: 'Junk Email', parent: 'Top of Information Store', wellKnownName: 'junkemail', weight: 3 },
  { name: 'Outbox', parent: 'Top of Information Store', wellKnownName: 'outbox' },
  { name: 'Sent Items', parent: 'Top of Information Store', wellKnownName: 'sentitems', weight: 18 },
  { name: 'Unread Mail', parent: 'Top of Information Store', searches: 'Inbox' },
  { name: 'Customers', parent: 'Top of Information Store', weight: 3 },
  { name: 'Kunden & Lieferanten', parent: 'Top of Information Store', weight: 3 },
  { name: 'Projects', parent: 'Top of Information Store', weight: 4 },
  { name: '2026', parent: 'Projects', weight: 4 },
  { name: 'Q3', parent: '2026', weight: 3 },
  { name: 'Müller/Söhne', parent: 'Kunden & Lieferanten', weight: 3 },
  { name: 'Sync Cache', parent: 'Top of Information Store', weight: 2, hidden: true },
  { name: 'Search Folders', wellKnownName: 'searchfolders' },
  { name: 'Recoverable Items Deletions', wellKnownName: 'recoverableitemsdeletions' },
];

/** Makes the folders of a mailbox of so many messages; each holds a range of their numbers. */
export function makeFolders(mailboxId: string, count: number): Folder[] {
  const weight = FOLDER_PLANS.reduce((sum, plan) => sum + (plan.weight ?? 0), 0);
  const indexes = new Map(FOLDER_PLANS.map((plan, index) => [plan.name, index]));
  let first = 0;
  let passed = 0;
  return FOLDER_PLANS.map((plan, index) => {
    passed += plan.weight ?? 0;
    const end = Math.round((count * passed) / weight);
    const folder = makeFolder(
      mailboxId,
      index,
      plan.name,
      plan.parent === undefined ? undefined : indexes.get(plan.parent),
      {
        wellKnownName: plan.wellKnownName,
        hidden: plan.hidden ?? false,
        searches: plan.searches === undefined ? undefined : indexes.get(plan.searches),
        otherItems: plan.otherItems ?? 0,
        first,
        count: end - first,
      },
    );
    first = end;
    return folder;
  });
}

/** Makes one folder. */
export function makeFolder(
  mailboxId: string,
  index: number,
  displayName: string,
  parent: number | undefined,
  traits: {
    readonly hidden: boolean;
    readonly wellKnownName?: string | undefined;
    readonly searches?: number | undefined;
    readonly otherItems?: number;
    readonly first?: number;
    readonly count?: number;
  },
): Folder {
  const count = traits.count ?? 0;
  return {
    index,
    id: folderId(mailboxId, index),
    displayName,
    parent,
    wellKnownName: traits.wellKnownName,
    isHidden: traits.hidden,
    searches: traits.searches,
    otherItems: traits.otherItems ?? 0,
    first: traits.first ?? 0,
    count,
    log: [],
    live: count,
    deleted: false,
  };
}
