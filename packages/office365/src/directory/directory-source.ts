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
import { removalReason } from '../graph/removed.ts';
import { contactRow, contactSelect, toContact } from './contact-row.ts';
import { domainRow, domainSelect, toDomain } from './domain-row.ts';
import { groupRow, groupSelect, toGroup } from './group-row.ts';
import { toUser, userRow, userSelect } from './user-row.ts';

type Pages = AsyncGenerator<Page<DirectoryChange>>;

/** Domains are listed whole each round, having no deltas; users, contacts and groups come by delta. */
export function createDirectorySource(graph: GraphClient): DirectorySource {
  const domains = pageReader(graph, domainRow);
  const users = pageReader(graph, userRow);
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
    map: (row: Row) => DirectoryEntry,
    query: GraphQuery,
  ): Pages {
    for await (const { rows, cursor, caughtUp } of deltaPages(read, query))
      yield { changes: rows.map((row) => removed(row) ?? upserted(map(row))), cursor, caughtUp };
  }

  return {
    async *changes(tenant, kind, options = {}) {
      const query = directoryQuery(tenantIdOf(tenant), options);
      switch (kind) {
        case 'domain':
          return yield* domainPages({ ...query, path: ['domains'], query: `$select=${domainSelect}` });
        case 'user':
          return yield* entryPages(users, toUser, {
            ...query,
            path: ['users', 'delta'],
            query: `$select=${userSelect}`,
          });
        case 'contact':
          return yield* entryPages(contacts, toContact, {
            ...query,
            path: ['contacts', 'delta'],
            query: `$select=${contactSelect}`,
          });
        case 'group':
          return yield* entryPages(groups, toGroup, {
            ...query,
            path: ['groups', 'delta'],
            query: `$select=${groupSelect}`,
          });
        default:
          throw new ConnectorError('invalid_request', 'kind must be domain, user, contact or group.', {
            field: 'kind',
          });
      }
    },
  };
}

interface DeltaRow {
  readonly id: string;
  readonly '@removed'?: { readonly reason?: string | null | undefined } | null | undefined;
}

const upserted = (item: DirectoryEntry): DirectoryChange => ({ type: 'upserted', item });

const removed = ({ id, '@removed': mark }: DeltaRow): Change<never> | undefined =>
  mark ? { type: 'removed', id, reason: removalReason(mark) } : undefined;

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
