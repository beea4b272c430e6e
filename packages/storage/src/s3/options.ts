import type { S3Client } from '@aws-sdk/client-s3';
import { objectWith } from '@mailsphere/core/internal';
import { z } from 'zod';

export interface S3ArchiveOptions {
  /** Stays the host's, with its region, credentials, retries and time limits. It must follow signals: any `S3Client` does. */
  readonly client: S3Client;
  /** Must exist. */
  readonly bucket: string;
  /**
   * What all keys begin with: names of letters, digits, `.`, `_` and `-`, with `/` between them. What is below it belongs to
   * Mailsphere alone.
   * @default none: the whole bucket
   */
  readonly prefix?: string | undefined;
  /**
   * Keeps each message from being deleted or replaced for so many days from when it is stored. The bucket must have been
   * created with Object Lock.
   * @default none: as the bucket's own settings say
   */
  readonly objectLock?: ObjectLock | undefined;
  /**
   * - `sha256`: the service compares what it received with a SHA-256, and keeps that beside the object.
   * - `when-required`: for services that do not know that. They get a Content-MD5 instead, which is compared but not kept.
   * The client should then have `requestChecksumCalculation` and `responseChecksumValidation` at `'WHEN_REQUIRED'`.
   * @default 'sha256'
   */
  readonly checksums?: 'sha256' | 'when-required' | undefined;
  /**
   * In bytes, 5 MiB to 512 MiB. A message up to this size is one request; a larger one is uploaded in parts of this size, of
   * which one at a time is in memory. All messages that are on their way hold 64 MiB at most, or 32 MiB and one part where
   * that is more.
   * @default 8 MiB
   */
  readonly partSize?: number | undefined;
}

export interface ObjectLock {
  /** Whether some users may be allowed to lift the lock (`GOVERNANCE`), or nobody (`COMPLIANCE`). */
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE';
  /** 1 to 36,500. */
  readonly days: number;
}

export type ParsedOptions = z.output<typeof optionsSchema>;

const MB = 2 ** 20;
const SEGMENT = '[A-Za-z0-9_-][A-Za-z0-9._-]*';

export const optionsSchema = z.strictObject({
  client: objectWith<S3Client>('send'),
  bucket: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.:/_-]*$/, 'must be the name of a bucket'),
  prefix: z
    .string()
    .max(500, 'must have at most 500 characters')
    .regex(
      new RegExp(`^(${SEGMENT}(/${SEGMENT})*/?)?$`),
      'must be names of letters, digits, ".", "_" and "-", with "/" between them, such as "mail/production"',
    )
    .transform((prefix) => (prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`))
    .default(''),
  objectLock: z
    .strictObject({
      mode: z.enum(['GOVERNANCE', 'COMPLIANCE'], "must be 'GOVERNANCE' or 'COMPLIANCE'"),
      days: z
        .int('must be a whole number of days')
        .min(1, 'must be at least 1')
        .max(36_500, 'must be at most 36500'),
    })
    .optional(),
  checksums: z.enum(['sha256', 'when-required'], "must be 'sha256' or 'when-required'").default('sha256'),
  partSize: z
    .int('must be a whole number of bytes')
    .min(5 * MB, 'must be at least 5 MiB (5242880)')
    .max(512 * MB, 'must be at most 512 MiB (536870912)')
    .default(8 * MB),
});
