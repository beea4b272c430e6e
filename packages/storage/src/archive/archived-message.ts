import type { MailboxRef, StoredMessage } from '@mailsphere/core';

/** Names one message of one mailbox. */
export interface MessageIdentity extends MailboxRef {
  readonly messageId: string;
}

/** What an archive recorded of one message when it was stored. */
export interface ArchivedMessage extends MessageIdentity, StoredMessage {
  /** ISO 8601. */
  readonly receivedAt: string | undefined;
}

export interface ReadOptions {
  /** Only this mailbox. @default all */
  readonly mailbox?: MailboxRef | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface VerifiedMessage extends ArchivedMessage {
  /**
   * - `intact`: the bytes are what was stored.
   * - `damaged`: they are something else.
   * - `absent`: there are none, although a manifest names them: the file was deleted, or a process was killed just before
   *   the message became visible.
   */
  readonly status: 'intact' | 'damaged' | 'absent';
}

/** Ways to look into an archive. */
export interface ArchiveReader {
  /** The message as it was stored; `undefined` when it is not. To be read to its end or cancelled. */
  read(message: MessageIdentity): Promise<ReadableStream<Uint8Array> | undefined>;
  /** What is stored, mailbox by mailbox. */
  entries(options?: ReadOptions): AsyncIterable<ArchivedMessage>;
  /** Reads every message again and compares it with the hash that it had when it was stored. */
  verify(options?: ReadOptions): AsyncIterable<VerifiedMessage>;
}
