import { setTimeout } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { checksumOf, describe, type NewObject, onBucket, sendOptions } from './bucket.ts';
import type { ParsedOptions } from './options.ts';
import { orAbort } from './or-abort.ts';
import { s3Failure, statusOf } from './s3-failure.ts';

/** An object on its way in parts. It begins with the first one, and nothing of it is visible before `complete`. */
export interface MultipartUpload {
  hasBegun(): boolean;
  /** Part after part: the next one when this has resolved. All but the last must have the same size. */
  send(part: Uint8Array): Promise<void>;
  /**
   * Makes the object visible, unless there is one of that key and the service knows the condition.
   *
   * @returns the failure when the reason may be that there is one.
   */
  complete(): Promise<Error | undefined>;
  /**
   * Removes what was sent, unless it was completed. It does not fail: what cannot be removed now is left to a lifecycle rule
   * of the bucket.
   */
  abort(): Promise<void>;
}

// Milliseconds that a caller who wants to end waits for the service to clear up.
const ABORT_PATIENCE = 5000;

export function multipartUpload(
  options: ParsedOptions,
  object: NewObject,
  signal: AbortSignal | undefined,
): MultipartUpload {
  const { client, checksums } = options;
  const withSha256 = checksums === 'sha256';
  const place = { Bucket: options.bucket, Key: object.key };
  const parts: CompletedPart[] = [];
  let size = 0;
  let beginning: Promise<string | undefined> | undefined;
  let isCompleted = false;

  // Not by signal: an upload that was begun, but whose id was not awaited, could not be removed.
  const begin = () =>
    onBucket(undefined, async () => {
      const algorithm = withSha256 && { ChecksumAlgorithm: 'SHA256' as const };
      const request = { ...describe(options, object), ...algorithm };
      return (await client.send(new CreateMultipartUploadCommand(request))).UploadId;
    });

  const remove = async () => {
    const UploadId = await beginning;
    const abortSignal = AbortSignal.timeout(ABORT_PATIENCE);
    await client.send(new AbortMultipartUploadCommand({ ...place, UploadId }), { abortSignal });
  };

  return {
    hasBegun: () => beginning !== undefined,

    async send(part) {
      beginning ??= begin();
      const UploadId = await orAbort(beginning, signal);
      const PartNumber = parts.length + 1;
      const checksum = checksumOf(options, part);
      const { ETag } = await onBucket(signal, (sending) =>
        client.send(
          new UploadPartCommand({ ...place, UploadId, PartNumber, Body: part, ...checksum }),
          sending,
        ),
      );
      parts.push({ PartNumber, ETag, ...(withSha256 && checksum) });
      size += part.length;
    },

    async complete() {
      const UploadId = await beginning;
      const request = { ...place, UploadId, MultipartUpload: { Parts: parts }, IfNoneMatch: '*' };
      const command = new CompleteMultipartUploadCommand({
        ...request,
        ...(withSha256 && { MpuObjectSize: size }),
      });
      signal?.throwIfAborted();
      try {
        await client.send(command, sendOptions(signal));
        isCompleted = true;
        return undefined;
      } catch (error) {
        signal?.throwIfAborted();
        const failure = s3Failure(error);
        // Not found is also what a try is told whose forerunner was done, but whose answer was lost.
        if ([404, 409, 412].includes(statusOf(error) ?? 0)) return failure;
        throw failure;
      }
    },

    async abort() {
      if (isCompleted || !beginning) return;
      // Whoever wants to end does not wait until an upload has begun; it is removed all the same.
      await Promise.race([remove().catch(() => {}), setTimeout(ABORT_PATIENCE, undefined, { ref: false })]);
    },
  };
}
