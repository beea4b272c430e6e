import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { MailboxRef } from '@mailsphere/core';

/** Names one message of one mailbox. */
export interface MessageIdentity extends MailboxRef {
  readonly messageId: string;
}

/** Where a message lies. Every name is a hash or a constant: nothing of a message, a person or a folder becomes part of a path. */
export interface MessagePlace {
  /** SHA-256 of tenant, mailbox and message id. */
  readonly identity: string;
  /** The folder of the mailbox. */
  readonly mailbox: string;
  /** The folder of the file: one of 256 in that of the mailbox. */
  readonly folder: string;
  readonly file: string;
  /** The file, as seen from the mailbox's folder. */
  readonly name: string;
}

/** Where temporary files lie: on the same disk as the messages, so that publishing one is a single step. */
export const temporaryFolder = (directory: string): string => join(directory, 'tmp');

const tenantFolder = (directory: string, { tenantId }: Pick<MailboxRef, 'tenantId'>): string =>
  join(directory, hash(tenantId).slice(0, FOLDER_NAME));

export const mailboxFolder = (directory: string, mailbox: MailboxRef): string =>
  join(tenantFolder(directory, mailbox), hash(mailbox.tenantId, mailbox.mailboxId).slice(0, FOLDER_NAME));

export const identityOf = ({ tenantId, mailboxId, messageId }: MessageIdentity): string =>
  hash(tenantId, mailboxId, messageId);

export function messagePlace(directory: string, message: MessageIdentity): MessagePlace {
  const mailbox = mailboxFolder(directory, message);
  const identity = identityOf(message);
  const shard = identity.slice(0, 2);
  const folder = join(mailbox, shard);
  const fileName = `${identity}.eml`;
  return { identity, mailbox, folder, file: join(folder, fileName), name: `${shard}/${fileName}` };
}

/** Whether a name is one that `tenantFolder` or `mailboxFolder` gives. */
export const isFolderName = (name: string): boolean => /^[0-9a-f]{32}$/.test(name);

// 128 bits are enough for a folder, and the whole path stays below the 260 characters of older Windows programs.
const FOLDER_NAME = 32;

// As JSON the parts cannot run into each other, and every string has exactly one form.
const hash = (...parts: readonly string[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');
