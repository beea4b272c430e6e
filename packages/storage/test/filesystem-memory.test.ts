import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { filesystemArchive } from '../src/filesystem/index.ts';
import { temporaryFolder } from './node/temporary-folder.ts';

const MESSAGES = 256;
setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** What is in use of buffers, without what is garbage already. */
async function heldBytes(): Promise<number> {
  // What a collection frees is given back in later turns.
  for (let turn = 0; turn < 3; turn++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().arrayBuffers;
}

const piece = new Uint8Array(50_000);

/** 200,000 bytes, and then nothing more until `rest` resolves. `waits` resolves when all of them were taken. */
function slowContent(rest: Promise<void>) {
  const waits = Promise.withResolvers<void>();
  let pulled = 0;
  const content = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (pulled++ < 4) return controller.enqueue(piece);
        waits.resolve();
        await rest;
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return { content, waits: waits.promise };
}

it('many large messages at once keep the process within its memory', async () => {
  const archive = filesystemArchive({ directory: temporaryFolder() });
  const rest = Promise.withResolvers<void>();
  const all = Array.from({ length: MESSAGES }, () => slowContent(rest.promise));
  const before = await heldBytes();
  const stored = all.map(({ content }, index) =>
    archive.store(
      { tenantId: 't', mailboxId: 'm', folderId: 'f', messageId: `${index}`, receivedAt: undefined },
      content,
    ),
  );
  await Promise.all(all.map(({ waits }) => waits));
  const held = (await heldBytes()) - before;
  rest.resolve();
  for (const { bytes } of await Promise.all(stored)) expect(bytes).toBe(200_000);
  expect(held).toBeLessThan(48 * 1024 * 1024);
});
