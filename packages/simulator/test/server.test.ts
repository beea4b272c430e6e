import { request } from 'node:http';
import { createServer } from 'node:net';
import { createSimulator } from '@mailsphere/simulator';
import { startServer } from '@mailsphere/simulator/server';
import { describe, expect, it } from 'vitest';
import { type Json, tenantOf } from './support.ts';

async function running(
  options: Parameters<typeof startServer>[0] = { tenants: [{ name: 'contoso', consented: true }] },
) {
  const server = await startServer(options);
  const { clientId, secret } = server.simulator.app;
  const tenant = tenantOf(server.simulator);
  const body = new URLSearchParams({
    client_id: clientId,
    client_secret: secret,
    grant_type: 'client_credentials',
    scope: `${server.graph}/.default`,
  });
  const response = await fetch(`${server.login}/${tenant.id}/oauth2/v2.0/token`, { method: 'POST', body });
  const { access_token } = (await response.json()) as { access_token: string };
  const headers = { authorization: `Bearer ${access_token}` };
  return {
    server,
    tenant,
    headers,
    get: async (path: string) => (await (await fetch(server.graph + path, { headers })).json()) as Json,
  };
}

describe('the server', () => {
  it('names itself in issuers and links (engineering 12, links are checked by host)', async () => {
    const { server, tenant, get } = await running();
    const document = (await (
      await fetch(`${server.login}/contoso.com/v2.0/.well-known/openid-configuration`)
    ).json()) as Json;
    expect(document.issuer).toBe(`${server.login}/${tenant.id}/v2.0`);
    const page = await get('/v1.0/users?$top=2');
    expect(String(page['@odata.nextLink'])).toMatch(new RegExp(`^${server.graph}/v1\\.0/users\\?`));
    // The same server by another of its names.
    const byName = await fetch(`${server.graph.replace('127.0.0.1', 'localhost')}/v1.0/users`);
    expect(byName.status).toBe(401);
    await server.close();
  });

  it('listens on loopback addresses only', async () => {
    await expect(startServer({}, { host: '0.0.0.0' })).rejects.toThrow(/not a loopback address/);
    await expect(startServer(createSimulator())).rejects.toThrow(/loopback origin/);
  });

  it('does not answer to a host name that only points here (DNS rebinding)', async () => {
    await using server = await startServer();
    const { hostname, port } = new URL(server.graph);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { host: `evil.example:${port}` };
      request({ hostname, port, path: '/simulator/tenants', headers }, (response) =>
        resolve(response.resume().statusCode),
      )
        .on('error', reject)
        .end();
    });
    expect(status).toBe(421);
  });

  it('serves a simulator that was made before, where it says that it is', async () => {
    const [loginOrigin, graphOrigin] = await Promise.all([freeOrigin(), freeOrigin()]);
    const simulator = createSimulator({ loginOrigin, graphOrigin });
    await using server = await startServer(simulator);
    expect(server.simulator).toBe(simulator);
    expect([server.login, server.graph]).toEqual([loginOrigin, graphOrigin]);
    expect((await fetch(`${loginOrigin}/contoso.com/discovery/v2.0/keys`)).status).toBe(200);
  });

  it('breaks connections and leaves requests unanswered when told to (entra-and-msal 10.6)', async () => {
    const { server, headers } = await running();
    server.simulator.inject({ route: 'domains.list', answer: 'reset' });
    await expect(fetch(`${server.graph}/v1.0/domains`, { headers })).rejects.toThrow('fetch failed');
    server.simulator.inject({ route: 'domains.list', answer: 'hang' });
    await expect(
      fetch(`${server.graph}/v1.0/domains`, { headers, signal: AbortSignal.timeout(50) }),
    ).rejects.toThrow(/abort|timeout/i);
    expect((await fetch(`${server.graph}/v1.0/domains`, { headers })).status).toBe(200);
    await server.close();
  });

  it('answers a hundred requests at once to as many mailboxes', async () => {
    const { server, tenant, headers } = await running({
      latencyMs: 10,
      tenants: [{ name: 'contoso', users: 120, consented: true }],
    });
    const answers = await Promise.all(
      tenant.mailboxes
        .slice(0, 100)
        .map((id) => fetch(`${server.graph}/v1.0/users/${id}/mailFolders`, { headers })),
    );
    expect(answers.every((response) => response.status === 200)).toBe(true);
    expect(server.simulator.counts.maxInFlightOverall).toBeGreaterThan(4);
    expect(server.simulator.counts.maxInFlight).toBe(1);
    await server.close();
  });
});

describe('the admin surface', () => {
  it('shows counts, tenants and a manifest of every message, without being counted itself', async () => {
    const { server, tenant, get } = await running();
    await get('/v1.0/users');
    expect(await get('/simulator/counts')).toMatchObject({
      total: 2,
      byRoute: { token: 1, 'users.list': 1 },
      byStatus: { 200: 2 },
    });
    const [row] = (await get('/simulator/tenants')) as unknown as [Json];
    expect(row).toMatchObject({
      id: tenant.id,
      domains: ['contoso.onmicrosoft.com', 'contoso.com'],
      administrator: { username: 'admin@contoso.onmicrosoft.com' },
    });
    const lines = (await (await fetch(`${server.graph}/simulator/tenants/${tenant.id}/manifest`)).text())
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([...server.simulator.manifest(tenant.id)]);
    await fetch(`${server.graph}/simulator/counts/reset`, { method: 'POST' });
    expect(server.simulator.counts.total).toBe(0);
    await server.close();
  });

  it('does what a test in another process asks for, and says what was wrong', async () => {
    const { server, tenant } = await running();
    const post = async (name: string, ...values: unknown[]) => {
      const response = await fetch(`${server.graph}/simulator/${name}`, {
        method: 'POST',
        body: JSON.stringify(values),
      });
      return { status: response.status, body: (await response.json()) as Json };
    };
    const added = await post('addUser', tenant.id, { nickname: 'late' });
    expect(tenant.users.some((user) => user.id === added.body.id)).toBe(true);
    const base64 = Buffer.from('Subject: x\r\n\r\n\xff', 'latin1').toString('base64');
    const { body } = await post('addMessage', tenant.id, String(added.body.id), 'inbox', { base64 });
    const content = await new Response(
      server.simulator.content(tenant.id, String(added.body.id), String(body.messageId)),
    ).arrayBuffer();
    expect(Buffer.from(content).toString('base64')).toBe(base64);
    await post('revokeGrant', tenant.id);
    expect(tenant.grants).toEqual([]);
    expect(await post('removeUser', tenant.id, 'nobody')).toEqual({
      status: 400,
      body: { error: "There is no user 'nobody'." },
    });
    expect((await post('fetch')).status).toBe(404);
    await server.close();
  });
});

function freeOrigin(): Promise<string> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(`http://127.0.0.1:${port}`));
    });
  });
}
