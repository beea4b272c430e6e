import { once } from 'node:events';
import { createServer, type RequestListener, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type NodeHandler, type NodeRequest, toNodeHandler } from '../src/node/index.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A handler that tells what it was given. */
const echo = async (request: Request) =>
  Response.json({
    url: request.url,
    method: request.method,
    type: request.headers.get('content-type'),
    cookie: request.headers.get('cookie'),
    body: await request.text(),
  });
const text = async (response: Response) => ({ status: response.status, body: await response.text() });

describe('a request', () => {
  it('arrives with method, path, query, headers and form, so that the pages work', async () => {
    const base = await serve(toNodeHandler(echo));
    const answer = await fetch(`${base}/connect/confirm?attempt=1&x=%20`, {
      method: 'POST',
      body: new URLSearchParams({ attempt: 'a b' }),
      headers: { cookie: 'one=1; two=2' },
    });
    expect(await answer.json()).toEqual({
      url: 'http://localhost/connect/confirm?attempt=1&x=%20',
      method: 'POST',
      type: 'application/x-www-form-urlencoded;charset=UTF-8',
      cookie: 'one=1; two=2',
      body: 'attempt=a+b',
    });
  });

  it('cannot choose its origin, neither by the Host header nor by its path', async () => {
    const base = await serve(toNodeHandler(echo));
    const urls = ['/begin', '//evil.example/begin', '/\\evil.example', '/@evil.example'].map(async (path) => {
      const sent = send(`${base}/`, { path, headers: { host: 'evil.example' } }).end();
      const [answer] = await once(sent, 'response');
      const { url } = JSON.parse(Buffer.concat(await answer.toArray()).toString());
      return new URL(url).origin;
    });
    expect(new Set(await Promise.all(urls))).toEqual(new Set(['http://localhost']));
    const [refused] = await once(send(`${base}/`, { path: 'http://evil.example/begin' }).end(), 'response');
    expect(refused.statusCode).toBe(400);
  });

  it('below an Express router keeps the path in front of the mount path', async () => {
    const handler = toNodeHandler(echo);
    const base = await serve((request, response) => {
      const mounted: NodeRequest = Object.assign(request, { originalUrl: request.url ?? '' });
      request.url = '/begin';
      handler(mounted, response);
    });
    const answer = await fetch(`${base}/connect/begin`);
    expect(await answer.json()).toMatchObject({ url: 'http://localhost/connect/begin' });
  });

  it.each<[string, unknown, string, string]>([
    [
      'a form',
      { attempt: 'a b', many: ['1', '2'] },
      'application/x-www-form-urlencoded',
      'attempt=a+b&many=1&many=2',
    ],
    ['JSON', { attempt: 1 }, 'application/json', '{"attempt":1}'],
    ['a text', 'attempt=1', 'text/plain', 'attempt=1'],
    ['bytes', Buffer.from('attempt=1'), 'application/octet-stream', 'attempt=1'],
  ])('whose body a parser has read as %s still has it', async (_, body, type, expected) => {
    const handler = toNodeHandler(echo);
    const base = await serve(async (request, response) => {
      for await (const _chunk of request);
      handler(Object.assign(request, { body }), response);
    });
    const answer = await fetch(base, {
      method: 'POST',
      body: 'as it was sent',
      headers: { 'content-type': type },
    });
    expect(await answer.json()).toMatchObject({ type, body: expected });
  });

  it('with too large a body is answered with 413, and never reaches the handler', async () => {
    const handler = vi.fn(echo);
    const base = await serve(toNodeHandler(handler));
    const post = async (size: number) => text(await fetch(base, { method: 'POST', body: 'x'.repeat(size) }));
    expect(await post(65_536)).toMatchObject({ status: 200 });
    expect(await post(65_537)).toEqual({ status: 413, body: 'Content Too Large' });
    expect(handler).toHaveBeenCalledOnce();
  });

  it('of a client that goes away aborts, so that nobody works for nobody', async () => {
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    const next = vi.fn();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const handler: NodeHandler = toNodeHandler(async ({ signal }) => {
      begin();
      await once(signal, 'abort');
      resolve();
      throw signal.reason;
    });
    const base = await serve((request, response) => handler(request, response, next));
    const client = new AbortController();
    const lost = expect(fetch(base, { signal: client.signal })).rejects.toThrow();
    await begun;
    client.abort();
    await lost;
    await aborted;
    expect(next).not.toHaveBeenCalled();
  });
});

describe('a response', () => {
  it('keeps its status, its headers and every one of its cookies', async () => {
    const headers = new Headers({ location: '/next', 'cache-control': 'no-store' });
    headers.append('set-cookie', 'a=1; HttpOnly');
    headers.append('set-cookie', 'b=2, with comma');
    const base = await serve((request, response) => {
      response.setHeader('set-cookie', 'host=0');
      toNodeHandler(async () => new Response(null, { status: 302, headers }))(request, response);
    });
    const answer = await fetch(base, { redirect: 'manual' });
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe('/next');
    expect(answer.headers.getSetCookie()).toEqual(['host=0', 'a=1; HttpOnly', 'b=2, with comma']);
  });

  it('to HEAD has no body, and the connection goes on', async () => {
    const base = await serve(toNodeHandler(async () => new Response('page')));
    expect(await text(await fetch(base, { method: 'HEAD' }))).toEqual({ status: 200, body: '' });
    expect(await text(await fetch(base))).toEqual({ status: 200, body: 'page' });
  });
});

describe('a handler that fails', () => {
  const broken = toNodeHandler(async () => {
    throw new Error('a secret detail');
  });

  it('tells the client nothing but 500', async () => {
    const base = await serve(broken);
    expect(await text(await fetch(base))).toEqual({ status: 500, body: 'Internal Server Error' });
  });

  it('tells Express, whose error pages then apply', async () => {
    const base = await serve((request, response) =>
      broken(request, response, (error) => response.writeHead(503).end(String(error))),
    );
    expect(await text(await fetch(base))).toEqual({ status: 503, body: 'Error: a secret detail' });
  });

  it('in the middle of its body cuts the connection, so that half a page is not taken for a page', async () => {
    const body = () =>
      new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(Buffer.from('half')),
        pull: (controller) => controller.error(new Error('broken')),
      });
    const base = await serve(toNodeHandler(async () => new Response(body())));
    await expect(fetch(base).then((answer) => answer.text())).rejects.toThrow();
  });
});

it('a wrong limit is named', () => {
  expect(() => toNodeHandler(echo, { bodyLimit: -1 })).toThrow(
    expect.objectContaining({ code: 'invalid_options', field: 'bodyLimit' }),
  );
});
