import type { MailArchive } from '@mailsphere/core';
import { parseOptions } from '@mailsphere/core/internal';
import type { ArchiveReader } from '../archive/archived-message.ts';
import { turns } from '../archive/turns.ts';
import { openBucket } from './bucket.ts';
import { findStored } from './find-stored.ts';
import { mailboxPrefix, messageKey } from './keys.ts';
import { optionsSchema, type S3ArchiveOptions } from './options.ts';
import { listArchive, verifyArchive } from './read-archive.ts';
import { storeMessage } from './store-message.ts';

/**
 * An archive in a bucket, with ways to look into it. Entries come in the order of their keys, which are hashes. Nothing is `absent` here:
 * an object that was deleted leaves no trace but that `missing` names its message again.
 */
export interface S3Archive extends MailArchive, ArchiveReader {}

/**
 * Mail in a bucket of Amazon S3, or of a service that speaks its protocol and knows `If-None-Match` on writing:
 * `<prefix>/<tenant>/<mailbox>/<identity>.eml`, all of them hashes. A message becomes visible whole or not at all, is never replaced, and
 * is what the service has confirmed when `store` resolves. The archive deletes nothing.
 *
 * @throws ConnectorError `invalid_options`
 */
export function s3Archive(options: S3ArchiveOptions): S3Archive {
  const parsed = parseOptions('s3Archive', optionsSchema, options);
  const { prefix } = parsed;
  const bucket = openBucket(parsed);
  const context = { bucket, options: parsed, publishing: turns() };

  return {
    async missing(mailbox, ids, { signal } = {}) {
      const keys = ids.map((messageId) => messageKey(prefix, { ...mailbox, messageId }));
      const stored = await findStored(bucket, mailboxPrefix(prefix, mailbox), keys, signal);
      return ids.filter((_, index) => !stored.has(keys[index] ?? ''));
    },

    async store(message, content, { signal } = {}) {
      try {
        return await storeMessage(context, message, content, signal);
      } catch (error) {
        // Whatever happened: the source must not wait for a reader. The stream may have failed or ended by itself.
        await content.cancel(error).catch(() => {});
        throw error;
      }
    },

    read: async (message) => (await bucket.get(messageKey(prefix, message), undefined))?.body,
    entries: (readOptions) => listArchive(bucket, prefix, readOptions),
    verify: (readOptions) => verifyArchive(bucket, prefix, readOptions),
  };
}
