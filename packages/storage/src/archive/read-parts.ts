import { createHash } from 'node:crypto';
import { ConnectorError, type StoredMessage } from '@mailsphere/core';
import { type BufferPool, bufferPool } from './buffer-pool.ts';

/**
 * In which contents begin, of all archives of the process: 16 MiB. Most end in it as well, so that they are written at once.
 */
export const firstBuffers = bufferPool(256 * 1024, 64);

// Milliseconds that a source may be silent while others wait for the buffer of its part, and that part cannot be handed on.
const PATIENCE = 60_000;

/** How a content is read. */
export interface Reading<Result> {
  /** From small to large. A content moves to the next when its buffer is full; the size of the last is that of a part. */
  readonly pools: readonly [BufferPool, ...(readonly BufferPool[])];
  /** Whether all parts must have that size. Otherwise one is handed on early when its source is silent and others need its buffer. */
  readonly equalParts: boolean;
  readonly signal: AbortSignal | undefined;
  /** Part after part: the next one when this has resolved. Its bytes stay until then. */
  take(part: Uint8Array): Promise<void>;
  /** The end: what came after the last part, which has a byte at least if all parts are equal and there were any. */
  finish(stored: StoredMessage, rest: Uint8Array): Promise<Result>;
}

/**
 * Reads a content to its end, and hands it on in parts, as fast as they are taken and no faster. It takes a buffer when bytes
 * have come, so that a source that has not begun costs nothing. The stream is let go of in the end, but not cancelled.
 *
 * @throws what the content, `take` or `finish` throws, the signal's reason, or ConnectorError `incomplete` when the source was
 * silent for a minute while others needed its buffer.
 */
export async function readParts<Result>(
  content: ReadableStream<Uint8Array>,
  { pools, equalParts, signal, take, finish }: Reading<Result>,
): Promise<Result> {
  const hash = createHash('sha256');
  let bytes = 0;
  const part = partBuffer(pools, signal, take);
  const reader = content.getReader();
  // Cancelling also ends a read that hangs.
  const abort = () => void reader.cancel(signal?.reason).catch(() => {});
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  const read = async () => {
    const reading = reader.read();
    if (!(await part.isNeededBefore(reading))) return reading;
    if (equalParts) return inTime(reading);
    // It may fail while the part is handed on.
    reading.catch(() => {});
    await part.handOn();
    return reading;
  };
  try {
    for (let next = await read(); !next.done; next = await read()) {
      hash.update(next.value);
      bytes += next.value.length;
      for (let piece = next.value; piece.length > 0; ) piece = piece.subarray(await part.fill(piece));
    }
    signal?.throwIfAborted();
    const result = await finish({ bytes, sha256: hash.digest('hex') }, part.contents());
    part.free();
    return result;
  } catch (error) {
    part.abandon();
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
    reader.releaseLock();
  }
}

async function inTime<T>(event: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = () =>
    reject(
      new ConnectorError(
        'incomplete',
        'The content does not go on, and others wait for its memory: ask for it again.',
      ),
    );
  const timer = setTimeout(giveUp, PATIENCE);
  return Promise.race([event, promise]).finally(() => clearTimeout(timer));
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

const NOTHING = new Uint8Array();

/** Puts pieces together. They are copied: a piece may be a small part of a large buffer, or one byte. */
function partBuffer(
  [first, ...larger]: Reading<unknown>['pools'],
  signal: AbortSignal | undefined,
  take: Reading<unknown>['take'],
) {
  let pool = first;
  let held: Buffer | undefined;
  let filled = 0;

  const contents = () => held?.subarray(0, filled) ?? NOTHING;
  const free = () => {
    if (held) pool.give(held);
    held = undefined;
    filled = 0;
  };
  const handOn = async () => {
    await take(contents());
    free();
  };
  const move = async (next: BufferPool) => {
    const buffer = await next.take(signal);
    buffer.set(contents());
    const copied = filled;
    free();
    pool = next;
    held = buffer;
    filled = copied;
  };

  return {
    contents,
    free,
    handOn,
    isNeededBefore: async (event: Promise<unknown>) => held !== undefined && pool.isNeededBefore(event),
    /** Copies what there is room for. Resolves with how many bytes that was. */
    async fill(piece: Uint8Array): Promise<number> {
      if (filled === pool.size) {
        const next = larger.shift();
        await (next ? move(next) : handOn());
      }
      held ??= await pool.take(signal);
      const fitting = piece.subarray(0, pool.size - filled);
      held.set(fitting, filled);
      filled += fitting.length;
      return fitting.length;
    },
    /** When `take` or `finish` has failed, what it was given may still be on its way. */
    abandon() {
      if (held) pool.replace();
      held = undefined;
    },
  };
}
