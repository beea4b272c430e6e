import type { MessageRef } from '@mailsphere/core';

export const message = (messageId: string, mailboxId = 'm1'): MessageRef => ({
  tenantId: 't1',
  mailboxId,
  folderId: 'f1',
  messageId,
  receivedAt: '2026-01-05T00:00:00Z',
});

export const bytesOf = (id: string, size = 20_000): Uint8Array =>
  Buffer.concat([Buffer.from(`Subject: ${id}\r\n\r\n`), Buffer.alloc(size, id)]);

/** The content of a message, made from its id. */
export const contentOf = (id: string, size?: number): ReadableStream<Uint8Array> =>
  ReadableStream.from<Uint8Array>([bytesOf(id, size)]);
