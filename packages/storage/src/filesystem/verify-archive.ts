import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { MailboxRef, StoredMessage } from '@mailsphere/core';
import { isFolderName, mailboxFolder } from './archive-layout.ts';
import { exists, hasCode, onDisk } from './disk.ts';
import { type ArchivedMessage, type ManifestEntry, manifestFile, readManifest } from './manifest.ts';

export interface ReadOptions {
  /** Only this mailbox. @default all */
  readonly mailbox?: MailboxRef | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface VerifiedMessage extends ArchivedMessage {
  /**
   * - `intact`: the file is what was stored.
   * - `damaged`: the file is something else.
   * - `absent`: there is no file: it was deleted, or a process was killed just before the message became visible.
   */
  readonly status: 'intact' | 'damaged' | 'absent';
}

/** What the manifests list and the folders hold, each message once. */
export async function* listArchive(
  directory: string,
  options: ReadOptions = {},
): AsyncGenerator<ArchivedMessage> {
  for await (const mailbox of mailboxFolders(directory, options)) {
    const seen = new Set<string>();
    for await (const entry of readManifest(manifestFile(mailbox))) {
      options.signal?.throwIfAborted();
      // A store that was killed and done again has left more than one line.
      if (seen.has(entry.identity) || (await fileSize(join(mailbox, entry.name))) !== entry.bytes) continue;
      seen.add(entry.identity);
      yield archived(entry);
    }
  }
}

export async function* verifyArchive(
  directory: string,
  options: ReadOptions = {},
): AsyncGenerator<VerifiedMessage> {
  for await (const mailbox of mailboxFolders(directory, options)) {
    const intact = new Set<string>();
    const doubtful = new Map<string, VerifiedMessage>();
    for await (const entry of readManifest(manifestFile(mailbox))) {
      options.signal?.throwIfAborted();
      if (intact.has(entry.identity)) continue;
      const found = await onDisk(() => hashIfPresent(join(mailbox, entry.name)));
      if (found?.sha256 === entry.sha256) {
        intact.add(entry.identity);
        doubtful.delete(entry.identity);
        yield { ...archived(entry), status: 'intact' };
      } else doubtful.set(entry.identity, { ...archived(entry), status: found ? 'damaged' : 'absent' });
    }
    // Only now is it known that no later line of the same message fits.
    yield* doubtful.values();
  }
}

/** The size and hash of a file as it is now. */
export async function hashFile(file: string): Promise<StoredMessage> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(file)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function hashIfPresent(file: string): Promise<StoredMessage | undefined> {
  try {
    return await hashFile(file);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function fileSize(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function* mailboxFolders(directory: string, { mailbox }: ReadOptions): AsyncGenerator<string> {
  const folders = mailbox
    ? [mailboxFolder(directory, mailbox)]
    : await onDisk(async () => {
        const tenants = (await readdir(directory)).filter(isFolderName);
        const nested = await Promise.all(
          tenants.map(async (tenant) =>
            (await readdir(join(directory, tenant)))
              .filter(isFolderName)
              .map((name) => join(directory, tenant, name)),
          ),
        );
        return nested.flat();
      });
  for (const folder of folders) if (await exists(manifestFile(folder))) yield folder;
}

const archived = ({
  tenantId,
  mailboxId,
  messageId,
  receivedAt,
  bytes,
  sha256,
}: ManifestEntry): ArchivedMessage => ({
  tenantId,
  mailboxId,
  messageId,
  receivedAt,
  bytes,
  sha256,
});
