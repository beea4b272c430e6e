import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { MailArchive, MessageRef } from '../mail.ts';
import { held, heldBytes, source } from './message-source.ts';
import { skip, type TestRunner } from './runner.ts';

/** An archive, and a way to see what it stored. */
export interface MailArchiveUnderTest {
  readonly archive: MailArchive;
  /** The bytes of a stored message; `undefined` when it is not stored. */
  readonly read: (message: MessageRef) => Promise<ReadableStream<Uint8Array> | undefined>;
}

export interface TestMailArchiveOptions {
  /** Closes the archive and opens the same data again. Without it, durability is not tested, and the runner shows a skip. */
  readonly reopen?: (underTest: MailArchiveUnderTest) => Promise<MailArchiveUnderTest>;
  /** The archive keeps whole messages in memory by design; the runner shows a skip. @default false */
  readonly inMemory?: boolean;
}

const MB = 2 ** 20;
// Milliseconds in which an abort must end a call.
const ABORT_DEADLINE = 1000;
const encode = (text: string) => Buffer.from(text, 'latin1');

const CONTENTS: Readonly<Record<string, Uint8Array>> = {
  plain: encode('From: a@contoso.example\r\nSubject: hello\r\n\r\nbody\r\n'),
  empty: encode(''),
  'without a line end': encode('Subject: x\r\n\r\nno end'),
  'NUL, 8-bit, broken UTF-8': encode('Subject: \xe9\xff\x80\r\n\r\n\0\0 \xc3 \xed\xa0\x80 \xfe\xff'),
  'lone CR and LF, a dot line, a From line': encode('a\nb\rc\r\n\n\r\r\n.\r\n..\r\nFrom x\r\n\x1a'),
  'byte order mark': encode('\xef\xbb\xbfSubject: x\r\n\r\n'),
  'every byte': Uint8Array.from({ length: 70_000 }, (_, index) => (index % 251) ^ (index >> 8)),
};

// Names that leave a folder, end a string, are special, are too long, or are equal where case or form does not count.
const ODD_IDS = [
  ...'a A AAMkAD= AAMkad= ../x ../../x .. . ..\\x /etc/x C:\\x a/b a\\b a%2Fb %00 CON nul.eml x:y * ? | ~ $(x)'.split(
    ' ',
  ),
  ...'é e\u0301 ß ss __proto__ \u{1f600} -rf #x \ud800 \ufffd'.split(' '),
  ...['a\0', 'a\0b', 'a\n', 'a ', 'x'.repeat(300), 'x'.repeat(5000), `${'x'.repeat(5000)}y`],
];

const message = (messageId: string, more: Partial<MessageRef> = {}): MessageRef => ({
  tenantId: 't1',
  mailboxId: 'm1',
  folderId: 'f1',
  messageId,
  receivedAt: '2026-01-05T00:00:00Z',
  ...more,
});

/**
 * The contract of `MailArchive` as test cases.
 *
 * @param create Opens an empty archive of its own for one case. The suite closes it.
 */
export function testMailArchive(
  runner: TestRunner,
  create: () => Promise<MailArchiveUnderTest>,
  { reopen, inMemory = false }: TestMailArchiveOptions = {},
): void {
  const test = (name: string, body: (underTest: MailArchiveUnderTest) => Promise<void>) =>
    runner.it(name, async () => {
      const underTest = await create();
      try {
        await body(underTest);
      } finally {
        await underTest.archive.close?.();
      }
    });

  runner.describe('MailArchive', () => {
    for (const [name, content] of Object.entries(CONTENTS)) {
      test(`every byte is kept (${name})`, async (underTest) => {
        const stored = await underTest.archive.store(message('a'), source(content).stream);
        assert.deepEqual(stored, { bytes: content.length, sha256: sha256(content) });
        await assertStored(underTest, message('a'), content);
      });
    }

    test('a message that comes in many small pieces is put together', async (underTest) => {
      const content = encode('Subject: x\r\n\r\n\xc3\xa4\r\n'.repeat(500));
      const stored = await underTest.archive.store(message('a'), source(content, { chunk: 1 }).stream);
      assert.deepEqual(stored, { bytes: content.length, sha256: sha256(content) });
      await assertStored(underTest, message('a'), content);
    });

    test('missing tells what is not stored, in the order given', async ({ archive }) => {
      const ids = ['e', 'a', 'd', 'b', 'c'];
      assert.deepEqual(await archive.missing(message(''), ids), ids);
      for (const id of ['a', 'b']) await archive.store(message(id), source(encode(id)).stream);
      assert.deepEqual(await archive.missing(message(''), ids), ['e', 'd', 'c']);
      assert.deepEqual(await archive.missing(message(''), ['b', 'a']), []);
      assert.deepEqual(await archive.missing(message(''), []), []);
      assert.deepEqual([...new Set(await archive.missing(message(''), ['a', 'z', 'a', 'z']))], ['z']);
      const many = Array.from({ length: 1000 }, (_, index) => `many-${index}`);
      assert.deepEqual(await archive.missing(message(''), [...many, 'a']), many);
    });

    test('a message is stored once: the first one stays, and is what the second call is told', async (underTest) => {
      const { archive } = underTest;
      const first = await archive.store(message('a'), source(encode('first')).stream);
      const again = source(encode('second, and longer'));
      assert.deepEqual(await archive.store(message('a', { folderId: 'f2' }), again.stream), first);
      assert.ok(again.ended(), 'the stream was neither read to its end nor cancelled');
      await assertStored(underTest, message('a'), encode('first'));
      assert.deepEqual(await archive.missing(message(''), ['a']), []);
    });

    test('of many that store the same message at once, one wins, and all are told its size and hash', async (underTest) => {
      const contents = Array.from({ length: 8 }, (_, index) => encode(`${index}`.repeat(index + 1)));
      const sources = contents.map((content) => source(content));
      const told = await Promise.all(
        sources.map(({ stream }) => underTest.archive.store(message('a'), stream)),
      );
      const winner = contents.find((content) => sha256(content) === told[0]?.sha256);
      assert.ok(winner);
      for (const stored of told) assert.deepEqual(stored, { bytes: winner.length, sha256: sha256(winner) });
      for (const { ended } of sources)
        assert.ok(ended(), 'a stream was neither read to its end nor cancelled');
      await assertStored(underTest, message('a'), winner);
    });

    test('many messages stored at once are all there', async (underTest) => {
      const ids = Array.from({ length: 100 }, (_, index) => `a${index}`);
      await Promise.all(ids.map((id) => underTest.archive.store(message(id), source(encode(id)).stream)));
      assert.deepEqual(await underTest.archive.missing(message(''), ids), []);
      for (const id of ids) await assertStored(underTest, message(id), encode(id));
    });

    test('equal message ids of two mailboxes, or two tenants, are two messages', async (underTest) => {
      const { archive } = underTest;
      const refs = [
        ...[
          message('a'),
          message('a', { mailboxId: 'm2' }),
          message('a', { tenantId: 't2' }),
          message('a', { mailboxId: 'M1' }),
        ],
        ...[
          message('a', { tenantId: 't1m', mailboxId: '1' }),
          message('a', { tenantId: 't1/m1', mailboxId: '' }),
        ],
        ...[message('a', { tenantId: '', mailboxId: 't1/m1' }), message('1/a', { mailboxId: 'm' })],
      ];
      for (const [index, ref] of refs.entries()) {
        assert.deepEqual(await archive.missing(ref, [ref.messageId]), [ref.messageId]);
        await archive.store(ref, source(encode(`${index}`)).stream);
      }
      for (const [index, ref] of refs.entries()) await assertStored(underTest, ref, encode(`${index}`));
    });

    test('two ids are two messages, however alike or hostile they look', async (underTest) => {
      const { archive } = underTest;
      for (const [index, id] of ODD_IDS.entries()) {
        assert.deepEqual(await archive.missing(message(''), ODD_IDS), ODD_IDS.slice(index));
        await archive.store(message(id), source(encode(`${index}`)).stream);
      }
      for (const [index, id] of ODD_IDS.entries())
        await assertStored(underTest, message(id), encode(`${index}`));
    });

    test('when the content fails midway its error is passed on and nothing becomes visible', async (underTest) => {
      const { archive } = underTest;
      const failure = new Error('the service hung up');
      for (const after of [0, 1, 200_000]) {
        const broken = source(new Uint8Array(300_000), { chunk: 50_000, failAfter: after, failure });
        await assert.rejects(archive.store(message('a'), broken.stream), (error) => error === failure);
        await assertAbsent(underTest, message('a'));
      }
      const content = encode('whole');
      await archive.store(message('a'), source(content).stream);
      await assertStored(underTest, message('a'), content);
    });

    test('what is being stored is not visible before it is whole', async (underTest) => {
      const slow = held(encode('first half, '), encode('second half'));
      const storing = underTest.archive.store(message('a'), slow.stream);
      await slow.firstRead;
      await assertAbsent(underTest, message('a'));
      slow.release();
      await storing;
      await assertStored(underTest, message('a'), encode('first half, second half'));
    });

    test('an abort ends the call, lets go of the stream, and leaves nothing visible', async (underTest) => {
      const { archive } = underTest;
      const early = source(encode('x'));
      await assert.rejects(archive.store(message('a'), early.stream, { signal: AbortSignal.abort() }));
      assert.ok(early.ended(), 'the stream was not cancelled');
      await assertAbsent(underTest, message('a'));

      const controller = new AbortController();
      const hanging = held(encode('x'), encode('never'));
      const storing = archive.store(message('a'), hanging.stream, { signal: controller.signal });
      await hanging.firstRead;
      controller.abort();
      // Should the abort not be heard, the message ends all the same, so that the case fails instead of hanging.
      const deadline = setTimeout(hanging.release, ABORT_DEADLINE);
      await assert.rejects(storing);
      clearTimeout(deadline);
      assert.ok(hanging.cancelled(), 'the stream was not cancelled');
      await assertAbsent(underTest, message('a'));
      await archive.store(message('a'), source(encode('later')).stream);
      await assertStored(underTest, message('a'), encode('later'));
    });

    const streaming = 'a message of 64 MB passes through without being held in memory';
    if (inMemory) skip(runner, `${streaming} (this archive is a memory)`);
    else {
      test(streaming, async ({ archive }) => {
        const hash = createHash('sha256');
        const start = heldBytes();
        let most = 0;
        let sent = 0;
        const stream = new ReadableStream<Uint8Array>(
          {
            pull(controller) {
              if (sent >= 64 * MB) return controller.close();
              // Freshly allocated, so that every piece that somebody still holds counts.
              const chunk = new Uint8Array(MB / 4).fill(sent >> 18);
              hash.update(chunk);
              controller.enqueue(chunk);
              sent += chunk.length;
              if (sent % (8 * MB) === 0) most = Math.max(most, heldBytes() - start);
            },
          },
          { highWaterMark: 0 },
        );
        const stored = await archive.store(message('a'), stream);
        assert.deepEqual(stored, { bytes: 64 * MB, sha256: hash.digest('hex') });
        // Room for the parts of a multipart upload, several of them under way.
        assert.ok(most < 40 * MB, `${Math.round(most / MB)} MB of the message were held at once`);
      });
    }

    const durable = 'what was stored is there after a restart, and is not stored again';
    if (!reopen) return skip(runner, `${durable} (no \`reopen\` was given: this archive is not durable)`);
    runner.it(durable, async () => {
      const before = await create();
      const first = await before.archive.store(message('a'), source(encode('first')).stream);
      const underTest = await reopen(before);
      try {
        assert.deepEqual(await underTest.archive.missing(message(''), ['a', 'b']), ['b']);
        assert.deepEqual(await underTest.archive.store(message('a'), source(encode('second')).stream), first);
        await assertStored(underTest, message('a'), encode('first'));
      } finally {
        await underTest.archive.close?.();
      }
    });
  });
}

const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');

async function assertStored(
  { archive, read }: MailArchiveUnderTest,
  ref: MessageRef,
  content: Uint8Array,
): Promise<void> {
  const stream = await read(ref);
  assert.ok(stream, 'the message is not stored');
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  assert.ok(Buffer.concat(chunks).equals(content), 'the message is not stored as it was');
  assert.deepEqual(await archive.missing(ref, [ref.messageId]), []);
}

async function assertAbsent({ archive, read }: MailArchiveUnderTest, ref: MessageRef): Promise<void> {
  assert.equal(await read(ref), undefined, 'the message is visible');
  assert.deepEqual(await archive.missing(ref, [ref.messageId]), [ref.messageId]);
}
