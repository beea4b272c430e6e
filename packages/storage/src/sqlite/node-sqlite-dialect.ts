import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type SqliteDatabase as SqliteConnection,
  SqliteDialect,
  SqliteDriver,
  type SqliteStatement,
  type TransactionSettings,
} from 'kysely';

const CACHED_STATEMENTS = 128;

/** Kysely over `node:sqlite`. */
export class NodeSqliteDialect extends SqliteDialect {
  readonly #connection: SqliteConnection;

  constructor(database: DatabaseSync) {
    const connection = withStatementCache(database);
    super({ database: connection });
    this.#connection = connection;
  }

  override createDriver(): Driver {
    return new ImmediateDriver({ database: this.#connection });
  }
}

/**
 * Takes the write lock when a transaction begins. A transaction that begins by reading and writes later fails when another
 * process wrote in between, and no waiting helps.
 */
class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(
    connection: DatabaseConnection,
    settings?: TransactionSettings,
  ): Promise<void> {
    const begin = settings?.accessMode === 'read only' ? 'begin' : 'begin immediate';
    await connection.executeQuery(CompiledQuery.raw(begin));
  }
}

/** What Kysely asks of a connection, with the statements that were used last kept prepared. */
function withStatementCache(database: DatabaseSync): SqliteConnection {
  const cache = new Map<string, SqliteStatement>();
  return {
    close() {
      cache.clear();
      database.close();
    },
    prepare(sql) {
      const statement = cache.get(sql) ?? wrap(database.prepare(sql), () => database.prepare(sql));
      cache.delete(sql);
      cache.set(sql, statement);
      const oldest = cache.keys().next();
      if (cache.size > CACHED_STATEMENTS && !oldest.done) cache.delete(oldest.value);
      return statement;
    },
  };
}

const wrap = (statement: StatementSync, another: () => StatementSync): SqliteStatement => ({
  reader: statement.columns().length > 0,
  all: (parameters) => statement.all(...parameters.map(bind)),
  run: (parameters) => statement.run(...parameters.map(bind)),
  // An iteration that is under way must not share its statement with the next use of the same SQL.
  iterate: (parameters) => another().iterate(...parameters.map(bind)) as IterableIterator<unknown>,
});

const bind = (value: unknown): SQLInputValue => {
  if (value === undefined) return null;
  return typeof value === 'boolean' ? Number(value) : (value as SQLInputValue);
};
