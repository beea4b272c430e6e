import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { contentStream } from '../src/graph/content-stream.ts';
import { type Transport, undiciTransport } from '../src/index.ts';
import { readText } from '../src/transport/body.ts';
import { collect, failure } from './wire.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

/** A server that says exactly this, and what it was told. */
async function raw(say: (socket: Socket, connection: number) => void) {
  const told: string[] = [];
  let connections = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    const mine = ++connections;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      told.push(data.toString());
      say(socket, mine);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  const { port } = server.address() as AddressInfo;
  return { url: new URL(`http://127.0.0.1:${port}/v1.0/x`), told, connections: () => connections };
}

function transportOf(options = {}): Transport {
  const transport = undiciTransport(options);
  open.push(transport);
  return transport;
}

const get = (transport: Transport, url: URL) => transport({ method: 'GET', url, headers: {} });
const ok = (headers: string, body = '') => `HTTP/1.1 200 OK\r\n${headers}\r\n\r\n${body}`;

describe('bytes that are missing are noticed', () => {
  it.each<[string, string, (socket: Socket) => void]>([
    ['a body shorter than announced', ok('Content-Length: 10', 'abc'), (socket) => socket.end()],
    ['a chunk that is cut', ok('Transfer-Encoding: chunked', '5\r\nab'), (socket) => socket.end()],
    [
      'chunks without the last one',
      ok('Transfer-Encoding: chunked', '2\r\nab\r\n'),
      (socket) => socket.end(),
    ],
    ['a connection that is reset', ok('Content-Length: 10', 'abc'), (socket) => socket.resetAndDestroy()],
    ['a body that stalls', ok('Content-Length: 10', 'abc'), () => undefined],
  ])('%s', async (_name, text, then) => {
    const { url } = await raw((socket) => socket.write(text, () => then(socket)));
    const answer = await get(transportOf({ bodyTimeout: 300 }), url);
    let ended = 0;
    const stream = contentStream(answer, { onEnd: () => ended++ });
    expect(await failure(collect(stream))).toMatchObject({ code: 'incomplete' });
    expect(ended).toBe(1);
  });
});

it('a whole body comes as it was sent, and the connection is used again', async () => {
  const { url, connections, told } = await raw((socket) => socket.write(ok('Content-Length: 3', 'abc')));
  const transport = transportOf();
  for (let index = 0; index < 5; index++) expect(await readText(await get(transport, url), 10)).toBe('abc');
  // The first one may not be free yet when the second request leaves.
  expect(connections()).toBeLessThanOrEqual(2);
  expect(told[0]).toContain('GET /v1.0/x HTTP/1.1');
});

it('a new connection is made where one is asked for, and not kept', async () => {
  const { url, connections } = await raw((socket) => socket.write(ok('Content-Length: 3', 'abc')));
  const transport = transportOf();
  expect(await readText(await get(transport, url), 10)).toBe('abc');
  await setTimeout(20);
  const before = connections();
  const send = () => transport({ method: 'GET', url, headers: {}, newConnection: true });
  for (const made of [1, 2]) {
    expect(await readText(await send(), 10)).toBe('abc');
    expect(connections()).toBe(before + made);
    await setTimeout(20);
  }
  (await send()).cancel();
  expect(await readText(await get(transport, url), 10)).toBe('abc');
  expect(connections()).toBe(before + 3);
});

it('an answer that is given up does not block the next one', async () => {
  const { url } = await raw((socket) => socket.write(ok('Content-Length: 100', 'abc')));
  const transport = transportOf();
  for (let index = 0; index < 3; index++) (await get(transport, url)).cancel();
});

it('a server that does not answer is given up', async () => {
  const { url } = await raw(() => undefined);
  await failure(get(transportOf({ headersTimeout: 300 }), url));
});

it('a body that breaks while nobody reads it is noticed when somebody does, and ends no process', async () => {
  const { url } = await raw((socket) =>
    socket.write(ok('Content-Length: 10', 'abc'), () => socket.resetAndDestroy()),
  );
  const content = contentStream(await get(transportOf(), url), { onEnd: () => undefined });
  await setTimeout(100);
  expect(await failure(collect(content))).toMatchObject({ code: 'incomplete' });
});

it('a redirect is an answer, and not followed', async () => {
  const { url, told } = await raw((socket) =>
    socket.write('HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n'),
  );
  const answer = await get(transportOf(), url);
  expect(answer.status).toBe(307);
  expect(told).toHaveLength(1);
  answer.cancel();
});

it('a body that ends with its connection is not taken for a whole one', async () => {
  const { url } = await raw((socket) => socket.end(ok('Content-Type: text/plain', 'abc')));
  await failure(get(transportOf(), url));
});

it('a coding that was not asked for is not taken for content', async () => {
  const { url } = await raw((socket) =>
    socket.write(ok('Content-Length: 3\r\nContent-Encoding: gzip', 'abc')),
  );
  await failure(get(transportOf(), url));
});

it('a loopback host is reached directly, whatever proxy is set', async () => {
  const before = process.env.HTTP_PROXY;
  process.env.HTTP_PROXY = 'http://127.0.0.1:1';
  try {
    const { url } = await raw((socket) => socket.write(ok('Content-Length: 3', 'abc')));
    expect(await readText(await get(transportOf(), url), 10)).toBe('abc');
  } finally {
    if (before === undefined) delete process.env.HTTP_PROXY;
    else process.env.HTTP_PROXY = before;
  }
});

it('an abort ends a body that is being read', async () => {
  const { url } = await raw((socket) => socket.write(ok('Content-Length: 100', 'abc')));
  const stop = new AbortController();
  const answer = await transportOf()({ method: 'GET', url, headers: {}, signal: stop.signal });
  const reading = failure(collect(contentStream(answer, { signal: stop.signal, onEnd: () => undefined })));
  stop.abort();
  expect(await reading).toMatchObject({ code: 'aborted' });
});
