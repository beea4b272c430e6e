import { createHash } from 'node:crypto';
import { createSimulator } from '@mailsphere/simulator';
import { handlers } from '@mailsphere/simulator/msw';
import { Client, PageIterator, ResponseType } from '@microsoft/microsoft-graph-client';
import { setupServer } from 'msw/node';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Json, requestToken, tenantOf } from './support.ts';

const simulator = createSimulator({
  tenants: [{ name: 'contoso', users: 250, messagesPerUser: 30, consented: true }],
});
const network = setupServer(...handlers(simulator));

describe('microsoft-graph-client as it is, at Microsoft’s own addresses', () => {
  beforeAll(() => network.listen({ onUnhandledFrame: 'error' }));
  afterAll(() => network.close());
  let client: Client;
  beforeEach(async () => {
    const body = (await (await requestToken(simulator, tenantOf(simulator).id)).json()) as {
      access_token: string;
    };
    client = Client.init({ authProvider: (done) => done(null, body.access_token) });
  });
  const mailbox = () => tenantOf(simulator).mailboxes[3] ?? '';

  it('reads an object and a list (microsoft-graph 4)', async () => {
    const organization = (await client.api('/organization').get()) as { value: Json[] };
    expect(organization.value[0]?.id).toBe(tenantOf(simulator).id);
    const users = (await client.api('/users').select(['id', 'proxyAddresses']).top(5).get()) as {
      value: Json[];
    };
    expect(users.value).toHaveLength(5);
  });

  it('walks all pages of a list and of a delta with its PageIterator (microsoft-graph 3.1, 4)', async () => {
    const walk = async (path: string) => {
      const ids = new Set<string>();
      const first = await client.api(path).select('id').get();
      const iterator = new PageIterator(client, first, (row: { id: string }) => {
        ids.add(row.id);
        return true;
      });
      await iterator.iterate();
      return { ids, deltaLink: iterator.getDeltaLink() };
    };
    expect((await walk('/users')).ids.size).toBe(250);
    const delta = await walk('/users/delta');
    expect(delta.ids.size).toBe(250);
    expect(delta.deltaLink).toContain('$deltatoken=');
    const next = (await client.api(delta.deltaLink ?? '').get()) as { value: Json[] };
    expect(next.value).toEqual([]);
  });

  it('reads content as a stream and as an ArrayBuffer, byte for byte (microsoft-graph 5.3)', async () => {
    const entries = [...simulator.manifest(tenantOf(simulator))]
      .filter((entry) => entry.mailboxId === mailbox())
      .slice(0, 10);
    const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    for (const entry of entries) {
      const request = () =>
        client
          .api(`/users/${entry.mailboxId}/messages/${entry.messageId}/$value`)
          .header('Prefer', 'IdType="ImmutableId"');
      const buffer = (await request().responseType(ResponseType.ARRAYBUFFER).get()) as ArrayBuffer;
      expect(sha256(new Uint8Array(buffer))).toBe(entry.sha256);
      const stream = (await request().getStream()) as ReadableStream<Uint8Array>;
      const chunks: Uint8Array[] = [];
      for await (const chunk of stream) chunks.push(chunk);
      expect(sha256(Buffer.concat(chunks))).toBe(entry.sha256);
    }
  });

  it('waits and goes on after a 429, by its own middleware (microsoft-graph 1.1)', async () => {
    simulator.inject({
      route: 'domains.list',
      answer: { status: 429, headers: { 'retry-after': '1' }, body: '{"error":{"code":"TooManyRequests"}}' },
    });
    const domains = (await client.api('/domains').get()) as { value: Json[] };
    expect(domains.value.length).toBeGreaterThan(1);
    expect(simulator.counts.throttled).toBe(1);
  });

  it('reports errors with code and status (microsoft-graph 9)', async () => {
    await expect(client.api('/users/nobody@contoso.com').get()).rejects.toMatchObject({
      statusCode: 404,
      code: 'Request_ResourceNotFound',
    });
  });
});
