import { ConnectorError } from '@mailsphere/core';
import { isSerializationFailure, postgresFailure } from './postgres-failure.ts';
import type { PostgresPool } from './postgres-pool.ts';

type Row = Readonly<Record<string, unknown>>;

// Each refusal means that somebody else's transaction went through, so a few tries are plenty but for a crowd at one record.
const TRIES = 20;

/**
 * Runs a statement that is a transaction of its own.
 *
 * @throws ConnectorError `storage_failed`
 */
export const execute = (pool: PostgresPool, text: string, values?: unknown[]): Promise<readonly Row[]> =>
  retried(async () => {
    try {
      const { rows } = await pool.query(text, values);
      return rows as readonly Row[];
    } catch (error) {
      throw postgresFailure(error);
    }
  });

/**
 * Runs a transaction. The server undoes one that cannot be put in line with the others (in a deadlock, and where the host made
 * `repeatable read` or `serializable` the default), and then it is simply run again.
 */
export async function retried<T>(transaction: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await transaction();
    } catch (error) {
      const again = ConnectorError.is(error, 'storage_failed') && isSerializationFailure(error.cause);
      if (tried === TRIES || !again) throw error;
    }
  }
}
