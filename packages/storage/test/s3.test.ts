import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { s3Archive } from '../src/s3/index.ts';
import { messageKey } from '../src/s3/keys.ts';
import { bytesOf, contentOf, message } from './node/messages.ts';
import { closeArchives, openArchive, PART, stored, sumOf } from './node/s3-archive.ts';
import { refusal, type WireRequest } from './node/s3-wire.ts';

afterEach(closeArchives);

const base64 = (algorithm: 'sha256' | 'md5', bytes: Uint8Array) =>
  createHash(algorithm).update(bytes).digest('base64');
const checksumsIn = ({ headers }: WireRequest) =>
  Object.keys(headers).filter((name) => /^(x-amz-(checksum|sdk-checksum|trailer)|content-md5)/.test(name));

it('refuses options that it cannot use, and names the field', async () => {
  const { client } = await openArchive();
  const good = { client, bucket: 'bucket' };
  for (const [field, options] of [
    ['options', undefined],
    ['client', { ...good, client: undefined }],
    ['client', { ...good, client: {} }],
    ['bucket', { client }],
    ['bucket', { ...good, bucket: '' }],
    ['prefix', { ...good, prefix: '/mail' }],
    ['prefix', { ...good, prefix: 'a//b' }],
    ['prefix', { ...good, prefix: '../b' }],
    ['prefix', { ...good, prefix: 'info@contoso.example' }],
    ['objectLock.mode', { ...good, objectLock: { mode: 'LEGAL', days: 1 } }],
    ['objectLock.days', { ...good, objectLock: { mode: 'COMPLIANCE', days: 0 } }],
    ['objectLock.days', { ...good, objectLock: { mode: 'COMPLIANCE', days: 1.5 } }],
    ['checksums', { ...good, checksums: 'md5' }],
    ['partSize', { ...good, partSize: PART - 1 }],
    ['lock', { ...good, lock: {} }],
  ] as const)
    expect(() => s3Archive(options as never), field).toThrow(
      expect.objectContaining({ code: 'invalid_options', field }),
    );
});

describe('a message up to the size of a part', () => {
  it.each([20_000, PART - bytesOf('a', 0).length])(
    'costs one request, which never replaces and whose bytes are checked (%s bytes)',
    async (size) => {
      const { archive, requests } = await openArchive();
      const bytes = bytesOf('a', size);
      expect(await archive.store(message('a'), contentOf('a', size))).toEqual(sumOf(bytes));
      expect(requests).toHaveLength(1);
      const [request] = requests as [WireRequest];
      expect(request).toMatchObject({ operation: 'PutObject', key: messageKey('mail/', message('a')) });
      expect(request.body.equals(bytes)).toBe(true);
      expect(request.headers).toMatchObject({
        'if-none-match': '*',
        'content-type': 'message/rfc822',
        'content-length': String(bytes.length),
        'x-amz-checksum-sha256': base64('sha256', bytes),
        ...stored(bytes).headers,
      });
      expect(Object.keys(request.headers).filter((name) => name.includes('object-lock'))).toEqual([]);
    },
  );

  it('has a key of hashes alone, whatever its ids are', async () => {
    const { archive, requests } = await openArchive();
    const hostile = {
      tenantId: '../t',
      mailboxId: 'info@contoso.example',
      folderId: 'f',
      messageId: '\ud800/é',
    };
    await archive.store({ ...hostile, receivedAt: undefined }, contentOf('a'));
    expect(requests[0]?.key).toMatch(/^mail\/[0-9a-f]{32}\/[0-9a-f]{32}\/[0-9a-f]{64}\.eml$/);
    const metadata = String(requests[0]?.headers['x-amz-meta-message']);
    const { folderId, ...ids } = hostile;
    expect(JSON.parse(Buffer.from(metadata, 'base64url').toString())).toEqual(ids);
  });

  it('is locked for the days that the host wants, after a look whether it is there', async () => {
    const inDays = (days: number) => Math.floor(Date.now() / 1000 + days * 86_400) * 1000;
    const earliest = inDays(30);
    const objectLock = { mode: 'COMPLIANCE', days: 30 } as const;
    const { archive, requests, operations } = await openArchive(undefined, { objectLock });
    await archive.store(message('a'), contentOf('a'));
    expect(operations()).toEqual(['HeadObject', 'PutObject']);
    expect(requests[1]?.headers).toMatchObject({
      'x-amz-object-lock-mode': 'COMPLIANCE',
      'x-amz-checksum-sha256': expect.any(String),
    });
    const until = Date.parse(String(requests[1]?.headers['x-amz-object-lock-retain-until-date']));
    expect(until).toBeGreaterThanOrEqual(earliest);
    expect(until).toBeLessThanOrEqual(inDays(30) + 1000);
  });

  it('is checked by MD5 where the service knows no SHA-256', async () => {
    const config = { requestChecksumCalculation: 'WHEN_REQUIRED' } as const;
    const { archive, requests } = await openArchive(undefined, { checksums: 'when-required' }, config);
    for (const size of [20_000, 2 * PART]) await archive.store(message('a'), contentOf('a', size));
    const sent = requests.filter(({ operation }) => operation === 'PutObject' || operation === 'UploadPart');
    expect(sent.length).toBeGreaterThan(3);
    for (const request of sent) {
      expect(checksumsIn(request)).toEqual(['content-md5']);
      expect(request.headers['content-md5']).toBe(base64('md5', request.body));
    }
    for (const request of requests.filter((one) => !sent.includes(one)))
      expect(checksumsIn(request)).toEqual([]);
  });

  it('has its record in an object of its own when its ids are too long for metadata', async () => {
    const { archive, requests, operations } = await openArchive();
    const messageId = 'x'.repeat(5000);
    const sum = await archive.store({ ...message('a'), messageId }, contentOf('a'));
    expect(operations()).toEqual(['HeadObject', 'PutObject', 'PutObject']);
    const [, record, object] = requests as [WireRequest, WireRequest, WireRequest];
    expect(JSON.parse(record.body.toString())).toMatchObject({ messageId, ...sum });
    const id = String(object.headers['x-amz-meta-record']);
    expect(record.key).toBe(object.key.replace(/([0-9a-f]{64})\.eml$/, `records/$1-${id}.json`));
  });
});

describe('a message that is stored already', () => {
  it('stays, and its size and hash are told', async () => {
    const first = bytesOf('first', 10);
    const { archive, operations } = await openArchive(({ operation }) =>
      operation === 'PutObject' ? refusal(412, 'PreconditionFailed') : stored(first),
    );
    expect(await archive.store(message('a'), contentOf('second'))).toEqual(sumOf(first));
    expect(operations()).toEqual(['PutObject', 'HeadObject']);
  });

  it('is found when the end of a large upload is refused, and the upload is removed', async () => {
    const first = bytesOf('first', 10);
    let isThere = false;
    const { archive, operations } = await openArchive(({ operation }) => {
      if (operation === 'HeadObject' && isThere) return stored(first);
      if (operation !== 'CompleteMultipartUpload') return undefined;
      isThere = true;
      return refusal(412, 'PreconditionFailed');
    });
    expect(await archive.store(message('a'), contentOf('a', PART))).toEqual(sumOf(first));
    expect(operations().slice(-3)).toEqual(['CompleteMultipartUpload', 'HeadObject', 'AbortMultipartUpload']);
  });

  it('is found by a try whose forerunner was done, but whose answer was lost', async () => {
    const bytes = bytesOf('a', PART);
    let completions = 0;
    const { archive, operations } = await openArchive(({ operation }) => {
      if (operation === 'CompleteMultipartUpload')
        return ++completions === 1 ? 'reset' : refusal(404, 'NoSuchUpload');
      return operation === 'HeadObject' && completions > 0 ? stored(bytes) : undefined;
    });
    expect(await archive.store(message('a'), contentOf('a', PART))).toEqual(sumOf(bytes));
    expect(operations().filter((name) => name === 'CompleteMultipartUpload')).toHaveLength(2);
  });

  it('has the size and hash of its bytes told when nothing is recorded of it', async () => {
    const { archive } = await openArchive(({ operation }) =>
      operation === 'PutObject' ? refusal(412, 'PreconditionFailed') : { body: 'copied there by hand' },
    );
    const sum = sumOf(Buffer.from('copied there by hand'));
    expect(await archive.store(message('a'), contentOf('a'))).toEqual(sum);
  });

  it('is waited for when somebody else is writing it at this moment', async () => {
    let tries = 0;
    const { archive } = await openArchive(({ operation }) =>
      operation === 'PutObject' && ++tries < 3 ? refusal(409, 'ConditionalRequestConflict') : undefined,
    );
    await archive.store(message('a'), contentOf('a'));
    expect(tries).toBe(3);
  });
});
