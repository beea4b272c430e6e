import { PostgresDialect, type PostgresDialectConfig, sql } from 'kysely';
import type { SqlDialect } from '../directory/sql-dialect.ts';
import { asText } from '../directory/text.ts';
import { postgresFailure } from './postgres-failure.ts';
import type { PostgresClient, PostgresTransactionPool } from './postgres-pool.ts';
import { retried } from './statement.ts';

type KyselyPool = Exclude<PostgresDialectConfig['pool'], (...args: never) => unknown>;
type KyselyClient = Awaited<ReturnType<KyselyPool['connect']>>;

/** Kysely on a pool of the host, whose errors say what to do. The pool is never ended from here. */
export const dialectOn = (pool: PostgresTransactionPool): PostgresDialect =>
  new PostgresDialect({
    pool: {
      options: {},
      end: async () => {},
      connect: async () => onLoan(await pool.connect().catch(fail)),
    },
  });

function onLoan(client: PostgresClient): KyselyClient {
  const ignore = () => {};
  client.on?.('error', ignore);
  const query = async (text: string, values: readonly unknown[]) => {
    const { command = '', rowCount, rows } = await client.query(text, [...values]).catch(fail);
    return { command, rowCount: rowCount ?? 0, rows };
  };
  return {
    // Cursors are for streams, which nothing here asks for.
    query: query as KyselyClient['query'],
    release(destroy) {
      client.off?.('error', ignore);
      client.release(destroy);
    },
  };
}

const fail = (error: unknown): never => {
  throw postgresFailure(error);
};

export const postgresSql: SqlDialect = {
  // Not as a subquery, which is joined: until the tables are analysed, by reading all of the larger one.
  ids: (column, items) => sql`${sql.ref(column)} = any(${items}::text[])`,
  rows: (column, items) => sql`${sql.ref(column)} = any(${items}::bigint[])`,
  plain: asText,
  attempt: retried,
};
