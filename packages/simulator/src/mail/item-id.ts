import { hash32 } from '../random.ts';

/** The two forms in which Outlook names a message ("Obtain immutable identifiers for Outlook resources"). */
export type IdForm = 'rest' | 'immutable';

const REST_BYTES = 50;
const IMMUTABLE_PREFIX = Buffer.from('AAkALgAAAAAAHYQDEapmEc2byACqAC+EWg0A', 'base64');
const IMMUTABLE_BYTES = IMMUTABLE_PREFIX.length + 10;

/** The default id of a message. It changes with every move. */
export function restId(mailboxId: string, number: number, moves: number): string {
  const bytes = Buffer.alloc(REST_BYTES);
  bytes.set([0x00, 0x03, 0x24, 0x00]);
  bytes.write(mailboxId, 4, 'latin1');
  bytes[41] = 0x46;
  bytes.writeUIntBE(number, 42, 6);
  bytes.writeUInt16BE(moves, 48);
  return outlook(bytes);
}

/** The id that stays with a message for as long as it is in the same mailbox. */
export function immutableId(mailboxId: string, number: number): string {
  const bytes = Buffer.alloc(IMMUTABLE_BYTES);
  IMMUTABLE_PREFIX.copy(bytes);
  bytes.writeUInt32BE(hash32(mailboxId), IMMUTABLE_PREFIX.length);
  bytes.writeUIntBE(number, IMMUTABLE_PREFIX.length + 4, 6);
  return outlook(bytes);
}

/** The id of a folder; it never changes. */
export function folderId(mailboxId: string, index: number): string {
  const bytes = Buffer.alloc(46);
  bytes.set([0x00, 0x03, 0x24, 0x00]);
  bytes.write(mailboxId, 4, 'latin1');
  bytes[41] = 0x2e;
  bytes.writeUInt32BE(index, 42);
  return outlook(bytes);
}

/** Takes a message id apart, or returns undefined when it is none of this mailbox. */
export function parseItemId(
  mailboxId: string,
  id: string,
): { readonly form: IdForm; readonly number: number; readonly moves: number } | undefined {
  const bytes = Buffer.from(id, 'base64url');
  if (bytes.length === REST_BYTES && bytes[41] === 0x46) {
    const number = bytes.readUIntBE(42, 6);
    const moves = bytes.readUInt16BE(48);
    return restId(mailboxId, number, moves) === id ? { form: 'rest', number, moves } : undefined;
  }
  if (bytes.length === IMMUTABLE_BYTES) {
    const number = bytes.readUIntBE(IMMUTABLE_PREFIX.length + 4, 6);
    return immutableId(mailboxId, number) === id ? { form: 'immutable', number, moves: 0 } : undefined;
  }
  return undefined;
}

function outlook(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}
