import {
  type CallOptions,
  ConnectorError,
  type Cursor,
  type Mailbox,
  type MailboxRef,
  type MailSource,
} from '@mailsphere/core';
import { z } from 'zod';
import { limitsOf } from '../call-limits.ts';
import { directoryQuery } from '../directory/directory-source.ts';
import { tenantIdOf } from '../entra/tenant-id.ts';
import { deltaPages, pageReader } from '../graph/collection.ts';
import type { Subject } from '../graph/graph-call.ts';
import type { GraphClient } from '../graph/graph-client.ts';
import { readWalk, writeWalk } from '../graph/listing-walk.ts';
import { removalReason } from '../graph/removed.ts';
import { RECOVERABLE, wellKnownNames } from './folder-role.ts';
import { folderRow, folderSelect, isSearchFolder, toFolder } from './folder-row.ts';
import { mailboxRow, mailboxSelect, mayHaveMailbox } from './mailbox-row.ts';
import { messageRow, messageSelect, toChange, toMessage } from './message-row.ts';
import { createMimeEnds } from './mime-end.ts';

// Sent with every single request, also those of links, which do not carry headers along.
const IMMUTABLE_IDS = 'IdType="ImmutableId"';
const MESSAGE_PAGE = 500;
const FOLDER_PAGE = 100;
// The most that a list of messages gives at once ("List messages").
const LIST_PAGE = 1000;

/**
 * The mail of a tenant. Users without an address are no mailboxes, and neither are guests; shared mailboxes are.
 * Folders are walked level by level, one page per request.
 */
export function createMailSource(graph: GraphClient): MailSource {
  const mailboxPage = pageReader(graph, mailboxRow);
  const folderPage = pageReader(graph, folderRow);
  const messagePage = pageReader(graph, messageRow);
  const ends = createMimeEnds();

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
      const named = (name: string) => ({
        ...query,
        about: 'folder' as const,
        path: [...step, 'mailFolders', name],
        query: `$select=${folderSelect}`,
      });
      if (options.recoverable && options.cursor === undefined) {
        const folder = await unlessGone(graph.read(named(RECOVERABLE), folderRow));
        const changes = folder ? [{ type: 'upserted', item: toFolder(mailbox, folder) } as const] : [];
        yield { changes, cursor: writeWalk([{}]), caughtUp: false };
      }
      // Names are only known to single requests: lists show a folder's name in the user's language.
      const excluded = new Set<string>();
      for (const role of options.exclude ?? []) {
        const folder = await unlessGone(graph.read(named(wellKnownNames[role]), folderRow));
        if (folder) excluded.add(folder.id);
      }
      const left = readWalk(options.cursor, [{}]);
      for (let listing = left.shift(); listing; listing = left.shift()) {
        const { parent, link } = listing;
        const listed = folderPage({
          ...query,
          link,
          about: parent === undefined ? 'mailbox' : 'folder',
          path: [...step, 'mailFolders', ...(parent === undefined ? [] : [{ id: parent }, 'childFolders'])],
          query: `includeHiddenFolders=true&$top=${FOLDER_PAGE}&$select=${folderSelect}`,
        });
        // A folder that vanished while its parent was listed has no children to add.
        const { rows = [], nextLink } =
          (parent === undefined ? await listed : await unlessGone(listed)) ?? {};
        const folders = rows.filter((row) => !isSearchFolder(row) && !excluded.has(row.id));
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

    async *list(folder, options = {}) {
      const { query, step } = mailboxQuery(folder, options, 'folder');
      let link = options.cursor;
      do {
        const { rows, nextLink } = await messagePage({
          ...query,
          link,
          path: [...step, 'mailFolders', idOf(folder, 'folderId'), 'messages'],
          // The oldest first, so that what arrives meanwhile moves nothing to another page.
          query: `$top=${LIST_PAGE}&$orderby=receivedDateTime%20asc&$select=${messageSelect}`,
        });
        link = nextLink;
        const changes = rows.map((row) => toChange(folder, row));
        yield { changes, cursor: link, caughtUp: link === undefined };
      } while (link !== undefined);
    },

    async locate(message, options = {}) {
      const { query, step } = mailboxQuery(message, options, 'item');
      const row = await unlessGone(
        graph.read(
          {
            ...query,
            path: [...step, 'messages', idOf(message, 'messageId')],
            query: `$select=${messageSelect},parentFolderId`,
          },
          locatedRow,
        ),
      );
      return row && toMessage(message, row.parentFolderId, row);
    },

    async content(message, options = {}) {
      const { query, step } = mailboxQuery(message, options, 'item');
      const { tenantId, mailboxId, messageId } = message;
      return graph.stream(
        {
          ...query,
          path: [...step, 'messages', idOf(message, 'messageId'), '$value'],
          headers: { ...query.headers, 'accept-encoding': 'identity' },
        },
        ends.watch(`${tenantId}/${mailboxId}/${messageId}`),
      );
    },
  };
}

const locatedRow = messageRow.extend({ parentFolderId: z.string().min(1) });

const unlessGone = <T>(answer: Promise<T>): Promise<T | undefined> =>
  answer.catch((error: unknown) => {
    if (ConnectorError.is(error, 'gone')) return undefined;
    throw error;
  });

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
function idOf<Ref extends MailboxRef>(ref: Ref, field: keyof Ref & string) {
  const id: unknown = ref[field];
  if (typeof id !== 'string' || id === '' || /^\.+$/.test(id))
    throw new ConnectorError('invalid_request', `${field} must be an id that this provider gave.`, { field });
  return { id };
}
