import type { Clock } from '../clock.ts';
import { type Delivery, deliveredBadly } from './bad-delivery.ts';
import type { Answer } from './graph-call.ts';

const JSON_TYPE =
  'application/json; odata.metadata=minimal; odata.streaming=true; IEEE754Compatible=false; charset=utf-8';
/** A body up to this size goes out in one piece: it is in the socket's buffer at once. */
const ONE_PIECE = 65_536;

/** Turns an answer into a response. The slot is given back when the last byte was taken, or when nobody wants it any more. */
export function toResponse(
  answer: Answer,
  release: () => void,
  requestId: string,
  clientRequestId: string | null,
  connection: { readonly clock: Clock; readonly signal: AbortSignal },
): Response {
  const headers: Record<string, string> = {
    'cache-control': 'no-cache',
    'request-id': requestId,
    'client-request-id': clientRequestId ?? requestId,
    'x-ms-ags-diagnostic':
      '{"ServerInfo":{"DataCenter":"Simulator","Slice":"E","Ring":"0","ScaleUnit":"000","RoleInstance":"SIM00000000"}}',
    ...answer.headers,
  };
  const { content, deliver } = answer;
  if (deliver !== undefined) {
    if (content === undefined) headers['content-type'] ??= JSON_TYPE;
    return deliveredBadly({ ...bytesOf(answer), ...connection, deliver, release }, answer.status, headers);
  }
  if (content === undefined) {
    release();
    headers['content-type'] ??= JSON_TYPE;
    if (answer.json === undefined) return new Response(null, { status: answer.status, headers });
    // What a fault wants said comes as it is, JSON or not.
    const body = typeof answer.json === 'string' ? answer.json : JSON.stringify(answer.json);
    return new Response(body, { status: answer.status, headers });
  }
  if (content.bytes <= ONE_PIECE) {
    const whole = gather(content);
    release();
    return new Response(whole, { status: answer.status, headers });
  }
  return new Response(streamOf(content.chunks, release), { status: answer.status, headers });
}

function bytesOf({ content, json }: Answer): Pick<Delivery, 'bytes' | 'chunks'> {
  if (content !== undefined) return content;
  const body = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json ?? ''));
  return { bytes: body.length, chunks: [body] };
}

/** All chunks in one. */
export function gather(content: {
  readonly bytes: number;
  readonly chunks: Iterable<Uint8Array>;
}): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(content.bytes);
  let filled = 0;
  for (const chunk of content.chunks) {
    whole.set(chunk, filled);
    filled += chunk.length;
  }
  return whole;
}

/** A stream over chunks that are made when they are asked for, and not before. */
export function streamOf(
  chunks: Iterator<Uint8Array, void, undefined>,
  release: () => void,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        const next = chunks.next();
        if (next.done === true) {
          release();
          controller.close();
        } else controller.enqueue(next.value);
      },
      cancel: () => {
        chunks.return?.();
        release();
      },
    },
    { highWaterMark: 0 },
  );
}
