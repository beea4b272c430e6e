import { ConnectorError } from '@mailsphere/core';
import { sql } from 'kysely';
import { applyBatch } from './apply-batch.ts';
import { expandGroup } from './expand-group.ts';
import { findAddress } from './find-address.ts';
import { pruneChanges, readChanges } from './read-changes.ts';
import { entryReaders } from './read-entries.ts';
import type { SqlTables } from './sql-dialect.ts';
import type { SqlDirectory, SqlDirectoryOptions } from './sql-directory.ts';
import { TABLES } from './tables.ts';
import { checkId } from './text.ts';

/** The one implementation of `SqlDirectory`, on the tables of any database that `dialect` knows how to talk to. */
export function directoryOnTables(
  tables: SqlTables,
  { factory, changes: recording = false }: SqlDirectoryOptions & { readonly factory: string },
): SqlDirectory {
  const { db, dialect } = tables;
  const read = entryReaders(tables);

  const ask = <T>(ids: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> =>
    dialect.attempt(async () => {
      for (const [field, id] of Object.entries(ids)) checkId(field, id);
      return work();
    });

  const askChanges = <T>(connectionId: string, work: () => Promise<T>): Promise<T> =>
    ask({ connectionId }, () => {
      if (recording) return work();
      throw new ConnectorError(
        'invalid_options',
        `${factory}: changes: must be true for changes to be recorded, read and pruned`,
        { field: 'changes' },
      );
    });

  return {
    apply: (batch, { signal } = {}) =>
      ask({ connectionId: batch.connectionId }, () => {
        signal?.throwIfAborted();
        // Read committed: a batch that waited for another one of its connection sees what that one wrote. SQLite, where a
        // transaction has the file to itself, has no levels.
        return db
          .transaction()
          .setIsolationLevel('read committed')
          .execute((transaction) => applyBatch({ db: transaction, dialect }, batch, recording));
      }),

    measure: (connectionId, kind, generation) =>
      ask({ connectionId }, async () => {
        const { stored, stale } = await db
          .selectFrom(TABLES[kind])
          .select([
            sql<string>`cast(count(*) as text)`.as('stored'),
            sql<string>`cast(count(*) filter (where generation < ${generation}) as text)`.as('stale'),
          ])
          .where('connection_id', '=', connectionId)
          .executeTakeFirstOrThrow();
        return { stored: Number(stored), stale: Number(stale) };
      }),

    present: (connectionId, kind, ids, generation) =>
      ask({ connectionId }, async () => {
        if (ids.length === 0) return [];
        const rows = await db
          .selectFrom(TABLES[kind])
          .select('id')
          .where('connection_id', '=', connectionId)
          .where('id', 'in', ids)
          .where('generation', '>=', generation)
          .execute();
        return rows.map(({ id }) => id);
      }),

    findAddress: (connectionId, address) =>
      ask({ connectionId }, () => findAddress(tables, connectionId, address)),

    members: (connectionId, groupId) =>
      ask({ connectionId, groupId }, () =>
        db
          .selectFrom('directory_members')
          .innerJoin('directory_groups', 'row', 'group_row')
          .select(['member_id as id', 'member_type as type'])
          .where('connection_id', '=', connectionId)
          .where('id', '=', groupId)
          .orderBy('member_id')
          .execute(),
      ),

    expandGroup: (connectionId, groupId) =>
      ask({ connectionId, groupId }, () => expandGroup(tables, connectionId, groupId)),

    groupAddresses: (connectionId, groupId) =>
      ask({ connectionId, groupId }, async () => {
        const addresses = new Map<string, string>();
        for (const { addresses: own } of await expandGroup(tables, connectionId, groupId))
          for (const { address, primary } of own) {
            const key = address.toLowerCase();
            if (primary && !addresses.has(key)) addresses.set(key, address);
          }
        return [...addresses.values()];
      }),

    list: (connectionId, kind, { after = '', limit = 1000 } = {}) =>
      ask({ connectionId, after }, () => read[kind](connectionId, { after, limit })),

    counts: (connectionId) =>
      ask({ connectionId }, async () => {
        const count = async (table: (typeof TABLES)[keyof typeof TABLES] | 'directory_addresses') => {
          const query = db.selectFrom(table).where('connection_id', '=', connectionId);
          return Number((await query.select(NUMBER).executeTakeFirst())?.rows);
        };
        const members = db
          .selectFrom('directory_members')
          .innerJoin('directory_groups', 'row', 'group_row')
          .where('connection_id', '=', connectionId);
        return {
          domain: await count(TABLES.domain),
          user: await count(TABLES.user),
          contact: await count(TABLES.contact),
          group: await count(TABLES.group),
          address: await count('directory_addresses'),
          member: Number((await members.select(NUMBER).executeTakeFirst())?.rows),
        };
      }),

    changes: (connectionId, options = {}) =>
      askChanges(connectionId, () => readChanges(tables, connectionId, options)),

    prune: (connectionId, upTo) => askChanges(connectionId, () => pruneChanges(tables, connectionId, upTo)),
  };
}

const NUMBER = sql<string>`cast(count(*) as text)`.as('rows');
