import type { Clock } from '../clock.ts';
import { type BadDelivery, RESET } from '../fault.ts';

/** What is to be sent, and how. */
export interface Delivery {
  readonly bytes: number;
  readonly chunks: Iterable<Uint8Array>;
  readonly deliver: BadDelivery['deliver'];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** When nobody sends or wants any more. */
  release(): void;
}

const SECOND = 1_000;
const marked = new WeakSet<Response>();

/** Whether the body of a response may end in another way than its headers say: then the connection must break. */
export const isBadlyDelivered = (response: Response): boolean => marked.has(response);

/** A response whose body goes wrong. Where a socket would tell of a missing end, the stream fails. */
export function deliveredBadly(
  delivery: Delivery,
  status: number,
  headers: Readonly<Record<string, string>>,
): Response {
  const { after = 0.5, ending, length = 'true' } = delivery.deliver;
  // A cut of a short body must still cut something, and only the end is the end.
  const sent = after >= 1 ? delivery.bytes : Math.min(delivery.bytes - 1, Math.floor(delivery.bytes * after));
  const announced =
    length === 'none'
      ? {}
      : { 'content-length': String(length === 'cut' && ending === 'end' ? sent : delivery.bytes) };
  const pieces = piecesOf(delivery, Math.max(0, sent));
  const response = new Response(
    new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          try {
            const piece = await pieces.next();
            if (piece.done !== true) return controller.enqueue(piece.value);
            delivery.release();
            // Chunks have no end without the last one.
            if (ending === 'end' && length === 'none') controller.error(new TypeError(RESET));
            else controller.close();
          } catch (error) {
            delivery.release();
            controller.error(error);
          }
        },
        cancel: () => {
          delivery.release();
        },
      },
      { highWaterMark: 0 },
    ),
    { status, headers: { ...headers, ...announced } },
  );
  marked.add(response);
  return response;
}

async function* piecesOf(
  { chunks, deliver: { ending }, clock, signal }: Delivery,
  most: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = most;
  for (const chunk of chunks) {
    if (left > 0) yield chunk.subarray(0, left);
    if (ending === 'drip')
      for (const byte of chunk.subarray(Math.max(0, left))) {
        await clock.wait(SECOND, { signal });
        yield Uint8Array.of(byte);
      }
    left -= chunk.length;
    if (left <= 0 && ending !== 'drip') break;
  }
  if (ending === 'reset') throw new TypeError(RESET);
  if (ending === 'stall')
    await new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
}
