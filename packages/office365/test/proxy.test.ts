import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect as connectTo, type Server } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { generate } from 'selfsigned';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { undiciTransport } from '../src/index.ts';
import { readText } from '../src/transport/body.ts';

// Names that no one answers for: what reaches the server behind them came through the proxy.
const name = 'graph.example';
const trusted = getCACertificates('default');
const pair = await generate([{ name: 'commonName', value: name }], {
  keySize: 2048,
  extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }],
});
const open: Server[] = [];

beforeAll(() => setDefaultCACertificates([...trusted, pair.cert]));
afterAll(() => setDefaultCACertificates(trusted));
afterEach(() => {
  vi.unstubAllEnvs();
  for (const server of open.splice(0)) server.close();
});

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(server);
  return (server.address() as AddressInfo).port;
}

const answer: RequestListener = ({ url }, response) => {
  if (url === '/busy') response.writeHead(429, { 'retry-after': '77', 'content-length': '4' }).end('busy');
  else if (url === '/away')
    response.writeHead(307, { location: `https://${name}/`, 'content-length': '0' }).end();
  else response.writeHead(200, { 'content-length': '5' }).end('hello');
};

/** A proxy that leads every name to one server over TLS, and the environment that names it. */
async function proxied(environment: (proxy: string) => Record<string, string>) {
  const behind = await listen(createHttpsServer({ key: pair.private, cert: pair.cert }, answer));
  const asked: string[] = [];
  const proxy = createHttpServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(200, { 'content-length': '5' }).end('proxy');
  });
  proxy.on('connect', ({ url }, socket) => {
    asked.push(`CONNECT ${url}`);
    // Plain http is asked of the proxy itself.
    const port = url?.endsWith(':443') ? behind : (proxy.address() as AddressInfo).port;
    const target = connectTo(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    target.on('error', () => socket.destroy());
    socket.on('error', () => target.destroy());
  });
  const port = await listen(proxy);
  for (const variable of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'])
    vi.stubEnv(variable, undefined);
  for (const [variable, value] of Object.entries(environment(`http://127.0.0.1:${port}`)))
    vi.stubEnv(variable, value);
  const transport = undiciTransport();
  const get = (url: string) => transport({ method: 'GET', url: new URL(url), headers: {} });
  return { asked, get, [Symbol.asyncDispose]: () => transport.close() };
}

describe('a proxy that the environment names', () => {
  it.each(['HTTPS_PROXY', 'https_proxy'])('%s leads to https, by a tunnel', async (variable) => {
    await using at = await proxied((proxy) => ({ [variable]: proxy }));
    const { status, ...rest } = await at.get(`https://${name}/x`);
    expect(status).toBe(200);
    expect(await readText({ status, ...rest }, 10)).toBe('hello');
    expect(at.asked).toEqual([`CONNECT ${name}:443`]);
  });

  it('keeps the status, and the wait that the service asks for', async () => {
    await using at = await proxied((proxy) => ({ HTTPS_PROXY: proxy }));
    const busy = await at.get(`https://${name}/busy`);
    expect(busy.status).toBe(429);
    expect(busy.headers.get('retry-after')).toBe('77');
    expect(await readText(busy, 10)).toBe('busy');
  });

  it('does not make a redirect be followed', async () => {
    await using at = await proxied((proxy) => ({ HTTPS_PROXY: proxy }));
    const away = await at.get(`https://${name}/away`);
    expect(away.status).toBe(307);
    away.cancel();
    expect(at.asked).toHaveLength(1);
  });

  it('HTTP_PROXY leads to plain http', async () => {
    await using at = await proxied((proxy) => ({ HTTP_PROXY: proxy }));
    const reply = await at.get(`http://${name}/x`);
    expect(await readText(reply, 10)).toBe('proxy');
    expect(at.asked[0]).toContain(name);
  });

  it('is left out for the hosts of NO_PROXY, and for this machine', async () => {
    const plain = await listen(createHttpServer(answer));
    await using at = await proxied((proxy) => ({ HTTP_PROXY: proxy, NO_PROXY: 'other.example,0.0.0.0' }));
    for (const host of ['0.0.0.0', '127.0.0.1', 'localhost'])
      expect(await readText(await at.get(`http://${host}:${plain}/x`), 10)).toBe('hello');
    expect(at.asked).toEqual([]);
  });

  it('that refuses is no answer of the service', async () => {
    await using at = await proxied(() => ({ HTTPS_PROXY: 'http://127.0.0.1:1' }));
    await expect(at.get(`https://${name}/x`)).rejects.toThrow();
    expect(at.asked).toEqual([]);
  });
});
