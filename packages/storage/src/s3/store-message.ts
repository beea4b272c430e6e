import { ConnectorError, type MessageRef, type StoredMessage } from '@mailsphere/core';
import { firstBuffers, readParts, sumOf } from '../archive/read-parts.ts';
import type { Turns } from '../archive/turns.ts';
import { type Bucket, type Metadata, onBucket } from './bucket.ts';
import { messageKey } from './keys.ts';
import { readRecord, recordMetadata, separateRecord } from './message-record.ts';
import { multipartUpload } from './multipart-upload.ts';
import type { ParsedOptions } from './options.ts';
import { orAbort } from './or-abort.ts';
import { middleBuffers, partBuffers } from './part-buffers.ts';

export interface StoreContext {
  readonly bucket: Bucket;
  readonly options: ParsedOptions;
  /** Of those that publish the same message in this process: not every service knows a condition on the end of an upload. */
  readonly publishing: Turns;
}

/**
 * Stores a message unless it is stored already. Up to the size of a part it is one request; a larger one is uploaded in parts
 * while it is read.
 *
 * @returns the size and hash of what is stored in the end.
 * @throws what the content throws, the signal's reason, or ConnectorError `storage_failed`. No part of it is left then.
 */
export async function storeMessage(
  { bucket, options, publishing }: StoreContext,
  message: MessageRef,
  content: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<StoredMessage> {
  const key = messageKey(options.prefix, message);
  const objectWith = (metadata: Metadata) => ({ key, contentType: 'message/rfc822', metadata });
  const separate = separateRecord(key, message);
  const upload = multipartUpload(options, objectWith(separate.metadata), signal);

  const putWhole = async (stored: StoredMessage, body: Uint8Array): Promise<StoredMessage> => {
    const metadata = recordMetadata(message, stored);
    // Not every service knows the condition in a bucket with versions, and a second version that is locked could not be removed.
    const before = !metadata || options.objectLock ? await storedAt(bucket, key, signal) : undefined;
    if (before) return before;
    if (!metadata) await separate.write(bucket, stored, signal);
    if (await bucket.put(objectWith(metadata ?? separate.metadata), body, signal)) return stored;
    const other = await storedAt(bucket, key, signal);
    if (other) return other;
    throw new ConnectorError(
      'storage_failed',
      'The bucket: a message was there when it was to be stored, and gone when it was looked at. It will be tried again.',
    );
  };

  const completeUpload = async (stored: StoredMessage): Promise<StoredMessage> => {
    const before = await storedAt(bucket, key, signal);
    if (before) return before;
    await separate.write(bucket, stored, signal);
    const failure = await upload.complete();
    if (!failure) {
      await bucket.lock(key, signal);
      return stored;
    }
    const other = await storedAt(bucket, key, signal);
    if (other) return other;
    throw failure;
  };

  try {
    return await readParts(content, {
      pools: [firstBuffers, middleBuffers, partBuffers(options.partSize)],
      equalParts: true,
      signal,
      take: upload.send,
      async finish(stored, rest) {
        if (upload.hasBegun()) await upload.send(rest);
        const publish = () => (upload.hasBegun() ? completeUpload(stored) : putWhole(stored, rest));
        return orAbort(publishing.take(key, publish), signal);
      },
    });
  } finally {
    await upload.abort();
  }
}

/** The size and hash of a message that is stored; `undefined` when it is not. */
async function storedAt(
  bucket: Bucket,
  key: string,
  signal: AbortSignal | undefined,
): Promise<StoredMessage | undefined> {
  const found = await bucket.head(key, signal);
  if (!found) return undefined;
  const record = await readRecord(bucket, key, found.metadata, signal);
  if (record) return { bytes: record.bytes, sha256: record.sha256 };
  // Somebody has copied it there without its metadata.
  const object = await bucket.get(key, signal);
  return object && onBucket(signal, () => sumOf(object.body));
}
