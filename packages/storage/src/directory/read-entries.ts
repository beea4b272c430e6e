import type {
  DirectoryDomain,
  DirectoryKind,
  DirectoryUser,
  EmailAddress,
  GroupEntry,
} from '@mailsphere/core';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { jsonList } from './json-list.ts';
import type { SqliteTables } from './tables.ts';

/** An entry of each kind, as the tables hold it. Members of a group are read apart. */
export interface DirectoryEntries {
  readonly domain: DirectoryDomain;
  readonly user: DirectoryUser;
  readonly group: GroupEntry;
}

export interface DirectoryListOptions {
  /** Only ids greater than this one: the last id of the page before. */
  readonly after?: string | undefined;
  /** At most this many. @default 1000 */
  readonly limit?: number | undefined;
}

/** A part of one kind's entries: a page, and of it only those that `among` selects by id; or the one entry in `row`. */
interface Part extends DirectoryListOptions {
  readonly among?: RawBuilder<unknown> | undefined;
  readonly row?: number | undefined;
}

type Readers = {
  readonly [Kind in DirectoryKind]: (
    connectionId: string,
    part: Part,
  ) => Promise<readonly DirectoryEntries[Kind][]>;
};

/** Reads entries back from the tables, ascending by id. */
export function directoryReaders(db: Kysely<SqliteTables>): Readers {
  const addressesOf = async (kind: 'user' | 'group', owners: readonly { readonly row: number }[]) => {
    const rows = await db
      .selectFrom('directory_addresses')
      .select(['owner_row', 'address', 'is_primary'])
      .where('owner_kind', '=', kind)
      .where('owner_row', 'in', jsonList(owners.map(({ row }) => row)))
      .orderBy('owner_row')
      .orderBy('position')
      .execute();
    const byOwner = Map.groupBy(rows, (row) => row.owner_row);
    return ({ row }: { readonly row: number }): readonly EmailAddress[] =>
      (byOwner.get(row) ?? []).map(({ address, is_primary }) => ({ address, primary: is_primary === 1 }));
  };

  return {
    async domain(connectionId, part) {
      const rows = await db
        .selectFrom('directory_domains')
        .selectAll()
        .where(within(connectionId, part))
        .orderBy('id')
        .limit(part.limit ?? 1000)
        .execute();
      return rows.map((row) => ({
        kind: 'domain',
        id: row.id,
        isDefault: row.is_default === 1,
        isInitial: row.is_initial === 1,
        isVerified: row.is_verified === 1,
        acceptsMail: row.accepts_mail === 1,
      }));
    },
    async user(connectionId, part) {
      const rows = await db
        .selectFrom('directory_users')
        .selectAll()
        .where(within(connectionId, part))
        .orderBy('id')
        .limit(part.limit ?? 1000)
        .execute();
      const addresses = await addressesOf('user', rows);
      return rows.map((row) => ({
        kind: 'user',
        id: row.id,
        userPrincipalName: row.user_principal_name,
        displayName: row.display_name ?? undefined,
        userType: row.user_type,
        enabled: row.enabled === 1,
        addresses: addresses(row),
      }));
    },
    async group(connectionId, part) {
      const rows = await db
        .selectFrom('directory_groups')
        .selectAll()
        .where(within(connectionId, part))
        .orderBy('id')
        .limit(part.limit ?? 1000)
        .execute();
      const addresses = await addressesOf('group', rows);
      return rows.map((row) => ({
        kind: 'group',
        id: row.id,
        displayName: row.display_name ?? undefined,
        groupType: row.group_type,
        addresses: addresses(row),
      }));
    },
  };
}

const within = (connectionId: string, { after = '', among, row }: Part) => {
  if (row !== undefined) return sql<boolean>`row = ${row}`;
  const page = sql<boolean>`connection_id = ${connectionId} and id > ${after}`;
  return among ? sql<boolean>`${page} and id in (${among})` : page;
};
