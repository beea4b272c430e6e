import { createHash } from 'node:crypto';
import type { StoredMessage } from '@mailsphere/core';

// Most messages are small, and many are under way at once.
const FIRST_SIZE = 64 * 1024;

/** Size and hash of a whole content, and its end: what came after the last part that was taken. */
export interface ContentEnd {
  readonly stored: StoredMessage;
  /** Has at least one byte, if any part was taken. */
  readonly rest: Uint8Array;
}

/**
 * Reads a content to its end, and hands it on in parts of exactly `size` bytes, as fast as they are taken and no faster. The
 * stream is let go of in the end, but not cancelled.
 *
 * @throws what the content or `take` throws, or the signal's reason.
 */
export async function readParts(
  content: ReadableStream<Uint8Array>,
  size: number,
  signal: AbortSignal | undefined,
  take: (part: Uint8Array) => Promise<void>,
): Promise<ContentEnd> {
  const hash = createHash('sha256');
  let bytes = 0;
  const gathered = partBuffer(size);
  const reader = content.getReader();
  // Cancelling also ends a read that hangs.
  const abort = () => void reader.cancel(signal?.reason).catch(() => {});
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      hash.update(next.value);
      bytes += next.value.length;
      for (let piece = next.value; piece.length > 0; piece = piece.subarray(gathered.fill(piece)))
        if (gathered.isFull()) await take(gathered.empty());
    }
    signal?.throwIfAborted();
    return { stored: { bytes, sha256: hash.digest('hex') }, rest: gathered.contents() };
  } finally {
    signal?.removeEventListener('abort', abort);
    reader.releaseLock();
  }
}

/** Size and hash of what comes in pieces. */
export async function sumOf(pieces: AsyncIterable<Uint8Array>): Promise<StoredMessage> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of pieces) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Puts pieces together. They are copied: a piece may be a small part of a large buffer, or one byte. */
function partBuffer(size: number) {
  let buffer = Buffer.alloc(0);
  let filled = 0;
  let nextSize = Math.min(size, FIRST_SIZE);
  return {
    isFull: () => filled === size,
    contents: (): Uint8Array => buffer.subarray(0, filled),
    /** Copies what there is room for. Returns how many bytes that was. */
    fill(piece: Uint8Array): number {
      if (filled === buffer.length) {
        const larger = Buffer.allocUnsafeSlow(nextSize);
        buffer.copy(larger);
        buffer = larger;
        nextSize = Math.min(size, 2 * nextSize);
      }
      const fitting = piece.subarray(0, buffer.length - filled);
      buffer.set(fitting, filled);
      filled += fitting.length;
      return fitting.length;
    },
    /** What is in it, from now on the caller's. */
    empty(): Uint8Array {
      const part = buffer.subarray(0, filled);
      buffer = Buffer.alloc(0);
      filled = 0;
      return part;
    },
  };
}
