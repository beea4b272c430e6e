export { openSqlite, type SqliteDatabase, type SqliteOptions } from './open-sqlite.ts';
export type { DirectoryEntries, DirectoryListOptions } from './read-directory.ts';
export { type DirectoryTableCounts, type SqliteDirectory, sqliteDirectory } from './sqlite-directory.ts';
export { sqliteStorage } from './sqlite-storage.ts';
export type { SqliteTables } from './tables.ts';
