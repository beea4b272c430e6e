import { ConnectorError } from '@mailsphere/core';
import { textOption } from '../text-option.ts';
import { migrate } from './migrations.ts';
import type { PostgresPool } from './postgres-pool.ts';

export interface PostgresOptions {
  /** Stays the host's: whoever made it ends it, when nothing uses it any more. */
  readonly pool: PostgresPool;
  /**
   * The schema that the tables are in, created when it does not exist: 1 to 63 of `a` to `z`, `0` to `9` and `_`, not
   * beginning with a digit or `pg_`.
   *
   * @default 'mailsphere'
   */
  readonly schema?: string | undefined;
}

/** A schema whose tables are up to date, as `openPostgres` gives it. `postgresStorage` works on it. */
export interface PostgresDatabase {
  readonly pool: PostgresPool;
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
 * createConnector({ storage: postgresStorage(await openPostgres({ pool })), ... });
 * ```
 *
 * @throws ConnectorError `invalid_options`, and `storage_failed` when the schema cannot be used: the message says what to do.
 */
export async function openPostgres(options: PostgresOptions): Promise<PostgresDatabase> {
  const pool = poolOption(options);
  const schema = options.schema === undefined ? 'mailsphere' : schemaOption(options);
  await migrate(pool, schema);
  return { pool, schema };
}

function poolOption(options: PostgresOptions | undefined): PostgresPool {
  const pool: Partial<PostgresPool> | null | undefined = options?.pool;
  if (typeof pool?.query === 'function') return pool as PostgresPool;
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
