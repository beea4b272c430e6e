import { ConnectorError } from '@mailsphere/core';
import { diskFailure } from '../disk-failure.ts';

// The primary result codes of SQLite (sqlite.org/rescode.html); an extended code keeps its primary one in the low byte.
const REMEDIES: Readonly<Record<number, string>> = {
  5: 'Another process has held the lock for too long: look for a long transaction, such as a backup or a shell.',
  8: 'The file, or the folder that it is in, cannot be written: give this process the permission.',
  10: 'The disk failed to read or write, or the file would grow too large: check the disk and `ulimit -f`.',
  11: 'The file is damaged: restore it from a backup.',
  13: 'The disk is full, or the file may not grow: free some space. Work goes on from where it stopped.',
  14: 'The file cannot be opened: `path` must name a file in an existing folder that this process may write to.',
  26: 'The file is not an SQLite database: choose another `path`, or move that file away.',
};

/** What to throw instead of an error of SQLite or of the operating system; any other error stays as it is. */
export function sqliteFailure(error: unknown): unknown {
  if (!(error instanceof Error && 'errcode' in error)) return diskFailure('The database file', error);
  const code = Number(error.errcode);
  const remedy = REMEDIES[code & 0xff] ?? error.message;
  return new ConnectorError('storage_failed', `The database file (SQLite ${code}): ${remedy}`, {
    cause: error,
  });
}

/** Runs what works on the database, so that its errors say what to do. */
export async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw sqliteFailure(error);
  }
}
