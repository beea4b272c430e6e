/** Where the messages of one mailbox come from. Nothing is kept in memory: the same number gives the same bytes again. */
export interface MailSource {
  /** Length of a message in bytes. */
  size(number: number): number;
  header(number: number): MessageHeader;
  /** The first characters of the body. */
  preview(number: number): string;
  /** The raw message in pieces of at most 64 KB. */
  chunks(number: number): Generator<Uint8Array, void, undefined>;
}

/** What the header of a message says, as far as Graph shows it. */
export interface MessageHeader {
  readonly subject: string;
  readonly from: Address | undefined;
  readonly to: readonly Address[];
  readonly cc: readonly Address[];
  /** With angle brackets; missing in some messages. */
  readonly internetMessageId: string | undefined;
  readonly hasAttachments: boolean;
}

/** A mail address and the name beside it. */
export interface Address {
  readonly name: string;
  readonly address: string;
}

/** Most bytes in one piece of a message. */
export const CHUNK_BYTES = 65_536;
