import { closeSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { textOption } from '../text-option.ts';
import { migrate } from './migrations.ts';
import { NodeSqliteDialect } from './node-sqlite-dialect.ts';
import { sqliteFailure } from './sqlite-failure.ts';
import type { SqliteTables } from './tables.ts';

export interface SqliteOptions {
  /**
   * The database file, created when it does not exist; its folder must exist. It belongs to Mailsphere alone, and several
   * processes of one machine may use it at once. `:memory:` keeps everything in this process.
   */
  readonly path: string;
}

/** An open database file. `sqliteStorage` and `sqliteDirectory` work on it, both on the same one if you like. */
export interface SqliteDatabase {
  /** For queries of your own. Within this process there is one connection: a transaction makes all others wait. */
  readonly kysely: Kysely<SqliteTables>;
  /** Whoever opened the database closes it, when nothing uses it any more. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

// Milliseconds to wait for another process's lock. The event loop stands still meanwhile; our transactions take a page at most.
const LOCK_TIMEOUT = 5000;

/**
 * Opens a database file and brings its tables up to date.
 *
 * ```ts
 * const database = openSqlite({ path: 'mailsphere.sqlite' });
 * createConnector({ storage: sqliteStorage(database), directory: sqliteDirectory(database), ... });
 * ```
 *
 * @throws ConnectorError `invalid_options`, and `storage_failed` when the file cannot be used: the message says what to do.
 */
export function openSqlite(options: SqliteOptions): SqliteDatabase {
  const path = textOption('openSqlite', options, 'path');
  const connection = connect(path === ':memory:' ? path : resolve(path));
  const kysely = new Kysely<SqliteTables>({ dialect: new NodeSqliteDialect(connection) });
  const close = async () => {
    await kysely.destroy();
    // Kysely leaves a connection open that it never used.
    if (connection.isOpen) connection.close();
  };
  return { kysely, close, [Symbol.asyncDispose]: close };
}

function connect(path: string): DatabaseSync {
  let connection: DatabaseSync | undefined;
  try {
    // SQLite would create a file that everybody may read.
    if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600));
    connection = new DatabaseSync(path, { timeout: LOCK_TIMEOUT });
    useWriteAheadLog(connection);
    // FULL: a commit is on the disk when it returns, also if the power fails. NORMAL could lose a checkpoint of stored mail,
    // which only means work done twice, but also a single-use sign-in state that was already taken.
    connection.exec('pragma synchronous = full; pragma temp_store = memory; pragma cache_size = -32768');
    migrate(connection);
    return connection;
  } catch (error) {
    if (connection?.isOpen) connection.close();
    throw sqliteFailure(error);
  }
}

// Processes that start together on a new file collide here, and SQLite does not apply its timeout to this step.
function useWriteAheadLog(connection: DatabaseSync): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; ; waited += 10) {
    try {
      connection.exec('pragma journal_mode = wal');
      return;
    } catch (error) {
      const busy = error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5;
      if (!busy || waited >= LOCK_TIMEOUT) throw error;
      Atomics.wait(pause, 0, 0, 10);
    }
  }
}
