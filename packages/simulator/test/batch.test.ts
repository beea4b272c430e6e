import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { connect, IMMUTABLE, type Json, someMailbox, tenantOf } from './support.ts';

interface Part extends Json {
  readonly id: string;
  readonly status: number;
  readonly headers: Record<string, string>;
}

async function setup(options: Parameters<typeof connect>[0] = {}) {
  const connected = await connect(options);
  const send = (requests: unknown) =>
    connected.ask('/$batch', {
      method: 'POST',
      body: JSON.stringify({ requests }),
      headers: { 'content-type': 'application/json' },
    });
  const parts = async (requests: unknown) => {
    const response = await send(requests);
    expect(response.status).toBe(200);
    return ((await response.json()) as { responses: Part[] }).responses;
  };
  const byId = async (requests: unknown) => new Map((await parts(requests)).map((part) => [part.id, part]));
  return { ...connected, send, parts, byId };
}

describe('$batch', () => {
  it('answers each part by id, in an order of its own (microsoft-graph 2)', async () => {
    const { parts } = await setup();
    const requests = Array.from({ length: 20 }, (_, index) => ({
      id: String(index),
      method: 'GET',
      url: index % 2 === 0 ? '/users?$top=1' : 'domains',
    }));
    const answers = await parts(requests);
    expect(answers.map((part) => part.id)).not.toEqual(requests.map((request) => request.id));
    expect(answers.map((part) => Number(part.id)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, index) => index),
    );
    for (const part of answers)
      expect(part).toMatchObject({ status: 200, headers: { 'x-ms-resource-unit': '1' } });
  });

  it('is 400 as a whole only when the envelope is wrong (microsoft-graph 2)', async () => {
    const { send } = await setup();
    const get = (id: string, extra: Json = {}) => ({ id, method: 'GET', url: '/domains', ...extra });
    expect((await send(Array.from({ length: 21 }, (_, index) => get(String(index))))).status).toBe(400);
    expect((await send([get('a'), get('A')])).status).toBe(400);
    expect((await send([get('1', { body: {} })])).status).toBe(400);
    expect((await send([get('1', { dependsOn: ['2'] })])).status).toBe(400);
    expect((await send('no list')).status).toBe(400);
  });

  it('says 200 over parts that failed, and 424 to those that depend on them (microsoft-graph 2)', async () => {
    const { byId } = await setup();
    const answers = await byId([
      { id: '1', method: 'GET', url: '/users/nobody@contoso.com' },
      { id: '2', method: 'GET', url: '/domains', dependsOn: ['1'] },
      { id: '3', method: 'GET', url: '/domains' },
      { id: '4', method: 'GET', url: 'https://graph.microsoft.com/v1.0/domains' },
      {
        id: '5',
        method: 'POST',
        url: '/$batch',
        headers: { 'Content-Type': 'application/json' },
        body: { requests: [] },
      },
    ]);
    expect([...'12345'].map((id) => answers.get(id)?.status)).toEqual([404, 424, 200, 400, 400]);
  });

  it('throttles part by part, with a wait of its own each (microsoft-graph 2, 14.2)', async () => {
    const { simulator, parts } = await setup({ limits: { mailboxRequests: 2 } });
    const mailbox = someMailbox(simulator);
    const answers = await parts(
      Array.from({ length: 5 }, (_, index) => ({
        id: String(index),
        method: 'GET',
        url: `/users/${mailbox}/mailFolders`,
      })),
    );
    expect(answers.filter((part) => part.status === 200)).toHaveLength(2);
    for (const part of answers.filter((one) => one.status === 429))
      expect(Number(part.headers['Retry-After'])).toBeGreaterThan(0);
  });

  it('runs at most four parts at a time, whatever the mailboxes (microsoft-graph 2)', async () => {
    const { simulator, parts } = await setup({ latencyMs: 5, tenants: [{ name: 'contoso', users: 40 }] });
    const { mailboxes } = tenantOf(simulator);
    await parts(
      mailboxes.slice(0, 20).map((mailbox, index) => ({
        id: String(index),
        method: 'GET',
        url: `/users/${mailbox}/mailFolders/inbox`,
      })),
    );
    expect(simulator.counts.maxInFlightOverall).toBe(4);
  });

  it('wants Prefer in each part, and gives content as base64 text (microsoft-graph 2)', async () => {
    const { simulator, ask, byId } = await setup();
    const [entry] = simulator.manifest(tenantOf(simulator));
    if (entry === undefined) throw new Error('no mail');
    const url = `/users/${entry.mailboxId}/messages/${entry.messageId}/$value`;
    const requests = [
      { id: 'with', method: 'GET', url, headers: IMMUTABLE },
      { id: 'without', method: 'GET', url },
    ];
    const response = await ask('/$batch', {
      method: 'POST',
      body: JSON.stringify({ requests }),
      headers: IMMUTABLE,
    });
    const envelope = ((await response.json()) as { responses: Part[] }).responses;
    expect(envelope.find((part) => part.id === 'without')?.status).toBe(404);
    const body = (await byId(requests)).get('with')?.body;
    expect(
      createHash('sha256')
        .update(Buffer.from(String(body), 'base64'))
        .digest('hex'),
    ).toBe(entry.sha256);
  });
});
