import { ConnectorError } from '@mailsphere/core';

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space. Work goes on from where it stopped.',
  EDQUOT: 'The disk quota is used up: free some space or raise it. Work goes on from where it stopped.',
  EACCES: 'This process may not read or write there: give its user the permission.',
  EPERM: 'This process may not read or write there: give its user the permission.',
  EROFS: 'The disk is mounted read-only: mount it for writing, or choose another place.',
  EMFILE: 'This process has too many files open: raise its limit (`ulimit -n`).',
  ENFILE: 'The machine has too many files open: raise the limit of the system.',
  EFBIG:
    'A file would grow beyond what the file system or the limit of this process (`ulimit -f`) allows: raise the limit, or choose another disk, and run again.',
  EIO: 'The disk reports an input/output error: check its health.',
  ENOENT: 'A folder of the path does not exist, or was removed meanwhile: create it again.',
  ENOTDIR: 'A part of the path is a file, where a folder is expected: choose another path.',
  EISDIR: 'The path is a folder, where a file is expected: choose another path.',
  ELOOP: 'A part of the path is a symbolic link that points elsewhere: remove it.',
};

/**
 * What to throw instead of an error of the operating system; any other error stays as it is.
 *
 * @param place What the user calls it, such as `the archive folder`. Paths stay in `cause`.
 */
export function diskFailure(place: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return error;
  const code = String(error.code);
  const remedy = REMEDIES[code] ?? 'Look at `cause`.';
  return new ConnectorError('storage_failed', `${place} (${code}): ${remedy}`, { cause: error });
}
