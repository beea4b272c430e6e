import { type Kysely, sql } from 'kysely';
import { directoryOnTables } from '../directory/directory-on-tables.ts';
import type { SqlDialect } from '../directory/sql-dialect.ts';
import type { SqlDirectory, SqlDirectoryOptions } from '../directory/sql-directory.ts';
import type { DirectoryTables } from '../directory/tables.ts';
import type { SqliteDatabase } from './open-sqlite.ts';
import { attempt } from './sqlite-failure.ts';

/** The directory as tables of an SQLite file. A batch is applied in one transaction. */
export function sqliteDirectory({ kysely }: SqliteDatabase, options: SqlDirectoryOptions = {}): SqlDirectory {
  // What is written may be `true` and `false`, which the dialect makes 1 and 0; what is read goes through `plain` or is cast to text.
  const db = kysely as unknown as Kysely<DirectoryTables>;
  return directoryOnTables({ db, dialect }, { ...options, factory: 'sqliteDirectory' });
}

const oneOf = (column: string, items: readonly unknown[]) =>
  sql<boolean>`${sql.ref(column)} in (select value from json_each(${JSON.stringify(items)}))`;

const dialect: SqlDialect = {
  ids: oneOf,
  rows: oneOf,
  plain: (column) => sql`${sql.ref(column)}`,
  attempt,
};
