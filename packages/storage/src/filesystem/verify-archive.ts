import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredMessage } from '@mailsphere/core';
import type { ArchivedMessage, ReadOptions, VerifiedMessage } from '../archive/archived-message.ts';
import { isFolderName } from '../archive/names.ts';
import { sumOf } from '../archive/read-parts.ts';
import { mailboxFolder } from './archive-layout.ts';
import { hasCode, onDisk } from './disk.ts';
import { type ManifestEntry, manifestFile, readManifest } from './manifest.ts';
import { repeatedMessages } from './repeated-messages.ts';

interface Mailbox {
  /** The folder. */
  readonly mailbox: string;
  readonly manifest: string;
  readonly size: number;
}

/** What the manifests list and the folders hold, each message once. */
export async function* listArchive(
  directory: string,
  options: ReadOptions = {},
): AsyncGenerator<ArchivedMessage> {
  for await (const { mailbox, manifest, size } of mailboxes(directory, options)) {
    const isRepeated = await onDisk(() => repeatedMessages(manifest, size));
    const seen = new Set<string>();
    for await (const entry of readManifest(manifest, size)) {
      options.signal?.throwIfAborted();
      const { identity, name, bytes } = entry;
      if (seen.has(identity) || (await onDisk(() => fileSize(join(mailbox, name)))) !== bytes) continue;
      if (isRepeated(identity)) seen.add(identity);
      yield archived(entry);
    }
  }
}

export async function* verifyArchive(
  directory: string,
  options: ReadOptions = {},
): AsyncGenerator<VerifiedMessage> {
  for await (const { mailbox, manifest, size } of mailboxes(directory, options)) {
    const isRepeated = await onDisk(() => repeatedMessages(manifest, size));
    const intact = new Set<string>();
    const doubtful = new Map<string, VerifiedMessage>();
    for await (const entry of readManifest(manifest, size)) {
      options.signal?.throwIfAborted();
      const { identity, name, sha256 } = entry;
      if (intact.has(identity)) continue;
      const found = await onDisk(() => hashIfPresent(join(mailbox, name)));
      const status = found?.sha256 === sha256 ? 'intact' : found ? 'damaged' : 'absent';
      const verified: VerifiedMessage = { ...archived(entry), status };
      if (!isRepeated(identity)) {
        yield verified;
      } else if (status === 'intact') {
        intact.add(identity);
        doubtful.delete(identity);
        yield verified;
      } else doubtful.set(identity, verified);
    }
    // Only now is it known that no later line of the same message fits.
    yield* doubtful.values();
  }
}

/** The size and hash of a file as it is now. */
export const hashFile = (file: string): Promise<StoredMessage> => sumOf(createReadStream(file));

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

/** The mailboxes that have a manifest, and how many bytes of it there are now. */
async function* mailboxes(directory: string, { mailbox, signal }: ReadOptions): AsyncGenerator<Mailbox> {
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
  for (const folder of folders) {
    signal?.throwIfAborted();
    const manifest = manifestFile(folder);
    const size = await onDisk(() => fileSize(manifest));
    if (size !== undefined) yield { mailbox: folder, manifest, size };
  }
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
