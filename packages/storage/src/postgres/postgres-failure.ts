import { ConnectorError } from '@mailsphere/core';

const LOGIN = 'The server refused the login: check user, password and database of the pool.';
const RIGHTS =
  'The role lacks a right. To create the tables it needs `create` on the database, or on the schema if that exists; to use them, `usage` on the schema, `select` on `mailsphere_migrations`, and `select`, `insert`, `update`, `delete` on the other tables.';
const RESTART = 'The server is shutting down or starting. Work goes on once it is back.';
const LOST = 'The connection to the server was lost. Work goes on once there is one again.';
const NO_SERVER = 'Nothing answers at the address of the pool: start the server, or check host and port.';
const NO_HOST = 'The host of the pool is not known: check its name.';
const NO_ANSWER =
  'There was no connection, or it was lost: the pool may have had none to spare in time, or have been ended.';
const RACES = 'Other transactions were in the way time and again: look for long ones.';

// SQLSTATEs of the server (appendix A of its manual) or their classes, the first two characters; and codes of Node, which come
// when there is no connection.
const REMEDIES: Readonly<Record<string, string>> = {
  '08': LOST,
  '25006': 'The server is read-only, such as a standby: let the pool connect to the primary.',
  '28': LOGIN,
  '3D000': 'The database of the pool does not exist: create it, or check the name.',
  '3F000': 'The schema does not exist any more: open it again, which creates it.',
  '40001': RACES,
  '40P01': RACES,
  '42501': RIGHTS,
  '42P01': 'The tables do not exist any more: open the schema again, which creates them.',
  '42P07': 'The schema has a table of another application in it: choose another `schema`.',
  '53100': 'The disk of the server is full: free some space. Work goes on from where it stopped.',
  '53300': 'The server has no connection to spare: make the pool smaller, or raise `max_connections`.',
  '55P03': 'The lock was not to be had within `lock_timeout`: look for a long transaction.',
  '57014': 'The statement was cancelled, or took longer than `statement_timeout`.',
  '57': RESTART,
  ECONNREFUSED: NO_SERVER,
  ENOENT: NO_SERVER,
  ENOTFOUND: NO_HOST,
  EAI_AGAIN: NO_HOST,
  ECONNRESET: LOST,
  EPIPE: LOST,
  ETIMEDOUT: LOST,
};

// An entry of an index takes a third of a page at most.
const ENTRY_TOO_LONG = '54000';

/** What to throw instead of what the pool threw. Its message may hold values or the name of the role: it stays in `cause`. */
export function postgresFailure(cause: unknown): ConnectorError {
  const code = codeOf(cause);
  if (code === ENTRY_TOO_LONG)
    return new ConnectorError('invalid_request', 'id: must have at most 512 characters', {
      field: 'id',
      cause,
    });
  if (code === undefined) return new ConnectorError('storage_failed', `PostgreSQL: ${NO_ANSWER}`, { cause });
  const remedy = REMEDIES[code] ?? REMEDIES[code.slice(0, 2)] ?? 'Look at `cause`.';
  return new ConnectorError('storage_failed', `PostgreSQL (${code}): ${remedy}`, { cause });
}

/** Whether the server undid a transaction only because of others that ran at the same time. */
export function isSerializationFailure(error: unknown): boolean {
  const code = codeOf(error);
  return code === '40001' || code === '40P01';
}

function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9_]+$/.test(code) ? code : undefined;
}
