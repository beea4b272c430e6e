import { join } from 'node:path';
import type { MailboxRef } from '@mailsphere/core';
import type { MessageIdentity } from '../archive/archived-message.ts';
import { identityOf, mailboxName, tenantName } from '../archive/names.ts';

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

export const mailboxFolder = (directory: string, mailbox: MailboxRef): string =>
  join(directory, tenantName(mailbox), mailboxName(mailbox));

export function messagePlace(directory: string, message: MessageIdentity): MessagePlace {
  const mailbox = mailboxFolder(directory, message);
  const identity = identityOf(message);
  const shard = identity.slice(0, 2);
  const folder = join(mailbox, shard);
  const fileName = `${identity}.eml`;
  return { identity, mailbox, folder, file: join(folder, fileName), name: `${shard}/${fileName}` };
}
