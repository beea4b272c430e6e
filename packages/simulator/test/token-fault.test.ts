import { aadstsCodes, brokenAnswers, createSimulator } from '@mailsphere/simulator';
import { startServer } from '@mailsphere/simulator/server';
import { describe, expect, it } from 'vitest';
import { connect, createBrowser, type Json, requestToken, someMailbox, tenantOf } from './support.ts';

function setup() {
  const simulator = createSimulator({
    tenants: [
      { name: 'contoso', consented: true },
      { name: 'fabrikam', consented: true },
    ],
  });
  return { simulator, tenantId: tenantOf(simulator).id };
}

describe('errors of the token endpoint', () => {
  it.each(Object.entries(aadstsCodes))(
    'AADSTS%s has every field of a real one (entra-and-msal 3, 4)',
    async (code, known) => {
      const { simulator, tenantId } = setup();
      simulator.inject({ route: 'token', answer: { aadsts: Number(code) } });
      const response = await requestToken(simulator, tenantId);
      const body = (await response.json()) as Json;
      expect(response.status).toBe(known.status);
      expect(body).toMatchObject({ error: known.error, error_codes: [Number(code)] });
      expect(body.timestamp).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/);
      for (const id of [body.trace_id, body.correlation_id]) expect(id).toMatch(/^[0-9a-f-]{36}$/);
      expect(body.error_uri).toBe(`https://login.microsoftonline.com/error?code=${code}`);
      expect(body.error_description).toContain(`AADSTS${code}: ${known.text}`);
      expect(body.suberror).toBe('suberror' in known ? known.suberror : undefined);
      expect('claims' in body).toBe('claims' in known);
    },
  );

  it('keep the statuses that are documented or recorded (entra-and-msal 4)', () => {
    expect(aadstsCodes[65001]).toMatchObject({
      status: 400,
      error: 'invalid_grant',
      suberror: 'consent_required',
    });
    expect(aadstsCodes[700016]).toMatchObject({ status: 400, error: 'unauthorized_client' });
    expect(aadstsCodes[50173]).toMatchObject({ status: 400, error: 'invalid_grant', suberror: 'bad_token' });
    expect(aadstsCodes[53003]).toMatchObject({ suberror: 'message_only' });
    expect(aadstsCodes[50076]).toMatchObject({ suberror: 'basic_action', claims: true });
    for (const code of [7000229, 7000222, 7000215] as const)
      expect(aadstsCodes[code]).toMatchObject({ status: 401, error: 'invalid_client' });
  });

  it('can be changed, and are meant for one tenant and one grant when told so (entra-and-msal 10.6)', async () => {
    const { simulator, tenantId } = setup();
    const answer = { aadsts: 700016, status: 500, merge: { error: 'server_error', error_codes: null } };
    simulator.inject({ route: 'token', tenantId, grant: 'client_credentials', answer });
    expect((await requestToken(simulator, tenantOf(simulator, 1).id)).status).toBe(200);
    const other = await requestToken(simulator, tenantId, {
      grant_type: 'refresh_token',
      refresh_token: 'x',
    });
    expect(await other.json()).toMatchObject({ error_codes: [70000] });
    const changed = await requestToken(simulator, tenantId);
    expect(changed.status).toBe(500);
    const body = (await changed.json()) as Json;
    expect(body.error).toBe('server_error');
    expect(body).not.toHaveProperty('error_codes');
    expect(simulator.counts.tokensByTenant[tenantId]).toBe(2);
    expect(simulator.counts.tokensByGrant).toEqual({ client_credentials: 2, refresh_token: 1 });
  });

  it('are a page where a page was asked for (entra-and-msal 4)', async () => {
    const { simulator, tenantId } = setup();
    simulator.inject({ route: 'authorize', answer: { aadsts: 50105 } });
    const { response } = await createBrowser(simulator).open(
      `${simulator.login.origin}/${tenantId}/oauth2/v2.0/authorize`,
    );
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(await response.text()).toContain('AADSTS50105');
  });
});

describe('a token endpoint that misbehaves', () => {
  it.each([
    ['throttledJson', 429, /"error_codes":\[90055\]/],
    ['throttledText', 429, /^Too Many Requests$/],
    ['unavailableHtml', 503, /<h1>/],
    ['empty', 200, /^$/],
    ['emptyObject', 200, /^\{\}$/],
    ['html', 200, /^<html>/],
    ['negativeLifetime', 200, /"expires_in":-5\b/],
    ['hugeLifetime', 200, /"expires_in":1e\+300\b/],
    ['textLifetime', 200, /"expires_in":"3599"/],
  ] as const)('answers %s (entra-and-msal 10.6, 11.19)', async (answer, status, text) => {
    const { simulator, tenantId } = setup();
    simulator.inject({ route: 'token', answer });
    const response = await requestToken(simulator, tenantId);
    expect(response.status).toBe(status);
    expect(await response.text()).toMatch(text);
    expect(response.headers.get('retry-after')).toBe(status === 200 ? null : '7');
    expect((await requestToken(simulator, tenantId)).status).toBe(200);
  });

  it('leaves out what a client needs, and redirects to another origin (entra-and-msal 6.3, 6.6, 11.19)', async () => {
    const { simulator, tenantId } = setup();
    simulator.inject({ route: 'token', answer: 'noToken' });
    expect(await (await requestToken(simulator, tenantId)).json()).not.toHaveProperty('access_token');
    simulator.inject({
      route: 'token',
      answer: { status: 307, headers: { location: 'https://evil.example/' } },
    });
    const response = await requestToken(simulator, tenantId);
    expect([response.status, response.headers.get('location')]).toEqual([307, 'https://evil.example/']);
  });

  it('sends a body without an end through the server, bit by bit (entra-and-msal 11.19)', async () => {
    await using server = await startServer({ tenants: [{ name: 'contoso', consented: true }] });
    const { simulator } = server;
    simulator.inject({ route: 'token', answer: 'hugeBody' });
    const url = `${server.login}/${tenantOf(simulator).id}/oauth2/v2.0/token`;
    const response = await fetch(url, { method: 'POST', body: new URLSearchParams({ grant_type: 'x' }) });
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > 1_000_000) break;
    }
    expect(bytes).toBeGreaterThan(1_000_000);
    expect(brokenAnswers.hugeBody.bodyBytes).toBe(100_000_000);
  });

  it('says so when a test asks for an answer that there is not', () => {
    const { simulator } = setup();
    const answer = 'nonsense' as 'empty';
    expect(() => simulator.inject({ route: 'token', answer })).toThrow(/throttledText/);
  });
});

describe('a Graph that misbehaves', () => {
  it('changes a property, floods, and takes its time (entra-and-msal 10.6)', async () => {
    const { simulator, ask, get } = await connect();
    simulator.inject({ route: 'organization.list', answer: { merge: { value: null } } });
    expect(await get('/organization')).not.toHaveProperty('value');
    simulator.inject({ route: '*', answer: { status: 200, bodyBytes: 200_000 }, afterMs: 5 });
    expect((await (await ask('/organization')).text()).length).toBe(200_000);
    // A fault of the other service waits for a request that it can happen to.
    simulator.inject({ route: '*', answer: { aadsts: 90033 } });
    expect((await ask(`/users/${someMailbox(simulator)}/messages`)).status).toBe(200);
    expect((await requestToken(simulator, tenantOf(simulator).id)).status).toBe(503);
  });
});
