export type { DirectoryEntries } from '../directory/entries.ts';
export type {
  DirectoryChangesOptions,
  DirectoryListOptions,
  DirectoryTableCounts,
  FoundAddress,
  RecordedChange,
  SqlDirectory,
  SqlDirectoryOptions,
} from '../directory/sql-directory.ts';
export { openSqlite, type SqliteDatabase, type SqliteOptions } from './open-sqlite.ts';
export { sqliteDirectory } from './sqlite-directory.ts';
export { sqliteStorage } from './sqlite-storage.ts';
export type { SqliteTables } from './tables.ts';
