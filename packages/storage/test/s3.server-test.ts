import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectRetentionCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { MessageRef } from '@mailsphere/core';
import { type MailArchiveUnderTest, testMailArchive } from '@mailsphere/core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type S3Archive, type S3ArchiveOptions, s3Archive } from '../src/s3/index.ts';
import { outputOf } from './node/child.ts';
import { LARGE } from './node/large-message.ts';
import { bytesOf, contentOf, message } from './node/messages.ts';
import { clientOf } from './node/s3-client.ts';
import { type S3Server, testS3Server } from './s3-server.ts';

const MB = 2 ** 20;
const PART = 5 * MB;
// At an endpoint that is not started for the tests, these buckets stay: what is locked in one cannot be removed at once.
const run = `mailsphere-test-${Date.now()}`;
const bucket = run;
const lockedBucket = `${run}-locked`;

let server: S3Server | undefined;
let client: S3Client;

beforeAll(async () => {
  server = await testS3Server();
  client = clientOf(server);
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  await client.send(new CreateBucketCommand({ Bucket: lockedBucket, ObjectLockEnabledForBucket: true }));
});

afterAll(async () => {
  client?.destroy();
  await server?.close();
});

let prefixes = 0;
/** An archive of its own, and what it has in the bucket. */
function open(options: Partial<S3ArchiveOptions> = {}, prefix = `p${++prefixes}`) {
  const Bucket = options.bucket ?? bucket;
  const inBucket = async () =>
    (await client.send(new ListObjectsV2Command({ Bucket, Prefix: `${prefix}/` }))).Contents ?? [];
  return {
    prefix,
    archive: s3Archive({ client, bucket, prefix, checksums: 'when-required', ...options }),
    again: () => open(options, prefix),
    keys: async () => (await inBucket()).map(({ Key = '' }) => Key),
    uploads: async () =>
      (await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: prefix }))).Uploads ?? [],
  };
}

const contentsOf = async (archive: S3Archive, ref: MessageRef) => {
  const stream = await archive.read(ref);
  return stream && Buffer.from(await new Response(stream).arrayBuffer());
};

describe.each(['when-required', 'sha256'] as const)('an S3 bucket (checksums: %s)', (checksums) => {
  const opened = new WeakMap<MailArchiveUnderTest, ReturnType<typeof open>>();
  const underTest = (one: ReturnType<typeof open>): MailArchiveUnderTest => {
    const made = { archive: one.archive, read: one.archive.read };
    opened.set(made, one);
    return made;
  };
  testMailArchive({ describe, it }, async () => underTest(open({ checksums })), {
    reopen: async (before) => underTest(opened.get(before)?.again() ?? open()),
  });
});

describe('a message of 150 MB', () => {
  it('goes through with the memory of a few parts, and can be verified', { timeout: 180_000 }, async () => {
    const { prefix, archive, uploads } = open();
    const { close, ...address } = server ?? (await testS3Server());
    const settings = { server: address, bucket, prefix, checksums: 'when-required' };
    const output = await outputOf('store-large-s3.ts', [], { env: { S3_TEST: JSON.stringify(settings) } });
    const { bytes, megabytes, sha256 } = JSON.parse(output);
    expect(bytes).toBe(LARGE);
    expect(megabytes).toBeLessThan(100);
    const verified = await Array.fromAsync(archive.verify());
    expect(verified).toContainEqual({
      ...message('large'),
      folderId: undefined,
      bytes,
      sha256,
      status: 'intact',
    });
    expect(await uploads()).toEqual([]);
  });
});

describe('ten that store the same message at once, each in a process of its own', () => {
  it.each([
    ['small', 20_000],
    ['large', 2 * PART + 1],
  ])('leave one object, and are told the same (%s)', async (_, size) => {
    const first = open({ partSize: PART });
    const others = Array.from({ length: 9 }, () => first.again());
    const told = await Promise.all(
      [first, ...others].map(({ archive }) => archive.store(message('a'), contentOf('a', size))),
    );
    expect(new Set(told.map(({ sha256 }) => sha256)).size).toBe(1);
    expect((await first.keys()).filter((key) => key.endsWith('.eml'))).toHaveLength(1);
    expect(await first.uploads()).toEqual([]);
    const verified = await Array.fromAsync(first.archive.verify());
    expect(verified).toEqual([expect.objectContaining({ messageId: 'a', ...told[0], status: 'intact' })]);
    const content = await contentsOf(first.archive, message('a'));
    expect(content?.equals(bytesOf('a', size))).toBe(true);
  });

  it('keep the first of several large ones that one process stores', async () => {
    const { archive, uploads } = open({ partSize: PART });
    const told = await Promise.all(
      [1, 2, 3].map((more) => archive.store(message('a'), contentOf('a', PART + more))),
    );
    expect(new Set(told.map(({ bytes }) => bytes)).size).toBe(1);
    expect(await archive.store(message('a'), contentOf('b', 2 * PART))).toEqual(told[0]);
    expect(await archive.store(message('a'), contentOf('b', 10))).toEqual(told[0]);
    expect(await contentsOf(archive, message('a'))).toHaveLength(told[0]?.bytes ?? 0);
    expect(await uploads()).toEqual([]);
  });
});

describe('an upload that is interrupted', () => {
  it.each([0, 1, 2])('leaves nothing behind when the content fails after %s parts', async (parts) => {
    const { archive, keys, uploads } = open({ partSize: PART });
    const failure = new Error('the service hung up');
    const content = ReadableStream.from<Uint8Array>(
      (async function* () {
        yield new Uint8Array(parts * PART + 1);
        throw failure;
      })(),
    );
    await expect(archive.store(message('a'), content)).rejects.toBe(failure);
    expect(await uploads()).toEqual([]);
    expect(await keys()).toEqual([]);
    expect(await archive.missing(message(''), ['a'])).toEqual(['a']);
  });

  it('leaves nothing behind when it is aborted, at whatever moment', async () => {
    const { archive, keys, uploads } = open({ partSize: PART });
    for (const pieces of [1, 2, 3, 6]) {
      const controller = new AbortController();
      const content = ReadableStream.from<Uint8Array>(
        (async function* () {
          for (let piece = 1; piece <= 8; piece++) {
            if (piece === pieces) setImmediate(() => controller.abort());
            yield new Uint8Array(2 * MB);
          }
        })(),
      );
      await expect(archive.store(message('a'), content, { signal: controller.signal })).rejects.toMatchObject(
        {
          name: 'AbortError',
        },
      );
    }
    expect(await keys()).toEqual([]);
    await expect.poll(uploads).toEqual([]);
  });
});

describe('a mailbox of 2,500 messages', () => {
  it('is listed to its end, and its missing messages are found', { timeout: 180_000 }, async () => {
    const { archive } = open();
    const ids = Array.from({ length: 2500 }, (_, index) => `m${index}`);
    for (let from = 0; from < ids.length; from += 50)
      await Promise.all(
        ids.slice(from, from + 50).map((id) => archive.store(message(id), contentOf(id, 10))),
      );
    await archive.store(message('a', 'other'), contentOf('a', 10));
    const asked = Array.from({ length: 1000 }, (_, index) => `m${index * 5}`);
    expect(await archive.missing(message(''), asked)).toEqual(asked.slice(500));
    expect(await archive.missing(message(''), ids)).toEqual([]);
    const listed = await Array.fromAsync(archive.entries({ mailbox: message('') }));
    expect(listed.map(({ messageId }) => messageId).sort()).toEqual(ids.toSorted());
    expect(await Array.fromAsync(archive.entries())).toHaveLength(2501);
  });
});

describe('looking into a bucket', () => {
  it('finds changed bytes, and says so when something was put there without a record', async () => {
    const { archive, keys } = open({ partSize: PART });
    const long = { ...message('long'), messageId: 'long'.repeat(2000) };
    await archive.store(long, contentOf('b'));
    await archive.store(message('large'), contentOf('b', PART));
    await archive.store(message('a'), contentOf('a'));
    const intact = await Array.fromAsync(archive.verify());
    expect(intact.map(({ messageId, status }) => `${messageId.slice(0, 5)} ${status}`).sort()).toEqual([
      'a intact',
      'large intact',
      'longl intact',
    ]);
    expect(intact.map(({ status, ...entry }) => entry)).toEqual(await Array.fromAsync(archive.entries()));
    const [Key] = (await keys()).filter((key) => key.endsWith('.eml'));
    await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'other' }));
    const seen: string[] = [];
    const looking = (async () => {
      for await (const { status } of archive.verify()) seen.push(status);
    })();
    await expect(looking).rejects.toMatchObject({ code: 'storage_failed', cause: { message: Key } });
    expect(seen).toEqual(['intact', 'intact']);
  });

  it('finds a message whose bytes are not those that were stored', async () => {
    const { archive, keys } = open();
    await archive.store(message('a'), contentOf('a'));
    const [entry] = await Array.fromAsync(archive.entries());
    const [Key] = await keys();
    const { messageId, tenantId, mailboxId, receivedAt, bytes, sha256 } =
      entry ?? expect.fail('nothing is listed');
    const ids = Buffer.from(JSON.stringify({ tenantId, mailboxId, messageId, receivedAt })).toString(
      'base64url',
    );
    const Metadata = { message: ids, bytes: String(bytes), sha256 };
    await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'other', Metadata }));
    expect(await Array.fromAsync(archive.verify())).toEqual([{ ...entry, status: 'damaged' }]);
  });
});

describe('Object Lock', () => {
  it.each([
    ['small', 20_000],
    ['large', PART + 1],
  ])('keeps a message from being deleted (%s)', async (_, size) => {
    const { archive, keys } = open({
      bucket: lockedBucket,
      partSize: PART,
      objectLock: { mode: 'GOVERNANCE', days: 1 },
    });
    const stored = await archive.store(message('a'), contentOf('a', size));
    expect(await archive.store(message('a'), contentOf('b', size))).toEqual(stored);
    for (const Key of await keys()) {
      const { Retention } = await client.send(new GetObjectRetentionCommand({ Bucket: lockedBucket, Key }));
      expect(Retention?.Mode).toBe('GOVERNANCE');
      const { Versions = [] } = await client.send(
        new ListObjectVersionsCommand({ Bucket: lockedBucket, Prefix: Key }),
      );
      expect(Versions).toHaveLength(1);
      const [{ VersionId } = {}] = Versions;
      await expect(
        client.send(new DeleteObjectCommand({ Bucket: lockedBucket, Key, VersionId })),
      ).rejects.toMatchObject({ name: 'AccessDenied' });
    }
    expect(await Array.fromAsync(archive.verify())).toMatchObject([{ messageId: 'a', status: 'intact' }]);
  });

  it('says that the bucket has none', async () => {
    const { archive } = open({ objectLock: { mode: 'GOVERNANCE', days: 1 } });
    await expect(archive.store(message('a'), contentOf('a'))).rejects.toMatchObject({
      code: 'storage_failed',
      message: expect.stringContaining('created with Object Lock'),
    });
  });
});

describe('a service that refuses', () => {
  it('has its reason told, without names, and the stream is let go of', async () => {
    let cancelled = false;
    const content = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(PART)),
      cancel() {
        cancelled = true;
      },
    });
    const nowhere = open({ bucket: 'mailsphere-no-such-bucket', partSize: PART }).archive;
    await expect(nowhere.store(message('a'), content)).rejects.toMatchObject({
      code: 'storage_failed',
      message: 'The bucket (NoSuchBucket): The bucket does not exist: create it, or check its name.',
      serviceCode: 'NoSuchBucket',
    });
    expect(cancelled).toBe(true);
    const stranger = clientOf({ ...(server ?? expect.fail('no server')), secretAccessKey: 'wrong' });
    const refused = open({ client: stranger }).archive;
    for (const call of [
      () => refused.missing(message(''), ['a']),
      () =>
        refused.missing(
          message(''),
          Array.from({ length: 20 }, (_, index) => `${index}`),
        ),
      () => refused.store(message('a'), contentOf('a')),
      () => refused.read(message('a')),
      () => Array.fromAsync(refused.verify()),
    ])
      await expect(call()).rejects.toMatchObject({ code: 'storage_failed' });
  });
});
