export {
  openPostgres,
  type PostgresDatabase,
  type PostgresOptions,
} from './open-postgres.ts';
export type { PostgresPool } from './postgres-pool.ts';
export { postgresStorage } from './postgres-storage.ts';
