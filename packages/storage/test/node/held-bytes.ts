import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** What is in use of buffers, without what is garbage already. */
export async function heldBytes(): Promise<number> {
  // What a collection frees is given back in later turns.
  for (let turn = 0; turn < 3; turn++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().arrayBuffers;
}

const piece = new Uint8Array(50_000);

/** Pieces of 50,000 bytes, always the same memory, and then nothing more until `rest` resolves. */
export function slowContent(pieces: number, rest: Promise<void>) {
  const waits = Promise.withResolvers<void>();
  let pulled = 0;
  const content = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (pulled++ < pieces) return controller.enqueue(piece);
        waits.resolve();
        await rest;
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return {
    content,
    bytes: pieces * piece.length,
    /** Resolves when all of them were taken. */
    waits: waits.promise,
    /** How many were taken. */
    taken: () => Math.min(pulled, pieces),
  };
}
