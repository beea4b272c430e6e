import { randomUUID } from 'node:crypto';
import type { MessageRef, StoredMessage } from '@mailsphere/core';
import { z } from 'zod';
import type { ArchivedMessage } from '../archive/archived-message.ts';
import { identityOf } from '../archive/names.ts';
import { type Bucket, type Metadata, onBucket } from './bucket.ts';
import { identityIn, recordKey } from './keys.ts';

// Services take 2 KB of metadata, the names included.
const LARGEST_METADATA = 1900;

const ids = z.object({
  tenantId: z.string(),
  mailboxId: z.string(),
  messageId: z.string(),
  receivedAt: z.string().optional(),
});
const sum = z.object({ bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) });
const record = z.object({ ...ids.shape, ...sum.shape });

/** The record of a message as metadata; `undefined` when it is too long for that. */
export function recordMetadata(message: MessageRef, { bytes, sha256 }: StoredMessage): Metadata | undefined {
  const metadata = {
    // Metadata must be ASCII, and an id can be anything.
    message: Buffer.from(JSON.stringify(idsOf(message))).toString('base64url'),
    bytes: String(bytes),
    sha256,
  };
  const length = Object.entries(metadata).flat().join('').length;
  return length <= LARGEST_METADATA ? metadata : undefined;
}

/**
 * A record in an object of its own, for a message whose metadata must be sent before its hash is known, or cannot hold it. Each
 * try to store has one of its own, which its message names, so that the record is always that of the bytes.
 */
export function separateRecord(key: string, message: MessageRef) {
  const recordId = randomUUID();
  return {
    metadata: { record: recordId } satisfies Metadata,
    /** Before the message becomes visible, so that there is no message without a record. */
    async write(bucket: Bucket, { bytes, sha256 }: StoredMessage, signal: AbortSignal | undefined) {
      const object = { key: recordKey(key, recordId), contentType: 'application/json', metadata: {} };
      const text = JSON.stringify({ ...idsOf(message), bytes, sha256 });
      await bucket.put(object, Buffer.from(text), signal);
    },
  };
}

/** What is recorded of the message with this key and metadata; `undefined` when there is nothing, or what is about another one. */
export async function readRecord(
  bucket: Bucket,
  key: string,
  metadata: Metadata,
  signal: AbortSignal | undefined,
): Promise<ArchivedMessage | undefined> {
  const { message = '', bytes, sha256, record: recordId } = metadata;
  const found =
    recordId === undefined
      ? { ...parsed(Buffer.from(message, 'base64url').toString()), bytes: Number(bytes), sha256 }
      : await separate(bucket, recordKey(key, recordId), signal);
  const { success, data } = record.safeParse(found);
  if (!success || identityOf(data) !== identityIn(key)) return undefined;
  return { ...data, receivedAt: data.receivedAt };
}

async function separate(bucket: Bucket, key: string, signal: AbortSignal | undefined): Promise<object> {
  const found = await bucket.get(key, signal);
  if (!found) return {};
  return parsed(await onBucket(signal, () => new Response(found.body).text()));
}

function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

const idsOf = ({ tenantId, mailboxId, messageId, receivedAt }: MessageRef) => ({
  tenantId,
  mailboxId,
  messageId,
  receivedAt,
});
