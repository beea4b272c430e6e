import { ConnectorError } from '@mailsphere/core';
import type { ArchivedMessage, ReadOptions, VerifiedMessage } from '../archive/archived-message.ts';
import { sumOf } from '../archive/read-parts.ts';
import { type Bucket, onBucket } from './bucket.ts';
import { identityIn, mailboxPrefix } from './keys.ts';
import { readRecord } from './message-record.ts';

// Messages that are looked at, or read, at the same time.
const HEADS = 16;
const GETS = 4;

/** What the bucket holds, in the order of the keys. */
export const listArchive = (
  bucket: Bucket,
  prefix: string,
  options: ReadOptions = {},
): AsyncGenerator<ArchivedMessage> =>
  lookThrough(bucket, prefix, options, HEADS, async (key) => {
    const found = await bucket.head(key, options.signal);
    return found && ((await readRecord(bucket, key, found.metadata, options.signal)) ?? 'unknown');
  });

export const verifyArchive = (
  bucket: Bucket,
  prefix: string,
  options: ReadOptions = {},
): AsyncGenerator<VerifiedMessage> =>
  lookThrough(bucket, prefix, options, GETS, async (key) => {
    const found = await bucket.get(key, options.signal);
    if (!found) return undefined;
    // Read first: its connection is not kept waiting for another request.
    const sha256 = await onBucket(options.signal, () => hashOf(found.body));
    const record = await readRecord(bucket, key, found.metadata, options.signal);
    return record ? { ...record, status: record.sha256 === sha256 ? 'intact' : 'damaged' } : 'unknown';
  });

/** `undefined` when the client has found already that these are not the bytes that the service once received. */
async function hashOf(body: ReadableStream<Uint8Array>): Promise<string | undefined> {
  try {
    return (await sumOf(body)).sha256;
  } catch (error) {
    // The client has no other sign for it than these words.
    if (error instanceof Error && error.message.startsWith('Checksum mismatch')) return undefined;
    throw error;
  }
}

/**
 * Looks at every message, some at a time. One that is gone by then is passed over.
 *
 * @throws ConnectorError `storage_failed`, when all others were given, if there were objects with the name of a message about which
 * nothing is recorded. Their keys are in `cause`.
 */
async function* lookThrough<T>(
  bucket: Bucket,
  prefix: string,
  { mailbox, signal }: ReadOptions,
  atOnce: number,
  look: (key: string) => Promise<T | 'unknown' | undefined>,
): AsyncGenerator<T> {
  const unknown: string[] = [];
  let unknownCount = 0;
  for await (const keys of batches(
    bucket,
    mailbox ? mailboxPrefix(prefix, mailbox) : prefix,
    atOnce,
    signal,
  )) {
    const found = await Promise.all(keys.map(look));
    for (const [index, one] of found.entries()) {
      if (one === 'unknown') {
        unknownCount++;
        if (unknown.length < MOST_NAMED) unknown.push(keys[index] ?? '');
      } else if (one !== undefined) yield one as T;
    }
  }
  if (unknownCount > 0)
    throw new ConnectorError(
      'storage_failed',
      `The bucket: of ${unknownCount} objects that are named as messages nothing is recorded: they were put there, or changed, by something else. \`cause\` names the first.`,
      { cause: new Error(unknown.join('\n')) },
    );
}

const MOST_NAMED = 100;

/** The keys of messages, in batches. What comes while they are listed may be among them. */
async function* batches(
  bucket: Bucket,
  prefix: string,
  size: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly string[]> {
  let after = '';
  for (let hasMore = true; hasMore; ) {
    const page = await bucket.list(prefix, after, signal);
    const keys = page.keys.filter((key) => identityIn(key) !== '');
    for (let from = 0; from < keys.length; from += size) yield keys.slice(from, from + size);
    after = page.keys.at(-1) ?? '';
    hasMore = page.hasMore;
  }
}
