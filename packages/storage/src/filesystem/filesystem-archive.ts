import { constants } from 'node:fs';
import { mkdir, open, realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import type { MailArchive, MessageRef, StoredMessage } from '@mailsphere/core';
import type { ArchiveReader } from '../archive/archived-message.ts';
import { turns } from '../archive/turns.ts';
import { textOption } from '../text-option.ts';
import { type ArchiveFolders, archiveFolders } from './archive-folders.ts';
import { type MessagePlace, messagePlace, temporaryFolder } from './archive-layout.ts';
import { exists, hasCode, onDisk, syncFolder } from './disk.ts';
import { groupCommit } from './group-commit.ts';
import { appendToManifest, manifestFile, manifestLines } from './manifest.ts';
import { publish } from './publish.ts';
import { removeAbandonedFiles, writeTemporaryFile } from './temporary-file.ts';
import { hashFile, listArchive, verifyArchive } from './verify-archive.ts';

export interface FilesystemArchiveOptions {
  /**
   * The folder of the archive, created when it does not exist. It belongs to Mailsphere alone; several processes may use it
   * at once.
   */
  readonly directory: string;
}

/** An archive of files, with ways to look into it. Entries come in the order in which they were stored. */
export interface FilesystemArchive extends MailArchive, ArchiveReader {}

// Stats under way at once: enough for the thread pool, and few enough to be fair to others.
const STATS = 32;

/**
 * Mail as files: `<tenant>/<mailbox>/<2 digits>/<identity>.eml`, all of them hashes, with a `SHA256SUMS` for each mailbox.
 * A message becomes visible whole or not at all, and is durable when `store` resolves.
 *
 * @throws ConnectorError `invalid_options`
 */
export function filesystemArchive(options: FilesystemArchiveOptions): FilesystemArchive {
  const given = resolve(textOption('filesystemArchive', options, 'directory'));
  const sync = groupCommit<void>(syncFolder);
  const appendLines = groupCommit(appendToManifest);
  // Those that publish the same message go one after the other.
  const publishing = turns();

  const prepare = async () => {
    const created = await mkdir(given, { recursive: true, mode: 0o700 });
    // Each new folder is durable once the one above it is synced.
    for (let folder = given; created && folder.length >= created.length; folder = dirname(folder))
      await sync(dirname(folder));
    const directory = await realpath(given);
    const temporary = temporaryFolder(directory);
    await mkdir(temporary, { recursive: true, mode: 0o700 });
    await removeAbandonedFiles(temporary);
    return { directory, temporary, folders: archiveFolders(directory, sync) };
  };
  let prepared: ReturnType<typeof prepare> | undefined;
  const ready = () =>
    onDisk(async () => {
      prepared ??= prepare();
      try {
        return await prepared;
      } catch (error) {
        // The next call tries again: somebody may have mended the folder.
        prepared = undefined;
        throw error;
      }
    });

  // Visible is not yet durable: whoever stores it may still have to sync the folder, or was killed before that.
  const isStored = async (place: MessagePlace, folders: ArchiveFolders): Promise<boolean> => {
    if (!(await exists(place.file))) return false;
    await publishing.settled(place.identity);
    await folders.settle(place);
    return true;
  };

  const storeContent = async (
    message: MessageRef,
    content: ReadableStream<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<StoredMessage> => {
    const { directory, temporary, folders } = await ready();
    const place = messagePlace(directory, message);
    if (await onDisk(() => isStored(place, folders))) {
      await content.cancel().catch(() => {});
      return onDisk(() => hashFile(place.file));
    }
    const written = await writeTemporaryFile(temporary, content, signal);
    const publishFile = async (): Promise<StoredMessage> => {
      const { bytes, sha256 } = written;
      try {
        await folders.settle(place);
        // No line for a message that another call has published while this one was written.
        if (await exists(place.file)) return await hashFile(place.file);
        // The manifest comes before the message: a crash in between leaves a line without a file, never a file without a line.
        const lines = manifestLines(message, place, { bytes, sha256 });
        await Promise.all([written.sync(), appendLines(manifestFile(place.mailbox), lines)]);
        const published = await publish(written.path, place.file);
        await Promise.all([sync(place.folder), written.remove()]);
        return published ? { bytes, sha256 } : await hashFile(place.file);
      } catch (error) {
        folders.forget();
        throw error;
      }
    };
    try {
      return await publishing.take(place.identity, async () => {
        signal?.throwIfAborted();
        return onDisk(publishFile);
      });
    } finally {
      // A temporary file that cannot be removed does no harm, and is removed some other day.
      await written.remove().catch(() => {});
    }
  };

  return {
    missing: (mailbox, ids, { signal } = {}) =>
      onDisk(async () => {
        const { directory, folders } = await ready();
        const isMissing = async (messageId: string) => {
          const place = messagePlace(directory, { ...mailbox, messageId });
          return !(await isStored(place, folders));
        };
        const missing: string[] = [];
        for (let from = 0; from < ids.length; from += STATS) {
          signal?.throwIfAborted();
          const part = ids.slice(from, from + STATS);
          const answers = await Promise.all(part.map(isMissing));
          missing.push(...part.filter((_, index) => answers[index]));
        }
        return missing;
      }),

    async store(message, content, { signal } = {}) {
      try {
        return await storeContent(message, content, signal);
      } catch (error) {
        // Whatever happened: the source must not wait for a reader. The stream may have failed or ended by itself.
        await content.cancel(error).catch(() => {});
        throw error;
      }
    },

    read: (message) =>
      onDisk(async () => {
        const { directory } = await ready();
        try {
          const handle = await open(
            messagePlace(directory, message).file,
            constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0),
          );
          return Readable.toWeb(handle.createReadStream()) as unknown as ReadableStream<Uint8Array>;
        } catch (error) {
          if (hasCode(error, 'ENOENT')) return undefined;
          throw error;
        }
      }),

    async *entries(options) {
      const { directory } = await ready();
      yield* listArchive(directory, options);
    },

    async *verify(options) {
      const { directory } = await ready();
      yield* verifyArchive(directory, options);
    },
  };
}
