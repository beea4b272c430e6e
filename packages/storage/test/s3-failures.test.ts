import { afterEach, describe, expect, it } from 'vitest';
import { bytesOf, contentOf, message } from './node/messages.ts';
import { closeArchives, openArchive, PART, sumOf } from './node/s3-archive.ts';
import { refusal } from './node/s3-wire.ts';

afterEach(closeArchives);

describe('an abort', () => {
  it('ends a call that waits for a part, and removes the upload', async () => {
    const controller = new AbortController();
    const { archive, operations } = await openArchive(({ operation }) => {
      if (operation !== 'UploadPart') return undefined;
      controller.abort(new Error('enough'));
      return new Promise(() => {});
    });
    const storing = archive.store(message('a'), contentOf('a', PART), { signal: controller.signal });
    await expect(storing).rejects.toThrow('enough');
    expect(operations()).toEqual(['CreateMultipartUpload', 'UploadPart', 'AbortMultipartUpload']);
  });

  it('removes an upload that had only just been begun', async () => {
    const controller = new AbortController();
    const { archive, operations } = await openArchive(async ({ operation }) => {
      if (operation === 'CreateMultipartUpload') controller.abort(new Error('enough'));
      await new Promise(setImmediate);
      return undefined;
    });
    const storing = archive.store(message('a'), contentOf('a', PART), { signal: controller.signal });
    await expect(storing).rejects.toThrow('enough');
    expect(operations()).toEqual(['CreateMultipartUpload', 'AbortMultipartUpload']);
  });

  it.each(['PutObject', 'HeadObject', 'ListObjectsV2'])('ends a call that waits for %s', async (waiting) => {
    const controller = new AbortController();
    const { signal } = controller;
    const { archive } = await openArchive(({ operation }) => {
      if (operation !== waiting) return undefined;
      controller.abort(new Error('enough'));
      return new Promise(() => {});
    });
    const ids = Array.from({ length: waiting === 'HeadObject' ? 2 : 50 }, (_, index) => `${index}`);
    const call =
      waiting === 'PutObject'
        ? archive.store(message('a'), contentOf('a'), { signal })
        : archive.missing(message(''), ids, { signal });
    await expect(call).rejects.toThrow('enough');
  });
});

describe('a service that fails', () => {
  it('is asked again by the client when it wants to be asked more slowly', async () => {
    let tries = 0;
    const { archive } = await openArchive(({ operation }) =>
      operation === 'PutObject' && ++tries < 3 ? refusal(503, 'SlowDown') : undefined,
    );
    expect(await archive.store(message('a'), contentOf('a'))).toEqual(sumOf(bytesOf('a')));
    expect(tries).toBe(3);
  });

  it.each([
    [503, 'SlowDown', /slow down/],
    [500, 'InternalError', /service failed/],
    [403, 'AccessDenied', /s3:PutObject/],
    [403, 'InvalidAccessKeyId', /credentials/],
    [404, 'NoSuchBucket', /create it, or check its name/],
    [400, 'BadDigest', /not what was sent/],
    [400, 'InvalidRequest', /Object Lock/],
    [501, 'NotImplemented', /`checksums: 'when-required'`/],
    [418, 'IAmATeapot', /Look at `cause`/],
  ])(
    'has it said what to do, and nothing of keys, names or addresses (%s %s)',
    async (status, code, remedy) => {
      const { archive } = await openArchive(() => refusal(status, code), {}, { maxAttempts: 1 });
      const error = await archive.store(message('a'), contentOf('a')).then(
        () => expect.fail('it was stored'),
        (failure) => failure,
      );
      expect(error).toMatchObject({ code: 'storage_failed', serviceCode: code, requestId: 'R1' });
      expect(error.message).toMatch(remedy);
      expect(error.message).not.toMatch(/private|mail\/|127\.0\.0\.1|bucket\/|contoso/);
      expect(error.cause).toMatchObject({ name: code });
    },
  );

  it('is told apart from one that does not answer at all', async () => {
    const { archive, close } = await openArchive(undefined, {}, { maxAttempts: 1 });
    await close();
    await expect(archive.missing(message(''), ['a'])).rejects.toMatchObject({
      code: 'storage_failed',
      message: expect.stringMatching(/ECONNREFUSED.*Nothing answers/),
    });
  });

  it('does not have a bucket that refuses taken for an empty one', async () => {
    const { archive } = await openArchive(({ operation }) =>
      operation === 'HeadObject' ? { status: 403 } : refusal(403, 'AccessDenied'),
    );
    await expect(archive.missing(message(''), ['a'])).rejects.toMatchObject({ code: 'storage_failed' });
    await expect(archive.read(message('a'))).rejects.toMatchObject({ code: 'storage_failed' });
  });
});
