import {
  type CallOptions,
  ConnectorError,
  type Cursor,
  type FolderRef,
  type Mailbox,
  type MailboxRef,
  type MailSource,
  type MessageRef,
} from '@mailsphere/core';
import { limitsOf } from '../call-limits.ts';
import { directoryQuery } from '../directory/directory-source.ts';
import { tenantIdOf } from '../entra/tenant-id.ts';
import { deltaPages, pageReader } from '../graph/collection.ts';
import type { Subject } from '../graph/graph-call.ts';
import type { GraphClient } from '../graph/graph-client.ts';
import { readWalk, writeWalk } from '../graph/listing-walk.ts';
import { removalReason } from '../graph/removed.ts';
import { folderRow, folderSelect, isSearchFolder, toFolder } from './folder-row.ts';
import { mailboxRow, mailboxSelect, mayHaveMailbox } from './mailbox-row.ts';
import { messageRow, messageSelect, toChange } from './message-row.ts';

// Sent with every single request, also those of links, which do not carry headers along.
const IMMUTABLE_IDS = 'IdType="ImmutableId"';
const MESSAGE_PAGE = 500;
const FOLDER_PAGE = 100;

/**
 * The mail of a tenant. Users without an address are no mailboxes, and neither are guests; shared mailboxes are.
 * Folders are walked level by level, one page per request.
 */
export function createMailSource(graph: GraphClient): MailSource {
  const mailboxPage = pageReader(graph, mailboxRow);
  const folderPage = pageReader(graph, folderRow);
  const messagePage = pageReader(graph, messageRow);

  return {
    // "Microsoft Graph service-specific throttling limits", Outlook: 10,000 requests in 10 minutes per app and mailbox.
    quota: { requests: 10_000, seconds: 600 },
    async *mailboxes(tenant, options = {}) {
      const tenantId = tenantIdOf(tenant);
      const pages = deltaPages(mailboxPage, {
        ...directoryQuery(tenantId, options),
        path: ['users', 'delta'],
        query: `$select=${mailboxSelect}`,
      });
      for await (const { rows, cursor, caughtUp } of pages) {
        const changes = rows
          .filter((row) => row['@removed'] || mayHaveMailbox(row))
          .map((row) => {
            const { id, displayName, mail, '@removed': mark } = row;
            if (mark) return { type: 'removed', id, reason: removalReason(mark) } as const;
            const item: Mailbox = {
              tenantId,
              mailboxId: id,
              address: mail ?? undefined,
              displayName: displayName ?? undefined,
            };
            return { type: 'upserted', item } as const;
          });
        yield { changes, cursor, caughtUp };
      }
    },

    async *folders(mailbox, options = {}) {
      const { query, step } = mailboxQuery(mailbox, options, 'mailbox');
      const left = readWalk(options.cursor, [{}]);
      for (let listing = left.shift(); listing; listing = left.shift()) {
        const { parent, link } = listing;
        const { rows, nextLink } = await folderPage({
          ...query,
          link,
          // A folder that vanished while its parent was listed has no children to add.
          about: parent === undefined ? 'mailbox' : 'folder',
          path: [...step, 'mailFolders', ...(parent === undefined ? [] : [{ id: parent }, 'childFolders'])],
          query: `includeHiddenFolders=true&$top=${FOLDER_PAGE}&$select=${folderSelect}`,
        }).catch((error) => {
          if (parent !== undefined && ConnectorError.is(error, 'gone'))
            return { rows: [], nextLink: undefined };
          throw error;
        });
        const folders = rows.filter((row) => !isSearchFolder(row));
        for (const row of folders) if (row.childFolderCount !== 0) left.push({ parent: row.id });
        if (nextLink !== undefined) left.unshift({ parent, link: nextLink });
        yield {
          changes: folders.map((row) => ({ type: 'upserted', item: toFolder(mailbox, row) }) as const),
          cursor: writeWalk(left),
          caughtUp: left.length === 0,
        };
      }
    },

    async *messages(folder, options = {}) {
      const { query, step } = mailboxQuery(folder, options, 'folder');
      const pages = deltaPages(messagePage, {
        ...query,
        link: options.cursor,
        path: [...step, 'mailFolders', idOf(folder, 'folderId'), 'messages', 'delta'],
        query: `$select=${messageSelect}`,
        headers: { prefer: `${IMMUTABLE_IDS}, odata.maxpagesize=${MESSAGE_PAGE}` },
      });
      for await (const { rows, cursor, caughtUp } of pages)
        yield { changes: rows.map((row) => toChange(folder, row)), cursor, caughtUp };
    },

    async content(message, options = {}) {
      const { query, step } = mailboxQuery(message, options, 'item');
      return graph.stream({
        ...query,
        path: [...step, 'messages', idOf(message, 'messageId'), '$value'],
        headers: { ...query.headers, 'accept-encoding': 'identity' },
      });
    },
  };
}

/** What all requests to one mailbox have in common. */
function mailboxQuery(
  mailbox: MailboxRef,
  options: { readonly cursor?: Cursor | undefined } & CallOptions,
  about: Subject,
) {
  const tenantId = tenantIdOf(mailbox);
  const id = idOf(mailbox, 'mailboxId');
  return {
    step: ['users', id] as const,
    query: {
      ...limitsOf(options),
      tenantId,
      lane: { kind: 'mailbox', tenantId, mailboxId: id.id } as const,
      about,
      headers: { prefer: IMMUTABLE_IDS },
    },
  };
}

/** An id becomes a part of a URL's path, where an empty one or dots would mean another resource. */
function idOf<Ref extends MailboxRef | FolderRef | MessageRef>(ref: Ref, field: keyof Ref & string) {
  const id: unknown = ref[field];
  if (typeof id !== 'string' || id === '' || /^\.+$/.test(id))
    throw new ConnectorError('invalid_request', `${field} must be an id that this provider gave.`, { field });
  return { id };
}
