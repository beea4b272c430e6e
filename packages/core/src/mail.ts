import type { CallOptions } from './call-options.ts';
import type { Change, Cursor, Page } from './page.ts';
import type { TenantRef } from './tenant.ts';

export interface MailboxRef extends TenantRef {
  /** The immutable id of the user, or of the shared mailbox's user object. */
  readonly mailboxId: string;
}

export interface Mailbox extends MailboxRef {
  readonly address: string | undefined;
  readonly displayName: string | undefined;
}

export interface FolderRef extends MailboxRef {
  readonly folderId: string;
}

export interface MailFolder extends FolderRef {
  readonly displayName: string | undefined;
  readonly parentId: string | undefined;
  readonly hidden: boolean;
  /** How many items the service counts here, other kinds than messages included: for an estimate only. */
  readonly itemCount: number;
}

export interface MessageRef extends FolderRef {
  /** Stays the same when the message is moved within its mailbox. Case matters. */
  readonly messageId: string;
  /** ISO 8601. */
  readonly receivedAt: string | undefined;
  /** It was not sent yet: when it is, it may keep its id and have another content. @default false */
  readonly draft?: boolean | undefined;
}

/** What a folder of a mailbox is for, whatever its name in the user's language. */
export const folderRoles = [
  'archive',
  'conversation_history',
  'deleted',
  'drafts',
  'inbox',
  'junk',
  'outbox',
  'sent',
  'sync_issues',
] as const;
export type FolderRole = (typeof folderRoles)[number];

export interface FolderOptions extends CallOptions {
  readonly cursor?: Cursor | undefined;
  /** These folders, and all that is below them, are left out. */
  readonly exclude?: readonly FolderRole[] | undefined;
  /** Also what users deleted for good, as long as the service keeps it. @default false */
  readonly recoverable?: boolean | undefined;
}

/** The mail of a tenant as a provider reads it. */
export interface MailSource {
  /** How many requests the service takes for one mailbox in so many seconds, for the status. @default not stated */
  readonly quota?: { readonly requests: number; readonly seconds: number } | undefined;
  /** All mailboxes that may exist; whether one does is found by opening it (`mailbox_not_found`). */
  mailboxes(
    tenant: TenantRef,
    options?: { readonly cursor?: Cursor | undefined } & CallOptions,
  ): AsyncIterable<Page<Change<Mailbox>>>;
  /**
   * Nested and hidden folders too; folders that only repeat messages of others (searches) never.
   * @throws ConnectorError `mailbox_not_found`
   */
  folders(mailbox: MailboxRef, options?: FolderOptions): AsyncIterable<Page<Change<MailFolder>>>;
  /**
   * The messages of one folder, not of those below it.
   * @throws ConnectorError `cursor_expired`, or `gone` when the folder no longer exists.
   */
  messages(
    folder: FolderRef,
    options?: { readonly cursor?: Cursor | undefined } & CallOptions,
  ): AsyncIterable<Page<Change<MessageRef>>>;
  /**
   * The messages that are in a folder now, listed without regard to what changed: to compare them with what is archived.
   * @throws ConnectorError `gone` when the folder no longer exists.
   */
  list(
    folder: FolderRef,
    options?: { readonly cursor?: Cursor | undefined } & CallOptions,
  ): AsyncIterable<Page<Change<MessageRef>>>;
  /** Where a message is now, in whichever folder; `undefined` when it is in none. */
  locate(
    message: MailboxRef & Pick<MessageRef, 'messageId'>,
    options?: CallOptions,
  ): Promise<MessageRef | undefined>;
  /**
   * The message as raw MIME, byte for byte as the service sent it. The stream fails with `incomplete` when the answer ends
   * early.
   * Cancel it, or read it to its end: until then the message counts as a request in flight. More messages may be asked for than the
   * service gives at once: those over its limit wait in the provider.
   * @throws ConnectorError `gone` only when the service says that this item is not there; `poison` and `item_failed` when it answered the
   * request for this item with an error. Every other code says nothing of the item.
   */
  content(message: MessageRef, options?: CallOptions): Promise<ReadableStream<Uint8Array>>;
}

/** What the archive knows of a message that it holds. */
export interface StoredMessage {
  readonly bytes: number;
  /** Of the bytes as received, in lower-case hex. */
  readonly sha256: string;
}

/**
 * Where the mail goes. Identity is (tenant, mailbox, message id).
 *
 * `testMailArchive` of `@mailsphere/core/testing` tells when an implementation is complete.
 */
export interface MailArchive {
  /** Of these messages, those that are not stored yet, in the order given. */
  missing(mailbox: MailboxRef, ids: readonly string[], options?: CallOptions): Promise<readonly string[]>;
  /**
   * Stores once per identity: a message that is already stored stays as it is. Resolves when durable, with the size and
   * hash of what is stored. When the content fails or the signal aborts, it rejects and nothing becomes visible.
   * The archive reads the stream to its end or cancels it, whatever happens.
   * @throws ConnectorError `storage_failed`
   */
  store(
    message: MessageRef,
    content: ReadableStream<Uint8Array>,
    options?: CallOptions,
  ): Promise<StoredMessage>;
  /**
   * These messages are in none of the folders that are synchronised any more (`removedAt`, ISO 8601), or are back (`undefined`). Told at
   * least once. What becomes of them is the archive's choice; without this method they simply stay.
   */
  mark?(
    mailbox: MailboxRef,
    marks: readonly { readonly messageId: string; readonly removedAt: string | undefined }[],
    options?: CallOptions,
  ): Promise<void>;
  close?(): Promise<void>;
}
