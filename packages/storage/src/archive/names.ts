import { createHash } from 'node:crypto';
import type { MailboxRef } from '@mailsphere/core';
import type { MessageIdentity } from './archived-message.ts';

/** SHA-256 of tenant, mailbox and message id, in hex. */
export const identityOf = ({ tenantId, mailboxId, messageId }: MessageIdentity): string =>
  hash(tenantId, mailboxId, messageId);

export const tenantName = ({ tenantId }: Pick<MailboxRef, 'tenantId'>): string =>
  hash(tenantId).slice(0, FOLDER_NAME);

export const mailboxName = ({ tenantId, mailboxId }: MailboxRef): string =>
  hash(tenantId, mailboxId).slice(0, FOLDER_NAME);

/** Whether a name is one that `tenantName` or `mailboxName` gives. */
export const isFolderName = (name: string): boolean => /^[0-9a-f]{32}$/.test(name);

// 128 bits are enough for a folder, and the whole path stays below the 260 characters of older Windows programs.
const FOLDER_NAME = 32;

// As JSON the parts cannot run into each other, and every string has exactly one form.
const hash = (...parts: readonly string[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');
