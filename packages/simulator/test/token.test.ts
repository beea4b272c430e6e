import { createPrivateKey, randomUUID, X509Certificate } from 'node:crypto';
import { createSimulator, type SimulatorOptions } from '@mailsphere/simulator';
import { decodeJwt, SignJWT } from 'jose';
import { generate } from 'selfsigned';
import { describe, expect, it } from 'vitest';
import { createManualClock, requestToken, tenantOf } from './support.ts';

function setup(options: SimulatorOptions = {}) {
  const clock = createManualClock();
  const simulator = createSimulator({ clock, tenants: [{ name: 'contoso', consented: true }], ...options });
  const tenant = tenantOf(simulator);
  const ask = async (fields: Record<string, string> = {}, name = tenant.id) => {
    const response = await requestToken(simulator, name, fields);
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Record<string, unknown>,
    };
  };
  return { clock, simulator, tenant, ask };
}

const rolesOf = (body: Record<string, unknown>) => decodeJwt(String(body.access_token)).roles;

describe('app-only tokens', () => {
  it('live 60 to 90 minutes and carry the granted roles (entra-and-msal 2.1, 2.2)', async () => {
    const { simulator, ask } = setup();
    const lives = new Set<number>();
    for (let time = 0; time < 20; time++) {
      const { body, headers } = await ask();
      lives.add(Number(body.expires_in));
      expect(body).toMatchObject({ token_type: 'Bearer' });
      expect(body).not.toHaveProperty('refresh_token');
      expect(headers.get('cache-control')).toBe('no-store, no-cache');
      expect(rolesOf(body)).toEqual([...simulator.app.requiredPermissions].sort());
    }
    expect(lives.size).toBeGreaterThan(5);
    expect(Math.min(...lives)).toBeGreaterThanOrEqual(3_600);
    expect(Math.max(...lives)).toBeLessThan(5_400);
  });

  it('live a day when the client declares cp1, in any case (entra-and-msal 2.2, 6.2)', async () => {
    const { ask } = setup();
    const { body } = await ask({ claims: JSON.stringify({ access_token: { xms_cc: { values: ['CP1'] } } }) });
    expect(body).toMatchObject({ expires_in: 86_399 });
  });

  it.each([
    ['a wrong secret', { client_secret: 'wrong' }, 401, 'invalid_client', 7000215],
    ['no secret', { client_secret: '' }, 401, 'invalid_client', 7000215],
    [
      'a scope that is not .default',
      { scope: 'https://graph.microsoft.com/Mail.Read' },
      400,
      'invalid_scope',
      70011,
    ],
    [
      'two resources',
      { scope: 'https://graph.microsoft.com/.default https://graph.microsoft.com/.default' },
      400,
      'invalid_scope',
      70011,
    ],
    ['another app', { client_id: randomUUID() }, 400, 'unauthorized_client', 700016],
  ])('are refused for %s (entra-and-msal 4)', async (_, fields, status, error, code) => {
    const { ask } = setup();
    const answer = await ask(fields);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({
      error,
      error_codes: [code],
      error_uri: expect.stringContaining(String(code)),
    });
    expect(answer.body.error_description).toMatch(new RegExp(`^AADSTS${code}: `));
  });

  it('follow the life of the enterprise application: absent, disabled, deleted, tenant gone (entra-and-msal 1.9, 4)', async () => {
    const { simulator, tenant, ask } = setup({ tenants: [{ name: 'contoso' }] });
    expect((await ask()).body).toMatchObject({ error: 'unauthorized_client', error_codes: [700016] });
    simulator.grantConsent(tenant.id);
    simulator.disableServicePrincipal(tenant.id);
    expect((await ask()).body).toMatchObject({ error_codes: [7000112] });
    simulator.enableServicePrincipal(tenant.id);
    simulator.deleteServicePrincipal(tenant.id);
    expect(await ask()).toMatchObject({
      status: 401,
      body: { error: 'invalid_client', error_codes: [7000229] },
    });
    simulator.deleteTenant(tenant.id);
    expect((await ask()).body).toMatchObject({ error: 'invalid_request', error_codes: [90002] });
    expect((await ask({}, 'contosso.com')).body).toMatchObject({ error_codes: [90002] });
    expect((await ask({}, 'common')).body).toMatchObject({ error_codes: [900023] });
    simulator.expireSecret();
  });

  it('come without roles after a revocation, and in the first moments after consent (entra-and-msal 2.1)', async () => {
    const { clock, simulator, tenant, ask } = setup({ propagationMs: 30_000 });
    expect(rolesOf((await ask()).body)).toBeUndefined();
    await clock.advance(30_000);
    expect(rolesOf((await ask()).body)).toContain('Mail.Read');
    simulator.revokeGrant(tenant.id, 'Mail.Read');
    expect(rolesOf((await ask()).body)).not.toContain('Mail.Read');
    simulator.revokeGrant(tenant.id);
    const { status, body } = await ask();
    expect(status).toBe(200);
    expect(rolesOf(body)).toBeUndefined();
  });

  it('are refused to an expired secret until it is replaced (entra-and-msal 4)', async () => {
    const { simulator, ask } = setup();
    simulator.expireSecret();
    expect(await ask()).toMatchObject({ status: 401, body: { error_codes: [7000222] } });
    simulator.updateApp({ secret: 'another' });
    expect((await ask({ client_secret: 'another' })).status).toBe(200);
  });

  it('ignore fields and a query that they do not know, and accept HTTP Basic (entra-and-msal 2.1, 6.2)', async () => {
    const { simulator, tenant } = setup();
    const basic = Buffer.from(
      `${simulator.app.clientId}:${encodeURIComponent(simulator.app.secret)}`,
    ).toString('base64');
    const response = await simulator.fetch(
      new Request(
        `${simulator.login.origin}/${tenant.id}/oauth2/v2.0/token?client-request-id=${randomUUID()}`,
        {
          method: 'POST',
          headers: { authorization: `Basic ${basic}` },
          body: new URLSearchParams({
            grant_type: 'client_credentials',
            scope: 'https://graph.microsoft.com/.default',
            'x-client-SKU': 'msal.js.node',
            'x-ms-lib-capability': 'retry-after, h429',
          }),
        },
      ),
    );
    expect(response.status).toBe(200);
  });
});

describe('client assertions', () => {
  const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

  async function certified() {
    const pair = await generate([{ name: 'commonName', value: 'app' }], { keySize: 2048 });
    const app = { certificates: [{ certificatePem: pair.cert }] };
    const made = setup({ app });
    const thumbprint = new X509Certificate(pair.cert).fingerprint256.replaceAll(':', '');
    const assertion = (
      change: { aud?: string; expiresIn?: number; thumbprint?: string; jti?: string | undefined } = {},
    ) => {
      const now = Math.floor(made.clock.now() / 1000);
      const id = made.simulator.app.clientId;
      const x5t = Buffer.from(change.thumbprint ?? thumbprint, 'hex').toString('base64url');
      const jwt = new SignJWT('jti' in change && change.jti === undefined ? {} : { jti: randomUUID() })
        .setProtectedHeader({ alg: 'PS256', typ: 'JWT', 'x5t#S256': x5t })
        .setIssuer(id)
        .setSubject(id)
        .setAudience(change.aud ?? `${made.simulator.login.origin}/${made.tenant.id}/oauth2/v2.0/token`)
        .setNotBefore(now)
        .setExpirationTime(now + (change.expiresIn ?? 600));
      return jwt.sign(createPrivateKey(pair.private));
    };
    const ask = async (change: Parameters<typeof assertion>[0] = {}) => {
      const body = new URLSearchParams({
        client_id: made.simulator.app.clientId,
        scope: 'https://graph.microsoft.com/.default',
        grant_type: 'client_credentials',
        client_assertion_type: TYPE,
        client_assertion: await assertion(change),
      });
      const url = `${made.simulator.login.origin}/${made.tenant.id}/oauth2/v2.0/token`;
      const response = await made.simulator.fetch(new Request(url, { method: 'POST', body }));
      return (await response.json()) as Record<string, unknown>;
    };
    return { ...made, ask };
  }

  it('are accepted by a registered certificate for the tenant’s token endpoint (entra-and-msal 2.3, 6.2)', async () => {
    const { tenant, ask } = await certified();
    expect(await ask()).toHaveProperty('access_token');
    // What a client signs whose host name is rewritten on the way.
    expect(
      await ask({ aud: `https://login.microsoftonline.com/${tenant.id}/oauth2/v2.0/token` }),
    ).toHaveProperty('access_token');
  });

  it('are refused with a wrong audience, no jti, a past end or an unknown thumbprint (entra-and-msal 2.3, 4)', async () => {
    const { ask } = await certified();
    expect(
      await ask({ aud: `https://login.microsoftonline.com/${randomUUID()}/oauth2/v2.0/token` }),
    ).toMatchObject({ error: 'invalid_client' });
    expect(await ask({ jti: undefined })).toMatchObject({ error: 'invalid_client' });
    expect(await ask({ expiresIn: -400 })).toMatchObject({ error: 'invalid_client' });
    expect(await ask({ thumbprint: '00'.repeat(32) })).toMatchObject({
      error: 'invalid_client',
      error_codes: [700027],
    });
  });
});

describe('faults', () => {
  it('answer what they are told, so many times, and nothing else (entra-and-msal 10.6)', async () => {
    const { simulator, tenant } = setup();
    simulator.inject({ route: 'token', answer: { aadsts: 90033 } });
    simulator.inject({
      route: 'token',
      times: 2,
      answer: { status: 429, headers: { 'retry-after': '7' }, body: 'Too Many Requests' },
    });
    expect((await requestToken(simulator, tenant.id)).status).toBe(503);
    const plain = await requestToken(simulator, tenant.id);
    expect([plain.status, plain.headers.get('retry-after'), await plain.text()]).toEqual([
      429,
      '7',
      'Too Many Requests',
    ]);
    await requestToken(simulator, tenant.id);
    expect((await requestToken(simulator, tenant.id)).status).toBe(200);
    simulator.inject({ route: 'token', answer: 'reset' });
    await expect(requestToken(simulator, tenant.id)).rejects.toThrow(TypeError);
  });
});
