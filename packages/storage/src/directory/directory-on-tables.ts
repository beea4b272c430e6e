import { ConnectorError } from '@mailsphere/core';
import { parseRequest } from '@mailsphere/core/internal';
import { sql } from 'kysely';
import { applyBatch } from './apply-batch.ts';
import { countRows } from './count-rows.ts';
import { expandGroup } from './expand-group.ts';
import { findAddress } from './find-address.ts';
import { pruneChanges, readChanges } from './read-changes.ts';
import { entryReaders } from './read-entries.ts';
import { changesOptions, checkFields, listOptions } from './read-requests.ts';
import type { SqlTables } from './sql-dialect.ts';
import type { SqlDirectory, SqlDirectoryOptions } from './sql-directory.ts';
import { TABLES } from './tables.ts';

/** The one implementation of `SqlDirectory`, on the tables of any database that `dialect` knows how to talk to. */
export function directoryOnTables(
  tables: SqlTables,
  { factory, changes: recording = false }: SqlDirectoryOptions & { readonly factory: string },
): SqlDirectory {
  const { db, dialect } = tables;

  type Given = Parameters<typeof checkFields>[0];

  const ask = <T>(given: Given, work: () => Promise<T>): Promise<T> =>
    dialect.attempt(async () => {
      checkFields(given);
      return work();
    });

  // Several statements must see one state: between two of them, a row may come to belong to another entry.
  const inOneState = <T>(work: (state: SqlTables) => Promise<T>): Promise<T> =>
    db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute((transaction) => work({ db: transaction, dialect }));

  const askChanges = <T>(given: Given, work: () => Promise<T>): Promise<T> =>
    ask(given, () => {
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
      ask({ connectionId, address }, () => inOneState((state) => findAddress(state, connectionId, address))),

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
      ask({ connectionId, groupId }, () => inOneState((state) => expandGroup(state, connectionId, groupId))),

    groupAddresses: (connectionId, groupId) =>
      ask({ connectionId, groupId }, async () => {
        const addresses = new Map<string, string>();
        const everybody = await inOneState((state) => expandGroup(state, connectionId, groupId));
        for (const { addresses: own } of everybody)
          for (const { address, primary } of own) {
            const key = address.toLowerCase();
            if (primary && !addresses.has(key)) addresses.set(key, address);
          }
        return [...addresses.values()];
      }),

    list: (connectionId, kind, options = {}) =>
      ask({ connectionId, kind }, () => {
        const page = parseRequest(listOptions, options, 'options');
        return inOneState((state) => entryReaders(state)[kind](connectionId, page));
      }),

    counts: (connectionId) =>
      ask({ connectionId }, () => inOneState((state) => countRows(state, connectionId))),

    changes: (connectionId, options = {}) =>
      askChanges({ connectionId }, () =>
        readChanges(tables, connectionId, parseRequest(changesOptions, options, 'options')),
      ),

    prune: (connectionId, upTo) =>
      askChanges({ connectionId, upTo }, () => pruneChanges(tables, connectionId, upTo)),
  };
}
