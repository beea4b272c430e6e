import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { MessageRef, StoredMessage } from '@mailsphere/core';
import type { ArchivedMessage } from '../archive/archived-message.ts';
import { identityOf } from '../archive/names.ts';
import type { MessagePlace } from './archive-layout.ts';

/** A line of a manifest. It was written before the message became visible: whether there is one, the folder says. */
export interface ManifestEntry extends ArchivedMessage {
  readonly identity: string;
  /** The file, as seen from the mailbox's folder. */
  readonly name: string;
}

export const manifestFile = (mailboxFolder: string): string => join(mailboxFolder, 'SHA256SUMS');

/** The two lines of a message: what it is, as a comment, and what `sha256sum --check` reads. */
export function manifestLines(
  { tenantId, mailboxId, messageId, receivedAt }: MessageRef,
  { name }: MessagePlace,
  { bytes, sha256 }: StoredMessage,
): string {
  return `# ${JSON.stringify({ tenantId, mailboxId, messageId, receivedAt, bytes })}\n${sha256}  ${name}\n`;
}

/** Appends lines, durably. */
export async function appendToManifest(file: string, lines: readonly string[]): Promise<void> {
  const handle = await open(file, 'a', 0o600);
  try {
    await handle.writeFile(lines.join(''));
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** Creates the manifest if there is none, and ends a line that a crash or a full disk cut off. */
export async function mendManifest(file: string): Promise<void> {
  const handle = await open(file, 'a+', 0o600);
  try {
    const { size } = await handle.stat();
    if (size === 0) return;
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
    if (buffer.toString() !== '\n') await handle.writeFile('\n');
  } finally {
    await handle.close();
  }
}

/**
 * Reads a manifest from its beginning. Lines that a crash cut off are passed over.
 *
 * @param size How many bytes of it; lines that are appended meanwhile come after them.
 */
export async function* readManifest(file: string, size: number): AsyncGenerator<ManifestEntry> {
  if (size === 0) return;
  let comment: Omit<ArchivedMessage, 'sha256'> | undefined;
  const input = createReadStream(file, { end: size - 1 });
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line.startsWith('# ')) {
        comment = parseComment(line.slice(2));
        continue;
      }
      const [, sum, name, named] = /^([0-9a-f]{64}) {2}([0-9a-f]{2}\/([0-9a-f]{64})\.eml)$/.exec(line) ?? [];
      const identity = comment && identityOf(comment);
      if (comment && sum && name && identity && identity === named) {
        // A part of a line keeps everything in memory that was read with it: who keeps the hash, keeps a copy.
        const sha256 = Buffer.from(sum, 'hex').toString('hex');
        yield { ...comment, identity, name, sha256 };
      }
      comment = undefined;
    }
  } finally {
    // The end of the loop closes the interface only, and the file would stay open.
    input.destroy();
  }
}

function parseComment(text: string): Omit<ArchivedMessage, 'sha256'> | undefined {
  try {
    const { tenantId, mailboxId, messageId, receivedAt, bytes } = JSON.parse(text);
    return { tenantId, mailboxId, messageId, receivedAt, bytes };
  } catch {
    return undefined;
  }
}
