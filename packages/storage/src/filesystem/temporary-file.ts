import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredMessage } from '@mailsphere/core';
import { firstBuffers, readParts } from '../archive/read-parts.ts';
import { hasCode, onDisk } from './disk.ts';

/** A whole message, written but not yet durable, under a name of its own. */
export interface TemporaryFile extends StoredMessage {
  readonly path: string;
  sync(): Promise<void>;
  /** Closes the file and removes its temporary name, if it still has it. */
  remove(): Promise<void>;
}

const SUFFIX = '.part';
// A file that was not written to for so long, in milliseconds, belongs to no transfer that still runs.
const ABANDONED = 24 * 60 * 60 * 1000;
// The name was never seen before; should it be a link all the same, it is not followed. Windows has no such flag.
const CREATE = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0);

/**
 * Writes a message into a new file, as fast as the disk takes it and no faster.
 *
 * @throws what the content throws, the signal's reason, or ConnectorError `storage_failed`. No file is left then.
 */
export async function writeTemporaryFile(
  folder: string,
  content: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<TemporaryFile> {
  const path = join(folder, `${randomUUID()}${SUFFIX}`);
  const handle = await onDisk(() => open(path, CREATE, 0o600));
  let removing: Promise<unknown> | undefined;
  const remove = async () => {
    removing ??= Promise.all([handle.close(), unlinkIfPresent(path)]);
    await removing;
  };
  try {
    const write = (data: Uint8Array) => onDisk(() => handle.writeFile(data));
    return await readParts(content, {
      // Each write is a trip through the thread pool.
      pools: [firstBuffers],
      equalParts: false,
      signal,
      take: write,
      async finish(stored, rest) {
        if (rest.length > 0) await write(rest);
        return { ...stored, path, sync: () => handle.datasync(), remove };
      },
    });
  } catch (error) {
    await remove().catch(() => {});
    throw error;
  }
}

/**
 * Removes what runs that were killed have left. Files of runs that may still be alive are never touched, nor is anything that
 * is not a temporary file: a folder, a link, or what somebody else has put there.
 */
export async function removeAbandonedFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith(SUFFIX)) continue;
    const path = join(folder, name);
    try {
      const found = await lstat(path);
      if (found.isFile() && Date.now() - found.mtimeMs > ABANDONED) await unlink(path);
    } catch (error) {
      // Another process is clearing up as well, or has just published it.
      if (!hasCode(error, 'ENOENT')) throw error;
    }
  }
}

async function unlinkIfPresent(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    // Published by renaming it.
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}
