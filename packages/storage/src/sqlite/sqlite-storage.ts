import { ConnectorError, type Json, type StorageAdapter, type StoredRecord } from '@mailsphere/core';
import { type Kysely, sql } from 'kysely';
import { afterPrefix } from '../after-prefix.ts';
import type { SqliteDatabase } from './open-sqlite.ts';
import { attempt } from './sqlite-failure.ts';
import type { SqliteTables } from './tables.ts';

/**
 * The SDK's state as rows of an SQLite file.
 *
 * Each method is one statement, so it is atomic for all processes that use the file.
 */
export function sqliteStorage({ kysely }: SqliteDatabase): StorageAdapter {
  return {
    get: (collection, id) =>
      attempt(async () => {
        const row = await kysely
          .selectFrom('records')
          .select(['version', 'value'])
          .where('collection', '=', collection)
          .where('id', '=', wellFormed(id))
          .executeTakeFirst();
        return row && { id, ...read(row) };
      }),

    put: (collection, id, value, { ifVersion, relaxed } = {}) =>
      write(kysely, relaxed, async (database) => {
        const row = { collection, id: wellFormed(id), value: JSON.stringify(value) };
        const insert = database.insertInto('records').returning('version');
        // A replaced row is a new row, with the next number of the sequence.
        const put =
          ifVersion === undefined
            ? insert.orReplace().values(row)
            : ifVersion === null
              ? insert.orIgnore().values(row)
              : insert
                  .orReplace()
                  .columns(['collection', 'id', 'value'])
                  .expression((expression) =>
                    expression
                      .selectFrom('records')
                      .select(['collection', 'id', expression.val(row.value).as('value')])
                      .where('collection', '=', collection)
                      .where('id', '=', id)
                      .where(sql<string>`cast(version as text)`, '=', ifVersion),
                  );
        const stored = await put.executeTakeFirst();
        if (stored) return String(stored.version);
        throw new ConnectorError(
          'conflict',
          'The record was changed by somebody else. Read it and try again.',
        );
      }),

    delete: (collection, id, { ifVersion, relaxed } = {}) =>
      write(kysely, relaxed, async (database) => {
        let query = database
          .deleteFrom('records')
          .where('collection', '=', collection)
          .where('id', '=', wellFormed(id));
        if (ifVersion !== undefined) query = query.where(sql<string>`cast(version as text)`, '=', ifVersion);
        const { numDeletedRows } = await query.executeTakeFirst();
        return numDeletedRows > 0n;
      }),

    list: (collection, { prefix = '', after, limit = 1000 } = {}) =>
      attempt(async () => {
        // As bytes, because `node:sqlite` of Node 22 cuts a text at its first NUL.
        const bytes = sql<Uint8Array>`cast(id as blob)`.as('bytes');
        let query = kysely
          .selectFrom('records')
          .select([bytes, 'version', 'value'])
          .where('collection', '=', collection)
          .where('id', '>=', prefix)
          .orderBy('id')
          .limit(limit);
        const end = afterPrefix(prefix);
        if (end !== undefined) query = query.where('id', '<', end);
        if (after !== undefined) query = query.where('id', '>', after);
        const rows = await query.execute();
        return rows.map((row): StoredRecord => ({ id: Buffer.from(row.bytes).toString(), ...read(row) }));
      }),
  };
}

/**
 * Without waiting for the disk, if that is allowed: in the write-ahead log nothing is lost but the end, and the next write that
 * waits makes it durable ("PRAGMA synchronous").
 */
const write = <T>(
  kysely: Kysely<SqliteTables>,
  relaxed: boolean | undefined,
  work: (database: Kysely<SqliteTables>) => Promise<T>,
): Promise<T> =>
  attempt(() =>
    relaxed
      ? // The connection is held, for others rely on the setting.
        kysely.connection().execute(async (database) => {
          await sql`pragma synchronous = normal`.execute(database);
          try {
            return await work(database);
          } finally {
            await sql`pragma synchronous = full`.execute(database);
          }
        })
      : work(kysely),
  );

const read = ({ value, version }: { readonly value: string; readonly version: number }) => ({
  value: JSON.parse(value) as Json,
  version: String(version),
});

// UTF-8 has no lone surrogates: two ids that differ in one would become the same.
function wellFormed(id: string): string {
  if (id.isWellFormed()) return id;
  throw new ConnectorError(
    'invalid_request',
    'id: must be well-formed text, without half of a surrogate pair',
    {
      field: 'id',
    },
  );
}
