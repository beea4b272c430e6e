import type { ConnectionWork, MailboxWork } from '@mailsphere/core';

interface Fields {
  readonly activeSince?: number;
  readonly verifyAt?: number;
  readonly directory?: Partial<NonNullable<ConnectionWork['directory']>>;
  readonly mail?: Partial<NonNullable<ConnectionWork['mail']>>;
}

/** What is recorded of a connection that just became active, but for `fields`. */
export const connectionWork = (connectionId: string, fields: Fields = {}): ConnectionWork => ({
  connectionId,
  verifyAt: fields.verifyAt ?? Number.MAX_SAFE_INTEGER,
  activeSince: fields.activeSince ?? Date.UTC(2026, 0, 1),
  directory: { lastStartedAt: undefined, requestedAt: undefined, resumeAt: undefined, ...fields.directory },
  mail: { plannedAt: undefined, resumeAt: undefined, mailboxes: [], ...fields.mail },
});

export const mailbox = (mailboxId: string, remaining: number, resumeAt?: number): MailboxWork => ({
  mailboxId,
  remaining,
  resumeAt,
});

/** A connection with nothing to do but these mailboxes. */
export const mailOnly = (now: number, id: string, mailboxes: readonly MailboxWork[] = []) =>
  connectionWork(id, { directory: { lastStartedAt: now }, mail: { plannedAt: now, mailboxes } });

/** Mailboxes `prefix0`, `prefix1`, … from the largest to the smallest. */
export const manyMailboxes = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => mailbox(`${prefix}${index}`, count - index));
