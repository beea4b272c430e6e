import { createHash } from 'node:crypto';
import { startServer } from '@mailsphere/simulator/server';
import { expect, it } from 'vitest';
import { connect, IMMUTABLE, tenantOf } from './support.ts';

const SIZE = 157_286_400;
const tenants = [{ name: 'contoso', messagesPerUser: 3, hugeMessageBytes: SIZE, consented: true }];

/** Reads a stream to its end and forgets it; returns length, hash and the most memory that was in use meanwhile. */
async function drain(body: ReadableStream<Uint8Array> | null) {
  const hash = createHash('sha256');
  const start = process.memoryUsage().rss;
  let length = 0;
  let most = start;
  for await (const chunk of body ?? []) {
    hash.update(chunk);
    length += chunk.length;
    most = Math.max(most, process.memoryUsage().rss);
  }
  return { length, sha256: hash.digest('hex'), added: most - start };
}

it('a message of 150 MB passes in constant memory, the same bytes each time (engineering 13, P7)', {
  timeout: 60_000,
}, async () => {
  const { simulator, ask } = await connect({ tenants });
  const tenant = tenantOf(simulator);
  const mailbox = tenant.mailboxes[0] ?? '';
  const id = tenant.mailbox(mailbox)?.idOf(0, 'immutable') ?? '';
  const first = await drain(
    (await ask(`/users/${mailbox}/messages/${id}/$value`, { headers: IMMUTABLE })).body,
  );
  const second = await drain(simulator.content(tenant.id, mailbox, id));
  expect(first.length).toBe(SIZE);
  expect(second.sha256).toBe(first.sha256);
  // Garbage that is not collected yet varies; a message that is held would add all of its size.
  for (const { added } of [first, second]) expect(added).toBeLessThan(0.85 * SIZE);
});

it('it passes through the server in constant memory too, and its slot is free after an abort (microsoft-graph 1.2)', {
  timeout: 60_000,
}, async () => {
  await using server = await startServer({ tenants });
  const { simulator } = server;
  const tenant = tenantOf(simulator);
  const mailbox = tenant.mailboxes[0] ?? '';
  const id = tenant.mailbox(mailbox)?.idOf(0, 'immutable') ?? '';
  const body = new URLSearchParams({
    client_id: simulator.app.clientId,
    client_secret: simulator.app.secret,
    grant_type: 'client_credentials',
    scope: `${server.graph}/.default`,
  });
  const token = (await (
    await fetch(`${server.login}/${tenant.id}/oauth2/v2.0/token`, { method: 'POST', body })
  ).json()) as { access_token: string };
  const headers = { authorization: `Bearer ${token.access_token}`, ...IMMUTABLE };
  const read = (signal: AbortSignal | null = null) =>
    fetch(`${server.graph}/v1.0/users/${mailbox}/messages/${id}/$value`, { headers, signal });
  const controller = new AbortController();
  const stalled = await Promise.all(Array.from({ length: 4 }, () => read(controller.signal)));
  expect(stalled.map((response) => response.status)).toEqual([200, 200, 200, 200]);
  expect((await read()).status).toBe(429);
  controller.abort();
  let response = await read();
  for (let attempt = 0; response.status === 429 && attempt < 100; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    response = await read();
  }
  const { length, added } = await drain(response.body);
  expect(length).toBe(SIZE);
  // Client and server share this process.
  expect(added).toBeLessThan(150_000_000);
});
