import { setTimeout } from 'node:timers/promises';
import { HttpResponse, http } from 'msw';
import { describe, expect, it } from 'vitest';
import { fetchTransport } from '../src/index.ts';
import { breaking } from './breaking-body.ts';
import { collect, connect, failure, graph, mailboxId, refusal, tenant, tenantId, wire } from './wire.ts';

const { server, calls } = wire();
const users = `${graph}/users/delta`;
const value = `${graph}/users/${mailboxId}/messages/:id/$value`;
const folders = `${graph}/users/${mailboxId}/mailFolders`;
const mailbox = { tenantId, mailboxId };
const message = { ...mailbox, folderId: 'folder', messageId: 'AAMk=', receivedAt: undefined };
const done = { value: [], '@odata.deltaLink': `${users}?$deltatoken=a` };

describe('content', () => {
  const read = async (stream: ReadableStream<Uint8Array>) => Buffer.concat(await collect(stream));
  const bytes = Buffer.from([0xe9, 0xff, 0x80, 0x00, 0x0a, 0x0d]);
  const mime = (
    body: Buffer | ReadableStream<Uint8Array> | string = bytes,
    headers: Record<string, string> = {},
  ) => new HttpResponse(body, { headers: { 'content-type': 'text/plain', ...headers } });

  /** A provider whose every message has this body. */
  const over = (body: () => Buffer | ReadableStream<Uint8Array>) =>
    connect({
      transport: fetchTransport(({ method }) =>
        method === 'POST' ? HttpResponse.json({ access_token: 'a', expires_in: 3599 }) : mime(body()),
      ),
    });

  it('comes byte for byte, and not as text', async () => {
    server.use(http.get(value, () => mime()));
    expect(await read(await connect().provider.mail.content(message))).toEqual(bytes);
    const [request] = calls();
    expect(request?.headers.get('accept-encoding')).toBe('identity');
    expect(request?.headers.get('prefer')).toBe('IdType="ImmutableId"');
    expect(request?.url).toContain('/messages/AAMk%3D/$value');
  });

  it('that ends early is an error, not a shorter message', async () => {
    const stream = await over(() => breaking(bytes)).provider.mail.content(message);
    expect(await failure(read(stream))).toMatchObject({ code: 'incomplete' });
  });

  it('that ends early is not asked for again at once', async () => {
    let asked = 0;
    const { provider, clock } = over(() => (++asked === 1 ? breaking(bytes) : bytes));
    await failure(read(await provider.mail.content(message)));
    const before = clock.now();
    expect(await read(await clock.run(provider.mail.content(message)))).toEqual(bytes);
    expect(clock.now() - before).toBeGreaterThanOrEqual(500);
  });

  it.each(['text/html', 'text/html; charset=utf-8', 'application/json'])(
    '%s is never content',
    async (kind) => {
      server.use(http.get(value, () => mime('canary', { 'content-type': kind })));
      const { provider, clock } = connect();
      expect(await clock.run(failure(provider.mail.content(message)))).toMatchObject({ code: 'unavailable' });
    },
  );

  it('holds its slot until it is read to the end', async () => {
    server.use(http.get(value, () => mime()));
    const { provider } = connect();
    const open = await Promise.all([1, 2, 3, 4].map(() => provider.mail.content(message)));
    let fifth: ReadableStream<Uint8Array> | undefined;
    const waiting = provider.mail.content(message).then((stream) => {
      fifth = stream;
    });
    await setTimeout(20);
    expect(fifth).toBeUndefined();
    if (open[0]) await read(open[0]);
    await waiting;
    expect(fifth).toBeDefined();
  });

  it.each(['cancelled', 'aborted', 'broken'])('gives its slot back when it is %s', async (how) => {
    let asked = 0;
    const { provider } = over(() => {
      asked++;
      return how === 'broken' ? breaking(bytes) : bytes;
    });
    for (let index = 0; index < 12; index++) {
      const stop = new AbortController();
      const other = { ...message, messageId: `message-${index}` };
      const stream = await provider.mail.content(other, { signal: stop.signal });
      if (how === 'cancelled') await stream.cancel();
      else if (how === 'broken') await failure(read(stream));
      else {
        stop.abort();
        expect(await failure(read(stream))).toMatchObject({ code: 'aborted' });
      }
    }
    expect(asked).toBe(12);
  });

  it('a slot is given back by every kind of failure', async () => {
    for (const broken of [404, 500, 403, 302, 401]) {
      server.use(http.get(value, () => refusal(broken, '')));
      const { provider, clock } = connect();
      for (let index = 0; index < 6; index++) await clock.run(failure(provider.mail.content(message)));
    }
  });

  it('one mailbox that is throttled does not stop another, nor its own directory', async () => {
    server.use(
      http.get(folders, () => refusal(429, 'ApplicationThrottled', { 'retry-after': '600' })),
      http.get(`${graph}/users/other/mailFolders`, () => HttpResponse.json({ value: [] })),
      http.get(users, () => HttpResponse.json(done)),
    );
    const { provider } = connect();
    expect(await failure(collect(provider.mail.folders(mailbox)))).toMatchObject({ code: 'throttled' });
    await collect(provider.mail.folders({ tenantId, mailboxId: 'other' }));
    await collect(provider.directory.changes(tenant, 'user'));
  });
});
