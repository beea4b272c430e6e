import { isSerializationFailure, postgresFailure } from './postgres-failure.ts';
import type { PostgresPool } from './postgres-pool.ts';

type Row = Readonly<Record<string, unknown>>;

// Each refusal means that somebody else's transaction went through, so a few tries are plenty but for a crowd at one record.
const TRIES = 20;

/**
 * Runs a statement that is a transaction of its own. The server undoes one that cannot be put in line with the others
 * (it happens where the host made `repeatable read` or `serializable` the default), and then it is simply run again.
 *
 * @throws ConnectorError `storage_failed`
 */
export async function execute(pool: PostgresPool, text: string, values?: unknown[]): Promise<readonly Row[]> {
  for (let tried = 1; ; tried++) {
    try {
      const { rows } = await pool.query(text, values);
      return rows as readonly Row[];
    } catch (error) {
      if (tried === TRIES || !isSerializationFailure(error)) throw postgresFailure(error);
    }
  }
}
