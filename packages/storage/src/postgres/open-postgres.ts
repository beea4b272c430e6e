import { ConnectorError } from '@mailsphere/core';
import { textOption } from '../text-option.ts';
import { migrate } from './migrations.ts';
import type { PostgresPool } from './postgres-pool.ts';

export interface PostgresOptions<Pool extends PostgresPool = PostgresPool> {
  /** Stays the host's: whoever made it ends it, when nothing uses it any more. */
  readonly pool: Pool;
  /**
   * The schema that the tables are in, created when it does not exist: 1 to 63 of `a` to `z`, `0` to `9` and `_`, not
   * beginning with a digit or `pg_`.
   *
   * @default 'mailsphere'
   */
  readonly schema?: string | undefined;
}

/** A schema whose tables are up to date, as `openPostgres` gives it. `postgresStorage` works on it, and `postgresDirectory` if its pool has `connect`. */
export interface PostgresDatabase<Pool extends PostgresPool = PostgresPool> {
  readonly pool: Pool;
  readonly schema: string;
}

/**
 * Brings the tables of a schema up to date. Any number of processes may do so at once; a role that may not create tables can
 * open a schema that another one has brought up to date.
 *
 * ```ts
 * const pool = new Pool({ connectionString });
 * // Of connections that break while nobody uses them. Without a listener, Node would end the process.
 * pool.on('error', (error) => log.warn(error));
 * const database = await openPostgres({ pool });
 * createConnector({ storage: postgresStorage(database), directory: postgresDirectory(database), ... });
 * ```
 *
 * @throws ConnectorError `invalid_options`, and `storage_failed` when the schema cannot be used: the message says what to do.
 */
export async function openPostgres<Pool extends PostgresPool>(
  options: PostgresOptions<Pool>,
): Promise<PostgresDatabase<Pool>> {
  const pool = poolOption(options);
  const schema = options.schema === undefined ? 'mailsphere' : schemaOption(options);
  await migrate(pool, schema);
  return { pool, schema };
}

function poolOption<Pool extends PostgresPool>(options: PostgresOptions<Pool> | undefined): Pool {
  const pool: Pool | null | undefined = options?.pool;
  if (typeof pool?.query === 'function') return pool;
  throw new ConnectorError(
    'invalid_options',
    'openPostgres: pool: must be a pool of connections, such as `new Pool({ connectionString })` of the package `pg`',
    { field: 'pool' },
  );
}

// So narrow that the name needs no care where it becomes part of a statement. PostgreSQL keeps `pg_` for itself.
function schemaOption(options: PostgresOptions): string {
  const schema = textOption('openPostgres', options, 'schema');
  if (/^(?!pg_)[a-z_][a-z0-9_]{0,62}$/.test(schema)) return schema;
  throw new ConnectorError(
    'invalid_options',
    'openPostgres: schema: must be 1 to 63 of a to z, 0 to 9 and _, not beginning with a digit or pg_',
    { field: 'schema' },
  );
}
