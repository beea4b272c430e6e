import type { Kysely, RawBuilder } from 'kysely';
import type { DirectoryTables } from './tables.ts';

/** What differs between the databases. */
export interface SqlDialect {
  /** Whether a column is one of some ids, which are one parameter: each number of parameters would be a statement of its own. */
  readonly ids: (column: string, items: readonly string[]) => RawBuilder<boolean>;
  /** Whether a column is one of some numbers of rows, which are one parameter. */
  readonly rows: (column: string, items: readonly number[]) => RawBuilder<boolean>;
  /** A column of numbers, or of yes and no, for `Number` and `isSet`: as text only where else a parser that a host has set could change it. */
  readonly plain: (column: string) => RawBuilder<string | number>;
  /** Runs what works on the database, again where that helps, so that its errors say what to do. */
  readonly attempt: <T>(work: () => Promise<T>) => Promise<T>;
}

/** The tables, or a transaction on them, and how to talk to them. */
export interface SqlTables {
  readonly db: Kysely<DirectoryTables>;
  readonly dialect: SqlDialect;
}
