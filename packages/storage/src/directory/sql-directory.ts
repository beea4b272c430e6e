import type { DirectoryKind, DirectorySink, DirectoryUser, GroupEntry, GroupMember } from '@mailsphere/core';
import { type RawBuilder, sql } from 'kysely';
import { applyBatch } from './apply-batch.ts';
import type { SqliteDatabase } from './open-sqlite.ts';
import { type DirectoryEntries, type DirectoryListOptions, directoryReaders } from './read-directory.ts';
import { attempt } from './sqlite-failure.ts';

/** How many of each the tables hold. */
export type DirectoryTableCounts = Readonly<Record<DirectoryKind | 'address' | 'member', number>>;

/** The directory as tables, with the questions that hosts ask most. */
export interface SqliteDirectory extends DirectorySink {
  /**
   * The user or group that has this SMTP address, as its primary one or as an alias, whatever the case of either; `undefined`
   * when nobody of this connection has it. The whole address is compared, so no part of it, no name and no user principal name
   * that is not an address finds anything.
   *
   * Two may have the same address while it moves from one to the other and only the new owner was read: the one whose addresses were
   * written last is found.
   */
  findAddress(connectionId: string, address: string): Promise<DirectoryUser | GroupEntry | undefined>;
  /**
   * The direct members of a group, ascending by id, all at once; none when the group is not known. Some may be of kinds, or have
   * ids, that the directory does not hold.
   */
  members(connectionId: string, groupId: string): Promise<readonly GroupMember[]>;
  /**
   * Every user in the group and in the groups within it, once, ascending by id, all at once: of a group of 100,000 that is a list of
   * 100,000 users. Users that the directory does not hold are left out. Groups that contain each other do no harm.
   */
  expandGroup(connectionId: string, groupId: string): Promise<readonly DirectoryUser[]>;
  /** Entries of one kind, ascending by id, page by page. */
  list<Kind extends DirectoryKind>(
    connectionId: string,
    kind: Kind,
    options?: DirectoryListOptions,
  ): Promise<readonly DirectoryEntries[Kind][]>;
  /** How many the tables hold of this connection. */
  counts(connectionId: string): Promise<DirectoryTableCounts>;
}

/** The directory as tables of an SQLite file. A batch is applied in one transaction. */
export function sqliteDirectory({ kysely }: SqliteDatabase): SqliteDirectory {
  const read = directoryReaders(kysely);
  return {
    apply: (batch, { signal } = {}) =>
      attempt(async () => {
        signal?.throwIfAborted();
        await kysely.transaction().execute((transaction) => applyBatch(transaction, batch));
      }),

    findAddress: (connectionId, address) =>
      attempt(async () => {
        const owner = await kysely
          .selectFrom('directory_addresses')
          .select(['owner_kind', 'owner_row'])
          .where('connection_id', '=', connectionId)
          .where('address_lower', '=', address.toLowerCase())
          .orderBy('written', 'desc')
          .executeTakeFirst();
        if (!owner) return undefined;
        const [entry] = await read[owner.owner_kind](connectionId, { row: owner.owner_row });
        return entry;
      }),

    members: (connectionId, groupId) =>
      attempt(() =>
        kysely
          .selectFrom('directory_members')
          .innerJoin('directory_groups', 'row', 'group_row')
          .select(['member_id as id', 'member_type as type'])
          .where('connection_id', '=', connectionId)
          .where('id', '=', groupId)
          .orderBy('member_id')
          .execute(),
      ),

    expandGroup: (connectionId, groupId) =>
      attempt(() => {
        // `union` drops what is already there, which also ends a circle of groups.
        const among = sql`
          with recursive inside (id, type) as (
            values (${groupId}, 'group')
            union
            select member_id, member_type from inside
            join directory_groups using (id)
            join directory_members on group_row = directory_groups.row
            where type = 'group' and connection_id = ${connectionId}
          )
          select id from inside where type = 'user'`;
        return read.user(connectionId, { among, limit: NO_LIMIT });
      }),

    list: (connectionId, kind, options = {}) => attempt(() => read[kind](connectionId, options)),

    counts: (connectionId) =>
      attempt(async () => {
        const count = async (table: RawBuilder<unknown>) => {
          const counted = sql<{
            rows: number;
          }>`select count(*) as rows from ${table} where connection_id = ${connectionId}`;
          const { rows } = await counted.execute(kysely);
          return rows[0]?.rows ?? 0;
        };
        return {
          domain: await count(sql`directory_domains`),
          user: await count(sql`directory_users`),
          group: await count(sql`directory_groups`),
          address: await count(sql`directory_addresses`),
          member: await count(sql`directory_members join directory_groups on group_row = row`),
        };
      }),
  };
}

// To SQLite a negative limit is none.
const NO_LIMIT = -1;
