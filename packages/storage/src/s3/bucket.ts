import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3';
import type { ObjectLock, ParsedOptions } from './options.ts';
import { s3Failure, statusOf } from './s3-failure.ts';

export type Metadata = Readonly<Record<string, string>>;

export interface NewObject {
  readonly key: string;
  readonly contentType: string;
  readonly metadata: Metadata;
}

export interface FoundObject {
  readonly metadata: Metadata;
  readonly bytes: number;
}

/** The requests of an archive. Each throws ConnectorError `storage_failed`, or the signal's reason. */
export interface Bucket {
  /** Stores an object unless there is one of that key. Returns whether it did. */
  put(object: NewObject, body: Uint8Array, signal: AbortSignal | undefined): Promise<boolean>;
  /** `undefined` when there is none. */
  head(key: string, signal: AbortSignal | undefined): Promise<FoundObject | undefined>;
  get(
    key: string,
    signal: AbortSignal | undefined,
  ): Promise<(FoundObject & { readonly body: ReadableStream<Uint8Array> }) | undefined>;
  /**
   * Locks an object that should have been locked when it was made, if it was not: some services forget it for what was uploaded
   * in parts.
   */
  lock(key: string, signal: AbortSignal | undefined): Promise<void>;
  /** Up to 1000 keys with this prefix that come after `after`, in order. */
  list(
    prefix: string,
    after: string,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly keys: readonly string[]; readonly hasMore: boolean }>;
}

// Two writes of one key at the same moment: the service asks one of them to try again.
const CONFLICT_TRIES = 5;
const CONFLICT_WAIT = 50;

export function openBucket(options: ParsedOptions): Bucket {
  const { client, bucket: Bucket, objectLock } = options;
  return {
    async put(object, body, signal) {
      const request = { ...describe(options, object), ...checksumOf(options, body) };
      for (let tries = 1; ; tries++) {
        try {
          await client.send(
            new PutObjectCommand({ ...request, Body: body, IfNoneMatch: '*' }),
            sendOptions(signal),
          );
          return true;
        } catch (error) {
          signal?.throwIfAborted();
          if (statusOf(error) === 412) return false;
          if (statusOf(error) !== 409 || tries === CONFLICT_TRIES) throw s3Failure(error);
        }
        await setTimeout(CONFLICT_WAIT * tries, undefined, { signal });
      }
    },

    head: (Key, signal) =>
      onBucket(signal, async (sending) => {
        const found = await unlessAbsent(client.send(new HeadObjectCommand({ Bucket, Key }), sending));
        return found && { metadata: found.Metadata ?? {}, bytes: found.ContentLength ?? 0 };
      }),

    get: (Key, signal) =>
      onBucket(signal, async (sending) => {
        const found = await unlessAbsent(client.send(new GetObjectCommand({ Bucket, Key }), sending));
        if (!found?.Body) return undefined;
        const body = found.Body.transformToWebStream() as unknown as ReadableStream<Uint8Array>;
        return { metadata: found.Metadata ?? {}, bytes: found.ContentLength ?? 0, body };
      }),

    lock: (Key, signal) =>
      onBucket(signal, async (sending) => {
        if (!objectLock) return;
        const { ObjectLockMode } = await client.send(new HeadObjectCommand({ Bucket, Key }), sending);
        if (ObjectLockMode === objectLock.mode) return;
        const Retention = { Mode: objectLock.mode, RetainUntilDate: lockedUntil(objectLock) };
        const checksum = { ChecksumAlgorithm: 'SHA256' as const };
        await client.send(new PutObjectRetentionCommand({ Bucket, Key, Retention, ...checksum }), sending);
      }),

    list: (Prefix, StartAfter, signal) =>
      onBucket(signal, async (sending) => {
        const { Contents = [], IsTruncated = false } = await client.send(
          new ListObjectsV2Command({ Bucket, Prefix, StartAfter }),
          sending,
        );
        const keys = Contents.flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
        return { keys, hasMore: IsTruncated && keys.length > 0 };
      }),
  };
}

interface SendOptions {
  readonly abortSignal?: AbortSignal;
}

export const sendOptions = (signal: AbortSignal | undefined): SendOptions =>
  signal ? { abortSignal: signal } : {};

/** Runs what asks the service, so that its errors say what to do. What the content throws must not pass here. */
export async function onBucket<T>(
  signal: AbortSignal | undefined,
  work: (sending: SendOptions) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  try {
    return await work(sendOptions(signal));
  } catch (error) {
    signal?.throwIfAborted();
    throw s3Failure(error);
  }
}

/** What a new object is, and how long it is locked from now on. */
export function describe({ bucket, objectLock }: ParsedOptions, { key, contentType, metadata }: NewObject) {
  return {
    Bucket: bucket,
    Key: key,
    ContentType: contentType,
    Metadata: metadata,
    ...(objectLock && {
      ObjectLockMode: objectLock.mode,
      ObjectLockRetainUntilDate: lockedUntil(objectLock),
    }),
  };
}

const DAY = 24 * 60 * 60 * 1000;
const lockedUntil = ({ days }: ObjectLock) => new Date(Date.now() + days * DAY);

/** By which the service sees whether it received these bytes. */
export const checksumOf = ({ checksums }: ParsedOptions, body: Uint8Array) =>
  checksums === 'sha256'
    ? { ChecksumSHA256: createHash('sha256').update(body).digest('base64') }
    : { ContentMD5: createHash('md5').update(body).digest('base64') };

/** The answer; `undefined` when there is no such object. No bucket is an error. */
async function unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (statusOf(error) === 404 && (error as Error).name !== 'NoSuchBucket') return undefined;
    throw error;
  }
}
