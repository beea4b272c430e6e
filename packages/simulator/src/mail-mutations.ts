import type { Tenant } from './directory/tenant.ts';
import type { Folder } from './mail/folder.ts';
import type { Mailbox, NewMessage } from './mail/mailbox.ts';
import type { World } from './world.ts';

/** A message that was just added or moved. */
export interface PlacedMessage {
  /** The immutable id. */
  readonly messageId: string;
  /** The default id, which holds until the next move. */
  readonly restId: string;
  readonly folderId: string;
}

/**
 * What tests do to mail. A mailbox is named by its user's id or UPN, a folder by id, well-known name or display name, a
 * message by either form of its id.
 */
export interface MailMutations {
  addMessage(tenantId: string, mailbox: string, folder: string, message: NewMessage): PlacedMessage;
  moveMessage(tenantId: string, mailbox: string, messageId: string, folder: string): PlacedMessage;
  removeMessage(tenantId: string, mailbox: string, messageId: string): void;
  /** Marks a message as read or unread: a change that delta reports. */
  markMessage(tenantId: string, mailbox: string, messageId: string, isRead: boolean): void;
  /** From now on its content is an error 500 (`ErrorMimeContentConversionFailed`) for ever. */
  poisonMessage(tenantId: string, mailbox: string, messageId: string): void;
  addFolder(tenantId: string, mailbox: string, name: string, parent?: string): string;
  removeFolder(tenantId: string, mailbox: string, folder: string): void;
}

/** @internal */
export function createMailMutations(world: World, tenantOf: (id: string) => Tenant): MailMutations {
  const mailboxOf = (tenantId: string, name: string): Mailbox => {
    const tenant = tenantOf(tenantId);
    const mailbox = tenant.mailbox(tenant.user(name)?.id ?? '');
    if (mailbox === undefined) throw new RangeError(`'${name}' has no mailbox.`);
    return mailbox;
  };
  const folderOf = (mailbox: Mailbox, name: string): Folder => {
    const folder =
      mailbox.folder(name) ?? mailbox.folders.find((one) => one.displayName === name && !one.deleted);
    if (folder === undefined) throw new RangeError(`There is no folder '${name}'.`);
    if (folder.searches !== undefined)
      throw new RangeError(`'${name}' is a search folder: it holds no messages of its own.`);
    return folder;
  };
  const numberOf = (mailbox: Mailbox, messageId: string): number => {
    const number = mailbox.resolve(messageId, 'immutable');
    if (number === undefined) throw new RangeError('There is no such message.');
    return number;
  };
  const placed = (mailbox: Mailbox, number: number, folder: Folder): PlacedMessage => ({
    messageId: mailbox.idOf(number, 'immutable'),
    restId: mailbox.idOf(number, 'rest'),
    folderId: folder.id,
  });
  return {
    addMessage: (tenantId, name, folderName, message) => {
      const mailbox = mailboxOf(tenantId, name);
      const folder = folderOf(mailbox, folderName);
      return placed(mailbox, mailbox.add(folder, message, world.clock.now()), folder);
    },
    moveMessage: (tenantId, name, messageId, folderName) => {
      const mailbox = mailboxOf(tenantId, name);
      const number = numberOf(mailbox, messageId);
      const folder = folderOf(mailbox, folderName);
      mailbox.move(number, folder);
      return placed(mailbox, number, folder);
    },
    removeMessage: (tenantId, name, messageId) => {
      const mailbox = mailboxOf(tenantId, name);
      mailbox.remove(numberOf(mailbox, messageId));
    },
    markMessage: (tenantId, name, messageId, isRead) => {
      const mailbox = mailboxOf(tenantId, name);
      mailbox.update(numberOf(mailbox, messageId), isRead);
    },
    poisonMessage: (tenantId, name, messageId) => {
      const mailbox = mailboxOf(tenantId, name);
      mailbox.poison(numberOf(mailbox, messageId));
    },
    addFolder: (tenantId, name, folderName, parent = 'msgfolderroot') => {
      const mailbox = mailboxOf(tenantId, name);
      return mailbox.addFolder(folderName, folderOf(mailbox, parent)).id;
    },
    removeFolder: (tenantId, name, folderName) => {
      const mailbox = mailboxOf(tenantId, name);
      mailbox.removeFolder(folderOf(mailbox, folderName));
    },
  };
}
