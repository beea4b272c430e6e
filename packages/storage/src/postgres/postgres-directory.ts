import { ConnectorError } from '@mailsphere/core';
import { Kysely } from 'kysely';
import { directoryOnTables } from '../directory/directory-on-tables.ts';
import type { SqlDirectory, SqlDirectoryOptions } from '../directory/sql-directory.ts';
import type { DirectoryTables } from '../directory/tables.ts';
import type { PostgresDatabase } from './open-postgres.ts';
import { dialectOn, postgresSql } from './postgres-dialect.ts';
import type { PostgresTransactionPool } from './postgres-pool.ts';

/**
 * The directory as tables of a schema in PostgreSQL. A batch is applied in one transaction, which takes one connection of the pool; one
 * that the server undoes because of others (a deadlock, say) is applied again.
 *
 * All methods reject with ConnectorError `storage_failed` when the server does not answer or refuses.
 *
 * @throws ConnectorError `invalid_options` with field `pool` when the pool has no `connect`.
 */
export function postgresDirectory(
  { pool, schema }: PostgresDatabase<PostgresTransactionPool>,
  options: SqlDirectoryOptions = {},
): SqlDirectory {
  if (typeof pool.connect !== 'function')
    throw new ConnectorError(
      'invalid_options',
      'postgresDirectory: pool: must have `connect`, which lends a connection for a transaction, as a `Pool` of the package `pg` has',
      { field: 'pool' },
    );
  const db = new Kysely<DirectoryTables>({ dialect: dialectOn(pool) }).withSchema(schema);
  return directoryOnTables({ db, dialect: postgresSql }, { ...options, factory: 'postgresDirectory' });
}
