import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { ConnectorError } from '../connector-error.ts';
import { parseOptions } from '../options.ts';

/** A request of `node:http`, with what Express adds where it is there. */
export type NodeRequest = IncomingMessage & {
  /** The path before a router took its mount path away. */
  readonly originalUrl?: string;
  /** The body, where a body parser has read it. */
  readonly body?: unknown;
};

/** Fits Express 5 (`app.use(path, handler)`) and `createServer(handler)` alike. */
export type NodeHandler = (
  request: NodeRequest,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

export interface NodeHandlerOptions {
  /** The largest body in bytes; a larger one is answered with 413. @default 65_536 */
  readonly bodyLimit?: number | undefined;
}

// The Host header is the client's word, so the handler is never shown it as an origin: only path and query count.
const ORIGIN = 'http://localhost';

/**
 * Mounts a `(Request) => Promise<Response>` handler, such as `connector.handler`, on Express or `node:http`.
 *
 * The origin of `request.url` is always `http://localhost`; `request.signal` aborts when the client goes away. An error
 * of the handler goes to `next`, or is answered with a bare 500 where there is none.
 *
 * @throws ConnectorError `invalid_options`
 */
export function toNodeHandler(
  handler: (request: Request) => Promise<Response>,
  options: NodeHandlerOptions = {},
): NodeHandler {
  const { bodyLimit } = parseOptions('toNodeHandler', nodeHandlerOptions, options);
  if (typeof handler !== 'function')
    throw new ConnectorError(
      'invalid_options',
      'toNodeHandler: handler: must be a function, such as connector.handler',
      { field: 'handler' },
    );

  return (incoming, response, next) => {
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });

    const answer = async () => {
      const path = incoming.originalUrl ?? incoming.url ?? '';
      if (!path.startsWith('/')) return refuse(response, 400);
      const headers = headersOf(incoming);
      const method = incoming.method ?? 'GET';
      // A Request can be made for none of these.
      if (['TRACE', 'TRACK', 'CONNECT'].includes(method)) return refuse(response, 405);
      const init = { method, headers, signal: gone.signal };
      if (method === 'GET' || method === 'HEAD')
        return send(await handler(new Request(ORIGIN + path, init)), response);

      const body = parsedBody(incoming) ?? (await readBody(incoming, bodyLimit));
      if (body === undefined) return refuse(response, 413);
      // A parsed body is written anew, and need not have its old length.
      headers.delete('content-length');
      return send(await handler(new Request(ORIGIN + path, { ...init, body })), response);
    };

    answer().catch((error: unknown) => {
      if (gone.signal.aborted) return;
      if (response.headersSent) response.destroy();
      else if (next) next(error);
      else refuse(response, 500);
    });
  };
}

const nodeHandlerOptions = z.strictObject({
  bodyLimit: z.int('must be a whole number of bytes').min(0, 'must be 0 or more').default(65_536),
});

function headersOf({ headers }: IncomingMessage): Headers {
  const result = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    // HTTP/2 puts the request line among the headers, as ':path' and so on.
    if (value === undefined || name.startsWith(':')) continue;
    for (const each of [value].flat()) result.append(name, each);
  }
  return result;
}

type Body = string | Uint8Array<ArrayBuffer> | URLSearchParams;

/** What a body parser made of the body, if one has read it, turned back. */
function parsedBody({ body, headers, readableEnded }: NodeRequest): Body | undefined {
  if (!readableEnded || body === undefined) return undefined;
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return new Uint8Array(body);
  if (!headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return JSON.stringify(body);
  const form = new URLSearchParams();
  for (const [name, values] of Object.entries(body ?? {}))
    for (const value of [values].flat()) form.append(name, String(value));
  return form;
}

/** Resolves `undefined` when there are more bytes than `limit`. */
async function readBody(incoming: IncomingMessage, limit: number): Promise<Body | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Kept open when the reading ends early, or the answer could not be sent.
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

async function send(from: Response, to: ServerResponse): Promise<void> {
  to.statusCode = from.status;
  // Several set-cookie headers come one by one, and all must go out.
  for (const [name, value] of from.headers)
    if (name === 'set-cookie') to.appendHeader(name, value);
    else to.setHeader(name, value);
  if (from.body) await pipeline(from.body, to);
  else to.end();
}

const REASONS = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  500: 'Internal Server Error',
} as const;

function refuse(response: ServerResponse, status: keyof typeof REASONS): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
  response.end(REASONS[status]);
}
