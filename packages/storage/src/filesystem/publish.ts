import { link, rename } from 'node:fs/promises';
import { exists, hasCode } from './disk.ts';

/**
 * Gives a finished temporary file its name, in one step, unless a file of that name exists.
 *
 * @returns false when there is one already: it stays as it is.
 */
export async function publish(temporary: string, file: string, disk = { link, rename }): Promise<boolean> {
  try {
    await disk.link(temporary, file);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    if (!hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK')) throw error;
  }
  // exFAT and some network shares have no hard links. A rename would replace, so it is looked first: within a process
  // the caller keeps others out, and of two processes at the very same moment the later one would win.
  if (await exists(file)) return false;
  await disk.rename(temporary, file);
  return true;
}
