import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { bytesOf, contentOf, message } from './node/messages.ts';
import { closeArchives, openArchive, PART, stored, sumOf } from './node/s3-archive.ts';
import { refusal } from './node/s3-wire.ts';

afterEach(closeArchives);

describe('a message larger than a part', () => {
  it('is uploaded in parts, one at a time, and becomes visible only if there is none yet', async () => {
    let under = 0;
    let most = 0;
    const { archive, requests, operations } = await openArchive(async ({ operation }) => {
      if (operation !== 'UploadPart') return undefined;
      most = Math.max(most, ++under);
      await new Promise(setImmediate);
      under--;
      return undefined;
    });
    const bytes = bytesOf('a', 2 * PART);
    const sum = await archive.store(message('a'), contentOf('a', 2 * PART));
    expect(sum).toEqual(sumOf(bytes));
    expect(operations()).toEqual([
      'CreateMultipartUpload',
      ...['UploadPart', 'UploadPart', 'UploadPart'],
      ...['HeadObject', 'PutObject', 'CompleteMultipartUpload'],
    ]);
    expect(most).toBe(1);
    const parts = requests.filter(({ operation }) => operation === 'UploadPart');
    expect(parts.map(({ query }) => query.get('partNumber'))).toEqual(['1', '2', '3']);
    expect(parts.map(({ body }) => body.length)).toEqual([PART, PART, bytes.length - 2 * PART]);
    expect(Buffer.concat(parts.map(({ body }) => body)).equals(bytes)).toBe(true);
    for (const part of parts)
      expect(part.headers['x-amz-checksum-sha256']).toBe(
        createHash('sha256').update(part.body).digest('base64'),
      );
    const [create, , , , , record, complete] = requests;
    expect(create?.headers).toMatchObject({
      'x-amz-checksum-algorithm': 'SHA256',
      'content-type': 'message/rfc822',
    });
    expect(JSON.parse(String(record?.body))).toMatchObject({ messageId: 'a', ...sum });
    expect(record?.key).toContain(`-${create?.headers['x-amz-meta-record']}.json`);
    expect(complete?.headers).toMatchObject({
      'if-none-match': '*',
      'x-amz-mp-object-size': String(bytes.length),
    });
    for (const [index, part] of parts.entries())
      for (const expected of [
        `<PartNumber>${index + 1}</PartNumber>`,
        `&quot;part-${index + 1}&quot;`,
        String(part.headers['x-amz-checksum-sha256']),
      ])
        expect(String(complete?.body).replaceAll('"', '&quot;')).toContain(expected);
  });

  it('is locked afterwards by a service that forgets the lock of an upload', async () => {
    const objectLock = { mode: 'GOVERNANCE', days: 1 } as const;
    let isThere = false;
    const { archive, requests, operations } = await openArchive(
      ({ operation }) => {
        if (operation === 'CompleteMultipartUpload') isThere = true;
        return operation === 'HeadObject' && isThere ? stored(bytesOf('a', PART)) : undefined;
      },
      { objectLock },
    );
    await archive.store(message('a'), contentOf('a', PART));
    expect(operations().slice(-3)).toEqual(['CompleteMultipartUpload', 'HeadObject', 'PutObjectRetention']);
    expect(String(requests.at(-1)?.body)).toContain('<Mode>GOVERNANCE</Mode>');
    expect(requests[0]?.headers['x-amz-object-lock-mode']).toBe('GOVERNANCE');
  });

  it('is removed when its content breaks off', async () => {
    const { archive, requests, operations } = await openArchive();
    const failure = new Error('the service hung up');
    const content = ReadableStream.from<Uint8Array>(
      (async function* () {
        yield new Uint8Array(2 * PART + 1);
        throw failure;
      })(),
    );
    await expect(archive.store(message('a'), content)).rejects.toBe(failure);
    expect(operations()).toEqual([
      'CreateMultipartUpload',
      'UploadPart',
      'UploadPart',
      'AbortMultipartUpload',
    ]);
    expect(requests.at(-1)?.query.get('uploadId')).toBe('U1');
  });

  it.each(['UploadPart', 'PutObject', 'CompleteMultipartUpload'])(
    'is removed when %s is refused',
    async (refused) => {
      const { archive, operations } = await openArchive(({ operation }) =>
        operation === refused ? refusal(403, 'AccessDenied') : undefined,
      );
      await expect(archive.store(message('a'), contentOf('a', PART))).rejects.toMatchObject({
        code: 'storage_failed',
        serviceCode: 'AccessDenied',
      });
      expect(operations().at(-1)).toBe('AbortMultipartUpload');
    },
  );

  it('fails with the reason when it was refused, although removing it fails as well', async () => {
    const { archive } = await openArchive(({ operation }) =>
      ['UploadPart', 'AbortMultipartUpload'].includes(operation) ? refusal(403, 'AccessDenied') : undefined,
    );
    await expect(archive.store(message('a'), contentOf('a', PART))).rejects.toMatchObject({
      serviceCode: 'AccessDenied',
    });
  });
});
