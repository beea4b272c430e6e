import { ConnectorError, type Json, type StorageAdapter } from '@mailsphere/core';
import { afterPrefix } from '../after-prefix.ts';
import { decodeKey, encodeKey } from './key-text.ts';
import type { PostgresDatabase } from './open-postgres.ts';
import { execute } from './statement.ts';

/**
 * The SDK's state as rows of a table in PostgreSQL.
 *
 * Each method is one statement, so it is atomic for all processes that use the schema. All reject with ConnectorError
 * `storage_failed` when the server does not answer or refuses; the next call works as soon as it answers again.
 */
export function postgresStorage({ pool, schema }: PostgresDatabase): StorageAdapter {
  const records = `"${schema}".records`;
  // As texts, whatever parsers the host has set for the types.
  const read = 'version::text as version, value::text as value';

  return {
    async get(collection, id) {
      const [row] = await execute(pool, `select ${read} from ${records} where collection = $1 and id = $2`, [
        encodeKey(collection),
        encodeKey(id),
      ]);
      return row && { id, ...parse(row) };
    },

    async put(collection, id, value, { ifVersion } = {}) {
      const values = [encodeKey(collection), encodeKey(id), JSON.stringify(value)];
      const insert = `insert into ${records} (collection, id, value) values ($1, $2, $3)`;
      const returning = 'returning version::text as version';
      // Where another transaction has the row, each of these waits for its end and then looks at the row anew.
      const rows = await (ifVersion === undefined
        ? execute(
            pool,
            `${insert} on conflict (collection, id)
             do update set value = excluded.value, version = excluded.version ${returning}`,
            values,
          )
        : ifVersion === null
          ? execute(pool, `${insert} on conflict do nothing ${returning}`, values)
          : execute(
              pool,
              `update ${records} set value = $3, version = default
               where collection = $1 and id = $2 and version::text = $4 ${returning}`,
              [...values, encodeKey(ifVersion)],
            ));
      if (rows[0]) return String(rows[0].version);
      throw new ConnectorError('conflict', 'The record was changed by somebody else. Read it and try again.');
    },

    async delete(collection, id, { ifVersion } = {}) {
      const values = [encodeKey(collection), encodeKey(id)];
      const rows = await execute(
        pool,
        `delete from ${records} where collection = $1 and id = $2
         ${ifVersion === undefined ? '' : 'and version::text = $3'} returning 1`,
        ifVersion === undefined ? values : [...values, encodeKey(ifVersion)],
      );
      return rows.length > 0;
    },

    async list(collection, { prefix = '', after, limit = 1000 } = {}) {
      const values: unknown[] = [encodeKey(collection), limit];
      const conditions = ['collection = $1'];
      const where = (comparison: string, bound: string | undefined) => {
        if (bound === undefined) return;
        values.push(bound);
        conditions.push(`id ${comparison} $${values.length}`);
      };
      // Bounds rather than `like`: nothing in a prefix is a wildcard, and the index is read from one to the other.
      where('>=', encodeKey(prefix));
      where('<', afterPrefix(encodeKey(prefix)));
      where('>', after && encodeKey(after));
      const rows = await execute(
        pool,
        `select id, ${read} from ${records} where ${conditions.join(' and ')} order by id limit $2`,
        values,
      );
      return rows.map((row) => ({ id: decodeKey(String(row.id)), ...parse(row) }));
    },
  };
}

const parse = ({ value, version }: Readonly<Record<string, unknown>>) => ({
  value: JSON.parse(String(value)) as Json,
  version: String(version),
});
