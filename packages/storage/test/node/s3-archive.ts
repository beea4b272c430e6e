import { createHash } from 'node:crypto';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { type S3ArchiveOptions, s3Archive } from '../../src/s3/index.ts';
import { message } from './messages.ts';
import { type Answers, openWire } from './s3-wire.ts';

export const PART = 5 * 2 ** 20;

const closing: (() => Promise<void>)[] = [];

/** An archive of parts of 5 MiB, below `mail/` in a bucket that answers what it is told to. */
export async function openArchive(
  answers?: Answers,
  options: Partial<S3ArchiveOptions> = {},
  config: S3ClientConfig = {},
) {
  const wire = await openWire(answers, config);
  closing.push(wire.close);
  const given = { client: wire.client, bucket: 'bucket', prefix: 'mail', partSize: PART, ...options };
  return { ...wire, archive: s3Archive(given) };
}

export async function closeArchives(): Promise<void> {
  await Promise.all(closing.splice(0).map((close) => close()));
}

export const sumOf = (bytes: Uint8Array) => ({
  bytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
});

/** What a service has that holds the message `a`, as another call stored it. */
export function stored(bytes: Uint8Array) {
  const { tenantId, mailboxId, messageId, receivedAt } = message('a');
  const ids = JSON.stringify({ tenantId, mailboxId, messageId, receivedAt });
  return {
    headers: {
      'x-amz-meta-message': Buffer.from(ids).toString('base64url'),
      'x-amz-meta-bytes': String(bytes.length),
      'x-amz-meta-sha256': sumOf(bytes).sha256,
    },
  };
}
