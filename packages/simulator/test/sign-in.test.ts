import { createHash } from 'node:crypto';
import { createSimulator } from '@mailsphere/simulator';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { createBrowser, createManualClock, tenantOf } from './support.ts';

const VERIFIER = 'a-verifier-that-is-long-enough-for-the-rule-of-43-characters';
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

function setup() {
  const clock = createManualClock();
  const simulator = createSimulator({
    clock,
    tenants: [
      { name: 'contoso', users: 20 },
      { name: 'fabrikam', users: 20 },
    ],
  });
  const tenant = tenantOf(simulator);
  const address = (extra: Record<string, string> = {}, name = tenant.id) => {
    const query = new URLSearchParams({
      client_id: simulator.app.clientId,
      response_type: 'code',
      redirect_uri: 'http://localhost:3000/callback',
      scope: 'openid profile',
      state: 'state-1',
      nonce: 'nonce-1',
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
      ...extra,
    });
    return `${simulator.login.origin}/${name}/oauth2/v2.0/authorize?${query}`;
  };
  const redeem = (code: string, extra: Record<string, string> = {}) => {
    const body = new URLSearchParams({
      client_id: simulator.app.clientId,
      client_secret: simulator.app.secret,
      grant_type: 'authorization_code',
      code,
      redirect_uri: 'http://localhost:3000/callback',
      code_verifier: VERIFIER,
      ...extra,
    });
    const request = new Request(`${simulator.login.origin}/${tenant.id}/oauth2/v2.0/token`, {
      method: 'POST',
      body,
    });
    return simulator.fetch(request);
  };
  const browser = createBrowser(simulator);
  const signIn = async (username: string, extra: Record<string, string> = {}) =>
    new URL((await browser.submit(address(extra), { username })).url).searchParams;
  return { clock, simulator, tenant, address, redeem, browser, signIn };
}

describe('the OpenID Connect document', () => {
  it('resolves a domain to the GUID of its tenant, and a typing mistake to 90002 (entra-and-msal 5)', async () => {
    const { simulator, tenant } = setup();
    const document = async (name: string) =>
      simulator.fetch(new Request(`${simulator.login.origin}/${name}/v2.0/.well-known/openid-configuration`));
    const found = (await (await document('Contoso.com')).json()) as {
      issuer: string;
      token_endpoint: string;
    };
    expect(found.issuer).toBe(`https://login.microsoftonline.com/${tenant.id}/v2.0`);
    expect(found.token_endpoint).toBe(`https://login.microsoftonline.com/${tenant.id}/oauth2/v2.0/token`);
    expect(found).not.toHaveProperty('code_challenge_methods_supported');
    const unknown = await document('contosso.com');
    expect(unknown.status).toBe(400);
    expect(await unknown.json()).toMatchObject({ error: 'invalid_tenant', error_codes: [90002] });
    const template = (await (await document('organizations')).json()) as { issuer: string };
    expect(template.issuer).toBe('https://login.microsoftonline.com/{tenantid}/v2.0');
    expect((await document('contoso-unverified.example')).status).toBe(400);
  });

  it('publishes keys that say for which issuer they are, and new ones after a rotation (entra-and-msal 5, 10.1)', async () => {
    const { simulator, tenant } = setup();
    const keys = async () =>
      (await (
        await simulator.fetch(new Request(`${simulator.login.origin}/${tenant.id}/discovery/v2.0/keys`))
      ).json()) as JSONWebKeySet;
    const before = await keys();
    expect(before.keys[0]).toMatchObject({
      kty: 'RSA',
      use: 'sig',
      issuer: `https://login.microsoftonline.com/${tenant.id}/v2.0`,
    });
    expect(before.keys[0]).not.toHaveProperty('d');
    simulator.rotateSigningKey({ forget: true });
    const after = await keys();
    expect(after.keys.map((key) => key.kid)).not.toContain(before.keys[0]?.kid);
  });
});

describe('signing in', () => {
  it('shows a page with the people, and goes back with code and state once one is chosen (entra-and-msal 10.3)', async () => {
    const { tenant, address, browser } = setup();
    const page = await browser.open(address());
    const html = await page.response.text();
    expect(html).toContain('<form method="post">');
    expect(html).toContain(tenant.administrator.username);
    const { url } = await browser.submit(address(), { username: tenant.administrator.username });
    expect(url).toMatch(/^http:\/\/localhost:3000\/callback\?code=/);
    expect(new URL(url).searchParams.get('state')).toBe('state-1');
  });

  it('signs an id token that jose accepts, with oid, tid, nonce and the roles (entra-and-msal 1.5, 1.6)', async () => {
    const { clock, simulator, tenant, signIn, redeem } = setup();
    const code = (await signIn(tenant.administrator.username)).get('code') ?? '';
    const body = (await (await redeem(code)).json()) as { id_token: string; refresh_token?: string };
    const keys = await simulator.fetch(
      new Request(`${simulator.login.origin}/${tenant.id}/discovery/v2.0/keys`),
    );
    const { payload } = await jwtVerify(
      body.id_token,
      createLocalJWKSet((await keys.json()) as JSONWebKeySet),
      {
        issuer: `https://login.microsoftonline.com/${tenant.id}/v2.0`,
        audience: simulator.app.clientId,
        algorithms: ['RS256'],
        currentDate: new Date(clock.now()),
      },
    );
    expect(payload).toMatchObject({
      oid: tenant.administrator.id,
      tid: tenant.id,
      nonce: 'nonce-1',
      acct: 0,
      ver: '2.0',
    });
    expect(payload.wids).toContain('62e90394-69f5-4237-9190-012177145e10');
    expect(payload.sub).not.toBe(payload.oid);
    expect(body.refresh_token).toBeUndefined();
  });

  it('leaves wids out when the app does not ask for them, and marks guests (entra-and-msal 1.6, 10.5)', async () => {
    const { simulator, tenant, signIn, redeem } = setup();
    simulator.updateApp({ groupMembershipClaims: 'None' });
    const guest = tenant.accounts.guest?.username ?? '';
    const code = (await signIn(guest)).get('code') ?? '';
    const claims = decodeJwt(((await (await redeem(code)).json()) as { id_token: string }).id_token);
    expect(claims).not.toHaveProperty('wids');
    expect(claims.acct).toBe(1);
  });

  it('redeems a code once, in ten minutes, with the right verifier and address (entra-and-msal 2.2, 3)', async () => {
    const { clock, signIn, tenant, redeem } = setup();
    const fresh = async () => (await signIn(tenant.administrator.username)).get('code') ?? '';
    const first = await fresh();
    expect((await redeem(first)).status).toBe(200);
    expect(await (await redeem(first)).json()).toMatchObject({
      error: 'invalid_grant',
      error_codes: [54005],
    });
    expect(await (await redeem(await fresh(), { code_verifier: 'wrong' })).json()).toMatchObject({
      error: 'invalid_grant',
    });
    expect((await redeem(await fresh(), { redirect_uri: 'http://localhost:3000/other' })).status).toBe(400);
    const late = await fresh();
    await clock.advance(600_001);
    expect(await (await redeem(late)).json()).toMatchObject({ error: 'invalid_grant', error_codes: [70008] });
  });

  it('answers prompt=none from the session, and login_required without one (entra-and-msal 4, 10.3)', async () => {
    const { address, browser, tenant } = setup();
    const silent = async () => new URL((await browser.open(address({ prompt: 'none' }))).url).searchParams;
    expect((await silent()).get('error')).toBe('login_required');
    expect((await silent()).get('state')).toBe('state-1');
    await browser.submit(address(), { username: tenant.administrator.username });
    expect((await silent()).get('code')).not.toBeNull();
    const asked = await browser.open(address({ prompt: 'select_account' }));
    expect(await asked.response.text()).toContain('<form method="post">');
  });

  it('never redirects to an address that is not registered, nor signs in people of another tenant (entra-and-msal 1.8, 4)', async () => {
    const { simulator, address, browser } = setup();
    for (const redirect_uri of [
      'https://evil.example/callback',
      'http://localhost.evil.example/',
      'http://user@localhost/',
    ]) {
      const { response } = await browser.open(address({ redirect_uri }));
      expect(response.status).toBe(400);
      expect(await response.text()).toContain('AADSTS50011');
    }
    const stranger = tenantOf(simulator, 1).administrator.username;
    const { response } = await browser.submit(address(), { username: stranger });
    expect(await response.text()).toContain('AADSTS50020');
  });

  it('escapes what it shows', async () => {
    const { address, browser } = setup();
    const { response } = await browser.open(address({ login_hint: '"><script>alert(1)</script>' }));
    expect(await response.text()).not.toContain('<script>alert');
  });

  it('posts the answer when response_mode is form_post (entra-and-msal 10.3)', async () => {
    const { address, browser, tenant } = setup();
    const { response } = await browser.submit(address({ response_mode: 'form_post' }), {
      username: tenant.administrator.username,
    });
    expect(await response.text()).toMatch(/action="http:\/\/localhost:3000\/callback".*name="code" value="/s);
  });

  it('rolls refresh tokens without revoking the old one (entra-and-msal 3)', async () => {
    const { tenant, signIn, redeem } = setup();
    const code =
      (await signIn(tenant.administrator.username, { scope: 'openid offline_access' })).get('code') ?? '';
    const first = (await (await redeem(code)).json()) as { refresh_token: string };
    const fields = { grant_type: 'refresh_token', refresh_token: first.refresh_token };
    const second = (await (await redeem('', fields)).json()) as { refresh_token: string };
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect((await redeem('', fields)).status).toBe(200);
  });

  it('signs with a key of its own each time (security: nobody can forge a token from the source)', async () => {
    const headers = await Promise.all(
      [1, 2].map(async () => {
        const { tenant, signIn, redeem } = setup();
        const code = (await signIn(tenant.administrator.username)).get('code') ?? '';
        return decodeProtectedHeader(((await (await redeem(code)).json()) as { id_token: string }).id_token);
      }),
    );
    expect(headers[0]?.kid).not.toBe(headers[1]?.kid);
  });
});
