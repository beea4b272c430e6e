import type { MailboxRef } from '@mailsphere/core';
import type { MessageIdentity } from '../archive/archived-message.ts';
import { identityOf, mailboxName, tenantName } from '../archive/names.ts';

const SUFFIX = '.eml';
// Comes after all messages of its mailbox: these begin with 0 to 9 or a to f.
const RECORDS = 'records';

/** What the keys of a mailbox begin with. */
export const mailboxPrefix = (prefix: string, mailbox: MailboxRef): string =>
  `${prefix}${tenantName(mailbox)}/${mailboxName(mailbox)}/`;

/** Where a message lies. Nothing of a message, a person or a folder becomes part of a key. */
export const messageKey = (prefix: string, message: MessageIdentity): string =>
  `${mailboxPrefix(prefix, message)}${identityOf(message)}${SUFFIX}`;

/** Where the record of a message lies that has none in its metadata. */
export const recordKey = (key: string, recordId: string): string => {
  const at = key.lastIndexOf('/') + 1;
  return `${key.slice(0, at)}${RECORDS}/${identityIn(key)}-${recordId}.json`;
};

/** The identity of the message that lies there; empty when it is the key of something else. */
export const identityIn = (key: string): string =>
  /(?:^|\/)[0-9a-f]{32}\/[0-9a-f]{32}\/([0-9a-f]{64})\.eml$/.exec(key)?.[1] ?? '';

/** The last text before a key that can be asked for, to list from the key on. */
export const justBefore = (key: string): string => key.slice(0, -SUFFIX.length);

/** Where a key lies among those of its mailbox, from 0 up to 1. They are hashes, and so lie evenly. */
export const positionOf = (key: string): number =>
  Number.parseInt(identityIn(key).slice(0, 12), 16) / 2 ** 48;
