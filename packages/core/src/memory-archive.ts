import { createHash } from 'node:crypto';
import type { MailArchive, MailboxRef, MessageRef, StoredMessage } from './mail.ts';

/** An archive in the memory of this process, with a way to look into it. */
export interface MemoryArchive extends MailArchive {
  /** The message as it was stored; `undefined` when it is not. */
  read(message: MailboxRef & Pick<MessageRef, 'messageId'>): Promise<ReadableStream<Uint8Array> | undefined>;
  /** How many messages are stored, of all mailboxes. */
  readonly size: number;
}

/**
 * Mail in memory: for tests, trials, and as the reference of what a `MailArchive` does.
 * It holds whole messages, and nothing survives the process.
 */
export function memoryArchive(): MemoryArchive {
  const messages = new Map<
    string,
    { readonly content: Uint8Array<ArrayBuffer>; readonly stored: StoredMessage }
  >();
  const keyOf = ({ tenantId, mailboxId }: MailboxRef, messageId: string) =>
    JSON.stringify([tenantId, mailboxId, messageId]);

  return {
    async missing(mailbox, ids, { signal } = {}) {
      signal?.throwIfAborted();
      return ids.filter((id) => !messages.has(keyOf(mailbox, id)));
    },
    async store(message, content, { signal } = {}) {
      const key = keyOf(message, message.messageId);
      const first = messages.get(key);
      if (first) {
        await content.cancel().catch(() => {});
        return first.stored;
      }
      const bytes = await collect(content, signal);
      // While this one was read, another call may have stored the message.
      const known = messages.get(key);
      if (known) return known.stored;
      const stored = { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
      messages.set(key, { content: bytes, stored });
      return stored;
    },
    async read(message) {
      const found = messages.get(keyOf(message, message.messageId));
      return found && new Blob([found.content]).stream();
    },
    get size() {
      return messages.size;
    },
  };
}

async function collect(
  content: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  const reader = content.getReader();
  // A source that hangs is let go of as well: cancelling ends the pending read.
  const abort = () => void reader.cancel(signal?.reason).catch(() => {});
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.push(next.value);
    signal?.throwIfAborted();
    return Buffer.concat(chunks);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
