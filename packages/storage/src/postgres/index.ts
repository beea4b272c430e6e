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
export {
  openPostgres,
  type PostgresDatabase,
  type PostgresOptions,
} from './open-postgres.ts';
export { postgresDirectory } from './postgres-directory.ts';
export type { PostgresClient, PostgresPool, PostgresTransactionPool } from './postgres-pool.ts';
export { postgresStorage } from './postgres-storage.ts';
