import {
  type CallOptions,
  type Change,
  ConnectorError,
  type Cursor,
  type DirectoryChange,
  type DirectoryEntry,
  type DirectorySource,
  type Page,
} from '@mailsphere/core';
import { limitsOf } from '../call-limits.ts';
import { tenantIdOf } from '../entra/tenant-id.ts';
import { deltaPages, type PageReader, pageReader } from '../graph/collection.ts';
import type { GraphQuery } from '../graph/graph-call.ts';
import type { GraphClient } from '../graph/graph-client.ts';
import { readWalk, writeWalk } from '../graph/listing-walk.ts';
import { removalReason } from '../graph/removed.ts';
import { contactRow, contactSelect, toContact } from './contact-row.ts';
import { domainRow, domainSelect, toDomain } from './domain-row.ts';
import { groupRow, groupSelect, toGroup } from './group-row.ts';
import type { MailboxKinds, Reading } from './mailbox-kinds.ts';
import { omissions } from './omissions.ts';
import { memberRow, toUser, type UserRow, userRow, userSelect } from './user-row.ts';

type Pages = AsyncGenerator<Page<DirectoryChange>>;
type Changes = readonly DirectoryChange[];

// The most that lists of the directory give at once ("Paging").
const MEMBER_PAGE = 999;

/**
 * Domains are listed whole each round, having no deltas; users, contacts and groups come by delta, but for users who are chosen by their
 * groups: a delta of users does not tell who joined one.
 *
 * @param mailboxKinds Asked of each page of users.
 */
export function createDirectorySource(graph: GraphClient, mailboxKinds?: MailboxKinds): DirectorySource {
  const domains = pageReader(graph, domainRow);
  const users = pageReader(graph, userRow);
  const members = pageReader(graph, memberRow);
  const contacts = pageReader(graph, contactRow);
  const groups = pageReader(graph, groupRow);

  async function* domainPages(query: GraphQuery): Pages {
    let { link } = query;
    do {
      const page = await domains({ ...query, link });
      link = page.nextLink;
      const changes = page.rows.map((row) => upserted(toDomain(row)));
      yield { changes, cursor: link, caughtUp: link === undefined };
    } while (link !== undefined);
  }

  async function* entryPages<Row extends DeltaRow>(
    read: PageReader<Row>,
    toChanges: (rows: readonly Row[], query: GraphQuery) => Changes | Promise<Changes>,
    query: GraphQuery,
  ): Pages {
    for await (const { rows, cursor, caughtUp } of deltaPages(read, query))
      yield { changes: await toChanges(rows, query), cursor, caughtUp };
  }

  async function userChanges(rows: readonly UserRow[], query: Reading): Promise<Changes> {
    const kinds = await mailboxKinds?.(rows, query);
    return rows.map((row) => removed(row) ?? upserted(toUser(row, kinds?.get(row.id))));
  }

  /** The users in some groups, one group after the other; who is in two comes twice. */
  async function* memberPages(query: DirectoryQuery, groupIds: readonly string[]): Pages {
    const left = readWalk(
      query.link,
      groupIds.map((parent) => ({ parent })),
    );
    for (let listing = left.shift(); listing; listing = left.shift()) {
      const { parent = '', link } = listing;
      const { rows, nextLink } = await members({
        ...query,
        link,
        path: ['groups', { id: parent }, 'transitiveMembers'],
        query: `$top=${MEMBER_PAGE}&$select=${userSelect}`,
      });
      if (nextLink !== undefined) left.unshift({ parent, link: nextLink });
      const changes = await userChanges(rows.filter(isUser), query);
      yield { changes, cursor: writeWalk(left), caughtUp: left.length === 0 };
    }
  }

  return {
    omissions: (granted) => omissions(granted, { mailboxKinds: mailboxKinds !== undefined }),
    async *changes(tenant, kind, options = {}) {
      const query = directoryQuery(tenantIdOf(tenant), options);
      const { memberOf, ids } = options;
      const delta = (name: string, select: string) => ({
        ...query,
        path: [name, 'delta'],
        query: `$select=${select}${ids ? `&$filter=${encodeURIComponent(ids.map(isId).join(' or '))}` : ''}`,
      });
      switch (kind) {
        case 'domain':
          return yield* domainPages({ ...query, path: ['domains'], query: `$select=${domainSelect}` });
        case 'user':
          if (memberOf) return yield* memberPages(query, memberOf);
          return yield* entryPages(users, userChanges, delta('users', userSelect));
        case 'contact':
          return yield* entryPages(contacts, changesBy(toContact), delta('contacts', contactSelect));
        case 'group':
          return yield* entryPages(groups, changesBy(toGroup), delta('groups', groupSelect));
        default:
          throw new ConnectorError('invalid_request', 'kind must be domain, user, contact or group.', {
            field: 'kind',
          });
      }
    },
  };
}

const isUser = (row: { readonly '@odata.type'?: string | null | undefined }) =>
  row['@odata.type']?.toLowerCase() === '#microsoft.graph.user';

const isId = (id: string) => `id eq '${id.replaceAll("'", "''")}'`;

interface DeltaRow {
  readonly id: string;
  readonly '@removed'?: { readonly reason?: string | null | undefined } | null | undefined;
}

const upserted = (item: DirectoryEntry): DirectoryChange => ({ type: 'upserted', item });

const removed = ({ id, '@removed': mark }: DeltaRow): Change<never> | undefined =>
  mark ? { type: 'removed', id, reason: removalReason(mark) } : undefined;

const changesBy =
  <Row extends DeltaRow>(map: (row: Row) => DirectoryEntry) =>
  (rows: readonly Row[]): Changes =>
    rows.map((row) => removed(row) ?? upserted(map(row)));

type DirectoryQuery = ReturnType<typeof directoryQuery>;

/** What all requests to a tenant's directory have in common. */
export const directoryQuery = (
  tenantId: string,
  options: { readonly cursor?: Cursor | undefined } & CallOptions,
) => ({
  ...limitsOf(options),
  tenantId,
  lane: { kind: 'directory', tenantId } as const,
  link: options.cursor,
  about: 'directory' as const,
});
