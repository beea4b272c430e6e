import { createHash } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { messageKey } from '../src/s3/keys.ts';
import { bytesOf, message } from './node/messages.ts';
import { closeArchives, openArchive, stored } from './node/s3-archive.ts';
import { listing, type WireAnswer } from './node/s3-wire.ts';

afterEach(closeArchives);

const bytes = bytesOf('a');
const answerWith = (body: Uint8Array, headers: Readonly<Record<string, string>> = {}, isCut = false) =>
  openArchive(({ operation }): WireAnswer | undefined => {
    if (operation === 'ListObjectsV2') return listing([messageKey('mail/', message('a'))]);
    const text = Buffer.from(body).toString('latin1');
    return { headers: { ...stored(bytes).headers, ...headers }, body: text, isCut };
  });
const checksum = { 'x-amz-checksum-sha256': createHash('sha256').update(bytes).digest('base64') };

it('gives a message back as it was stored', async () => {
  const { archive } = await answerWith(bytes);
  const stream = (await archive.read(message('a'))) ?? expect.fail('it is not there');
  expect(Buffer.from(await new Response(stream).arrayBuffer()).equals(bytes)).toBe(true);
});

it.each([
  ['by the archive', {}],
  ['by the client, which knows the checksum that the service has', checksum],
])('finds changed bytes and goes on (%s)', async (_, headers) => {
  const changed = bytes.with(100, 1);
  const statuses = async ({ archive }: Awaited<ReturnType<typeof answerWith>>) =>
    (await Array.fromAsync(archive.verify())).map(({ status }) => status);
  expect(await statuses(await answerWith(changed, headers))).toEqual(['damaged']);
  expect(await statuses(await answerWith(bytes, headers))).toEqual(['intact']);
});

it('does not take a message that broke off on its way for a damaged one', async () => {
  const { archive } = await answerWith(
    bytes.subarray(0, 1000),
    { 'content-length': String(bytes.length) },
    true,
  );
  const reading = Array.fromAsync(archive.verify());
  await expect(reading).rejects.toMatchObject({ code: 'storage_failed' });
});
