import type { Address } from '../mail/mail-source.ts';
import type { Mailbox } from '../mail/mailbox.ts';
import { hash32 } from '../random.ts';
import type { Preference } from './preference.ts';

type Make = (mailbox: Mailbox, number: number, prefer: Preference) => unknown;

/** How each property of a message is made; only what is selected is made. */
const PROPERTIES: Record<string, Make> = {
  createdDateTime: received,
  lastModifiedDateTime: received,
  changeKey: (mailbox, number) => changeKey(mailbox, number),
  categories: () => [],
  receivedDateTime: received,
  sentDateTime: received,
  hasAttachments: (mailbox, number) => mailbox.header(number).hasAttachments,
  internetMessageId: (mailbox, number) => mailbox.header(number).internetMessageId ?? null,
  subject: (mailbox, number) => mailbox.header(number).subject,
  bodyPreview: (mailbox, number) => mailbox.preview(number).slice(0, 255),
  importance: () => 'normal',
  parentFolderId: (mailbox, number) => mailbox.folderOf(number)?.id ?? null,
  conversationId: (mailbox, number) =>
    `AAQkAD${hash32(mailbox.id, mailbox.header(number).subject).toString(36)}AAA=`,
  conversationIndex: (mailbox, number) =>
    Buffer.from(`conversation ${number}`).toString('base64').concat(mailbox.id.slice(0, 4)),
  isDeliveryReceiptRequested: () => null,
  isReadReceiptRequested: () => false,
  isRead: (mailbox, number) => mailbox.isRead(number),
  isDraft: (mailbox, number) => mailbox.folderOf(number)?.wellKnownName === 'drafts',
  webLink: (mailbox, number) =>
    `https://outlook.office365.com/owa/?ItemID=${encodeURIComponent(mailbox.idOf(number, 'rest'))}`,
  inferenceClassification: () => 'focused',
  // The preview stands for the body: whoever wants the whole message asks for its MIME content.
  body: (mailbox, number, prefer) => ({
    contentType: prefer.textBody ? 'text' : 'html',
    content: prefer.textBody
      ? mailbox.preview(number)
      : `<html><body>${mailbox.preview(number).replace(/[&<]/g, ' ')}</body></html>`,
  }),
  sender: (mailbox, number) => recipient(mailbox.header(number).from),
  from: (mailbox, number) => recipient(mailbox.header(number).from),
  toRecipients: (mailbox, number) => mailbox.header(number).to.map(recipient),
  ccRecipients: (mailbox, number) => mailbox.header(number).cc.map(recipient),
  bccRecipients: () => [],
  replyTo: () => [],
  flag: () => ({ flagStatus: 'notFlagged' }),
};

/** What comes only when it is selected. */
const ON_REQUEST: Record<string, Make> = {
  internetMessageHeaders: (mailbox, number) => [
    { name: 'Subject', value: mailbox.header(number).subject },
    { name: 'Message-ID', value: mailbox.header(number).internetMessageId ?? '' },
  ],
  uniqueBody: PROPERTIES.body ?? (() => null),
};

const ALL = Object.keys(PROPERTIES);

/** The row of a message: its id, its etag and the selected properties. */
export function messageRow(
  mailbox: Mailbox,
  number: number,
  select: readonly string[] | undefined,
  prefer: Preference,
  expand: string | null,
): Record<string, unknown> {
  const row: Record<string, unknown> = {
    '@odata.etag': `W/"${changeKey(mailbox, number)}"`,
    id: mailbox.idOf(number, prefer.idForm),
  };
  for (const name of select ?? ALL) {
    const make = PROPERTIES[name] ?? ON_REQUEST[name];
    if (make !== undefined) row[name] = make(mailbox, number, prefer);
  }
  // PidTagMessageSize; the id comes back in another spelling than it was asked in, as it may.
  if (expand !== null && /(Integer|Long) 0x0*e08/i.test(expand))
    row.singleValueExtendedProperties = [{ id: 'Integer 0xe08', value: String(mailbox.bytes(number)) }];
  return row;
}

function received(mailbox: Mailbox, number: number): string {
  return new Date(mailbox.receivedAt(number)).toISOString().replace('.000Z', 'Z');
}

function changeKey(mailbox: Mailbox, number: number): string {
  const bytes = Buffer.alloc(15);
  bytes[0] = 9;
  bytes.writeUInt32BE(hash32(mailbox.id, number), 6);
  bytes.writeUInt16BE(mailbox.version(number) & 0xffff, 13);
  return bytes.toString('base64');
}

function recipient(address: Address | undefined): unknown {
  return address === undefined ? null : { emailAddress: { name: address.name, address: address.address } };
}
