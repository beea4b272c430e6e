import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type MessageRef, memoryArchive } from '../src/index.ts';
import { type MailArchiveUnderTest, runSuite, testMailArchive } from '../src/testing/index.ts';
import { archiveUnderTest } from './node/memory.ts';

const streamOf = (...chunks: readonly Uint8Array[]) => ReadableStream.from<Uint8Array>(chunks);

async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A stream with its bytes rewritten on the way. */
const through = (content: ReadableStream<Uint8Array>, change: (bytes: Uint8Array) => Uint8Array) =>
  content.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({ transform: (chunk, to) => to.enqueue(change(chunk)) }),
  );

/** An archive whose identities are rewritten. */
const renamed = (rename: (message: MessageRef) => MessageRef) => (): MailArchiveUnderTest => {
  const sound = memoryArchive();
  return {
    archive: {
      missing: async (mailbox, ids, options) => {
        const absent: string[] = [];
        for (const id of ids) {
          const { messageId, ...place } = rename({
            ...mailbox,
            folderId: '',
            receivedAt: undefined,
            messageId: id,
          });
          if ((await sound.missing(place, [messageId], options)).length > 0) absent.push(id);
        }
        return absent;
      },
      store: (message, ...rest) => sound.store(rename(message), ...rest),
    },
    read: (message) => sound.read(rename(message)),
  };
};

/** An archive that keeps what it has of a message as soon as it has it. */
function partial(): MailArchiveUnderTest {
  const messages = new Map<string, Uint8Array[]>();
  const keyOf = (message: MessageRef) =>
    JSON.stringify([message.tenantId, message.mailboxId, message.messageId]);
  return {
    archive: {
      missing: async (mailbox, ids) =>
        ids.filter(
          (messageId) => !messages.has(keyOf({ ...mailbox, messageId, folderId: '', receivedAt: undefined })),
        ),
      async store(message, content) {
        const chunks: Uint8Array[] = [];
        messages.set(keyOf(message), chunks);
        for await (const chunk of content) chunks.push(chunk);
        const bytes = Buffer.concat(chunks);
        return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
      },
    },
    async read(message) {
      const chunks = messages.get(keyOf(message));
      return chunks && streamOf(...chunks);
    },
  };
}

const broken: readonly (readonly [string, () => MailArchiveUnderTest, string])[] = [
  [
    'bytes are decoded to text',
    () => {
      const sound = memoryArchive();
      return {
        archive: {
          ...sound,
          store: (message, content, options) =>
            sound.store(
              message,
              through(content, (bytes) => Buffer.from(new TextDecoder().decode(bytes))),
              options,
            ),
        },
        read: sound.read,
      };
    },
    'every byte is kept (NUL, 8-bit, broken UTF-8)',
  ],
  [
    'line ends are made uniform',
    () => {
      const sound = memoryArchive();
      const change = (bytes: Uint8Array) =>
        Buffer.from(
          Buffer.from(bytes)
            .toString('latin1')
            .replace(/\r\n|\r|\n/g, '\r\n'),
          'latin1',
        );
      return {
        archive: {
          ...sound,
          store: (message, content, options) => sound.store(message, through(content, change), options),
        },
        read: sound.read,
      };
    },
    'every byte is kept (lone CR and LF, a dot line, a From line)',
  ],
  [
    'an empty message is refused',
    () => {
      const sound = memoryArchive();
      return {
        archive: {
          ...sound,
          async store(message, content, options) {
            const bytes = await bytesOf(content);
            if (bytes.length === 0) throw new Error('empty');
            return sound.store(message, streamOf(bytes), options);
          },
        },
        read: sound.read,
      };
    },
    'every byte is kept (empty)',
  ],
  [
    'a second store replaces the first',
    () => {
      let sound = memoryArchive();
      return {
        archive: {
          missing: (...args) => sound.missing(...args),
          async store(message, content, options) {
            if ((await sound.missing(message, [message.messageId])).length === 0) sound = memoryArchive();
            return sound.store(message, content, options);
          },
        },
        read: (message) => sound.read(message),
      };
    },
    'a message is stored once: the first one stays, and is what the second call is told',
  ],
  [
    'the second call is told its own hash',
    () => {
      const sound = memoryArchive();
      return {
        archive: {
          ...sound,
          async store(message, content, options) {
            const bytes = await bytesOf(content);
            await sound.store(message, streamOf(bytes), options);
            return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
          },
        },
        read: sound.read,
      };
    },
    'of many that store the same message at once, one wins, and all are told its size and hash',
  ],
  [
    'the stream of a message that is known is left open',
    () => {
      const sound = memoryArchive();
      return {
        archive: {
          ...sound,
          async store(message, content, options) {
            const stored = await sound.read(message);
            return stored ? sound.store(message, stored, options) : sound.store(message, content, options);
          },
        },
        read: sound.read,
      };
    },
    'a message is stored once: the first one stays, and is what the second call is told',
  ],
  ['what is there of a message is shown', partial, 'what is being stored is not visible before it is whole'],
  [
    'what is left of a failed message is shown',
    partial,
    'when the content fails midway its error is passed on and nothing becomes visible',
  ],
  [
    'an abort is not heard',
    partial,
    'an abort ends the call, lets go of the stream, and leaves nothing visible',
  ],
  [
    'a content that fails counts as one that ends',
    () => {
      const sound = memoryArchive();
      return {
        archive: {
          ...sound,
          async store(message, content, options) {
            const chunks: Uint8Array[] = [];
            try {
              for await (const chunk of content) chunks.push(chunk);
            } catch {}
            return sound.store(message, streamOf(...chunks), options);
          },
        },
        read: sound.read,
      };
    },
    'when the content fails midway its error is passed on and nothing becomes visible',
  ],
  [
    'an error of the content is replaced',
    () => {
      const sound = memoryArchive();
      return {
        archive: {
          ...sound,
          store: (...args) =>
            sound.store(...args).catch(() => {
              throw new Error('storing failed');
            }),
        },
        read: sound.read,
      };
    },
    'when the content fails midway its error is passed on and nothing becomes visible',
  ],
  [
    'ids are compared without case',
    renamed((message) => ({ ...message, messageId: message.messageId.toLowerCase() })),
    'two ids are two messages, however alike or hostile they look',
  ],
  [
    'ids become file names',
    renamed((message) => ({
      ...message,
      messageId: message.messageId.replace(/[^\w=-]/g, '_').slice(0, 200),
    })),
    'two ids are two messages, however alike or hostile they look',
  ],
  [
    'mailboxes share their messages',
    renamed((message) => ({ ...message, mailboxId: '' })),
    'equal message ids of two mailboxes, or two tenants, are two messages',
  ],
  [
    'tenants share their mailboxes',
    renamed((message) => ({ ...message, tenantId: '' })),
    'equal message ids of two mailboxes, or two tenants, are two messages',
  ],
  [
    'the parts of the identity run into each other',
    renamed((message) => ({
      ...message,
      tenantId: '',
      mailboxId: '',
      messageId: message.tenantId + message.mailboxId + message.messageId,
    })),
    'equal message ids of two mailboxes, or two tenants, are two messages',
  ],
  [
    'missing gives its answer in an order of its own',
    () => {
      const sound = memoryArchive();
      return {
        archive: { ...sound, missing: async (...args) => (await sound.missing(...args)).toSorted() },
        read: sound.read,
      };
    },
    'missing tells what is not stored, in the order given',
  ],
  [
    'missing looks at the first hundred only',
    () => {
      const sound = memoryArchive();
      return {
        archive: {
          ...sound,
          missing: (mailbox, ids, ...rest) => sound.missing(mailbox, ids.slice(0, 100), ...rest),
        },
        read: sound.read,
      };
    },
    'missing tells what is not stored, in the order given',
  ],
  [
    'a long message is held in memory',
    archiveUnderTest,
    'a message of 64 MB passes through without being held in memory',
  ],
];

describe('testMailArchive', () => {
  it.each(broken)('notices that %s', async (_, create, name) => {
    // Each suite would send 64 MB through; that is needed for one of them only.
    const inMemory = !name.includes('64 MB');
    const results = await runSuite((runner) => testMailArchive(runner, async () => create(), { inMemory }));
    expect(results.filter(({ error }) => error !== undefined).map((result) => result.name)).toContain(name);
  });

  it('notices that nothing is left after a restart', async () => {
    const results = await runSuite((runner) =>
      testMailArchive(runner, async () => archiveUnderTest(), {
        inMemory: true,
        reopen: async () => archiveUnderTest(),
      }),
    );
    expect(results.filter(({ error }) => error !== undefined).map(({ name }) => name)).toEqual([
      'what was stored is there after a restart, and is not stored again',
    ]);
  });
});
