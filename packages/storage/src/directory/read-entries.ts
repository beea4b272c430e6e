import type { DirectoryKind, EmailAddress } from '@mailsphere/core';
import { type RawBuilder, sql } from 'kysely';
import type { DirectoryEntries } from './entries.ts';
import type { SqlTables } from './sql-dialect.ts';
import type { OwnerKind } from './tables.ts';
import { asText, isSet } from './text.ts';

/** What to read of one kind's entries: a page, those that are `among` certain ones, or the one in `row`. */
interface Part {
  readonly after?: string;
  readonly limit?: number;
  readonly among?: RawBuilder<boolean>;
  readonly row?: number;
}

interface Row {
  readonly row: string | number;
}

export type EntryReaders = {
  readonly [Kind in DirectoryKind]: (
    connectionId: string,
    part: Part,
  ) => Promise<readonly DirectoryEntries[Kind][]>;
};

/**
 * Reads entries back from the tables, ascending by id. To be called within a transaction, except for domains: SQLite gives the `row` of
 * an entry that is gone to the next one, of any connection.
 */
export function entryReaders({ db, dialect }: SqlTables): EntryReaders {
  const plain = <const Column extends string>(columns: readonly Column[]) =>
    columns.map((column) => dialect.plain(column).as(column));

  const addressesOf = async (connectionId: string, kind: OwnerKind, owners: readonly Row[]) => {
    const rows = await db
      .selectFrom('directory_addresses')
      .select(['address', 'domain'])
      .select([dialect.plain('owner_row').as('row'), dialect.plain('is_primary').as('is_primary')])
      .where('connection_id', '=', connectionId)
      .where('owner_kind', '=', kind)
      .where(
        dialect.rows(
          'owner_row',
          owners.map(({ row }) => Number(row)),
        ),
      )
      .orderBy('owner_row')
      .orderBy('position')
      .execute();
    const byOwner = Map.groupBy(rows, ({ row }) => row);
    return ({ row }: Row): readonly EmailAddress[] =>
      (byOwner.get(row) ?? []).map(({ address, domain, is_primary }) => ({
        address,
        domain,
        primary: isSet(is_primary),
      }));
  };

  return {
    async domain(connectionId, part) {
      const rows = await db
        .selectFrom('directory_domains')
        .select(['id', ...plain(['is_default', 'is_initial', 'is_verified', 'accepts_mail'])])
        .where(within(connectionId, part))
        .orderBy('id')
        .$if(part.limit !== undefined, (query) => query.limit(part.limit ?? null))
        .execute();
      return rows.map((row) => ({
        kind: 'domain',
        id: row.id,
        isDefault: isSet(row.is_default),
        isInitial: isSet(row.is_initial),
        isVerified: isSet(row.is_verified),
        acceptsMail: isSet(row.accepts_mail),
      }));
    },
    async user(connectionId, part) {
      const rows = await db
        .selectFrom('directory_users')
        .select(['id', 'user_principal_name', 'display_name', 'user_type', 'mailbox_kind'])
        .select(plain(['row', 'enabled', 'licensed']))
        .select(asText('other_addresses').as('other_addresses'))
        .where(within(connectionId, part))
        .orderBy('id')
        .$if(part.limit !== undefined, (query) => query.limit(part.limit ?? null))
        .execute();
      const addresses = await addressesOf(connectionId, 'user', rows);
      return rows.map((row) => ({
        kind: 'user',
        id: row.id,
        userPrincipalName: row.user_principal_name,
        displayName: row.display_name ?? undefined,
        userType: row.user_type,
        enabled: isSet(row.enabled),
        licensed: isSet(row.licensed),
        mailboxKind: row.mailbox_kind ?? undefined,
        addresses: addresses(row),
        otherAddresses: JSON.parse(row.other_addresses),
      }));
    },
    async contact(connectionId, part) {
      const rows = await db
        .selectFrom('directory_contacts')
        .select(['id', 'display_name', 'company_name'])
        .select(plain(['row']))
        .select(asText('other_addresses').as('other_addresses'))
        .where(within(connectionId, part))
        .orderBy('id')
        .$if(part.limit !== undefined, (query) => query.limit(part.limit ?? null))
        .execute();
      const addresses = await addressesOf(connectionId, 'contact', rows);
      return rows.map((row) => ({
        kind: 'contact',
        id: row.id,
        displayName: row.display_name ?? undefined,
        companyName: row.company_name ?? undefined,
        addresses: addresses(row),
        otherAddresses: JSON.parse(row.other_addresses),
      }));
    },
    async group(connectionId, part) {
      const rows = await db
        .selectFrom('directory_groups')
        .select(['id', 'display_name', 'group_type'])
        .select(plain(['row', 'dynamic_membership', 'hidden_membership']))
        .select(asText('other_addresses').as('other_addresses'))
        .where(within(connectionId, part))
        .orderBy('id')
        .$if(part.limit !== undefined, (query) => query.limit(part.limit ?? null))
        .execute();
      const addresses = await addressesOf(connectionId, 'group', rows);
      return rows.map((row) => ({
        kind: 'group',
        id: row.id,
        displayName: row.display_name ?? undefined,
        groupType: row.group_type,
        dynamicMembership: isSet(row.dynamic_membership),
        hiddenMembership: isSet(row.hidden_membership),
        addresses: addresses(row),
        otherAddresses: JSON.parse(row.other_addresses),
      }));
    },
  };
}

const within = (connectionId: string, { after = '', among, row }: Part): RawBuilder<boolean> => {
  const own = sql<boolean>`${sql.ref('connection_id')} = ${connectionId}`;
  if (row !== undefined) return sql`${own} and ${sql.ref('row')} = ${row}`;
  const page = sql<boolean>`${own} and ${sql.ref('id')} > ${after}`;
  return among ? sql`${page} and ${among}` : page;
};
