import {
  createSimulator,
  PERSONAL_TENANT_ID,
  ROLES,
  type Simulator,
  type TokenForgery,
} from '@mailsphere/simulator';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { createBrowser, signInTokens, tenantOf } from './support.ts';

function setup() {
  const simulator = createSimulator({ tenants: [{ name: 'contoso', users: 20 }, { name: 'fabrikam' }] });
  const tenant = tenantOf(simulator);
  const idToken = async (forgery?: TokenForgery, username = tenant.administrator.username) => {
    if (forgery !== undefined) simulator.forgeIdToken(forgery);
    return String((await signInTokens(simulator, tenant.id, username)).id_token);
  };
  return { simulator, tenant, idToken };
}

async function keySet(simulator: Simulator, name: string): Promise<JSONWebKeySet> {
  const url = `${simulator.login.origin}/${name}/discovery/v2.0/keys`;
  return (await (await simulator.fetch(new Request(url))).json()) as JSONWebKeySet;
}

async function isSigned(simulator: Simulator, name: string, token: string): Promise<boolean> {
  const keys = createLocalJWKSet(await keySet(simulator, name));
  return jwtVerify(token, keys, { algorithms: ['RS256'] }).then(
    () => true,
    () => false,
  );
}

describe('a forged id token', () => {
  it('is wrong once in what it was told, rightly signed all the same, and then right again (entra-and-msal 10.8, 11.7)', async () => {
    const { simulator, tenant, idToken } = setup();
    const other = tenantOf(simulator, 1).id;
    const token = await idToken({ claims: { nonce: 'other', aud: 'other', wids: null } });
    expect(decodeJwt(token)).toMatchObject({ nonce: 'other', aud: 'other', tid: tenant.id });
    expect(decodeJwt(token)).not.toHaveProperty('wids');
    expect(await isSigned(simulator, tenant.id, token)).toBe(true);
    expect(decodeJwt(await idToken({ tenantId: other }))).toMatchObject({
      tid: other,
      iss: `https://login.microsoftonline.com/${other}/v2.0`,
    });
    expect(await isSigned(simulator, tenant.id, await idToken({ claims: { exp: 1 } }))).toBe(false);
    expect(decodeJwt(await idToken())).toMatchObject({ nonce: 'nonce-1', tid: tenant.id });
  });

  it('is signed by nobody, or by whom it should not be (entra-and-msal 10.8, 11.7)', async () => {
    const { simulator, tenant, idToken } = setup();
    const none = await idToken({ sign: 'none' });
    expect([decodeProtectedHeader(none).alg, none.endsWith('.')]).toEqual(['none', true]);
    expect(decodeProtectedHeader(await idToken({ sign: 'publicKey' })).alg).toBe('HS256');
    const { keys } = await keySet(simulator, tenant.id);
    const known = keys.map((key) => key.kid);
    const unknown = await idToken({ sign: 'unknownKey' });
    expect(known).not.toContain(decodeProtectedHeader(unknown).kid);
    const wrong = await idToken({ sign: 'wrongKey' });
    expect(known).toContain(decodeProtectedHeader(wrong).kid);
    for (const token of [none, unknown, wrong])
      expect(await isSigned(simulator, tenant.id, token)).toBe(false);
    // Only whoever compares the issuer of the key finds this one out.
    const foreign = await idToken({ sign: 'otherIssuerKey' });
    expect(await isSigned(simulator, tenant.id, foreign)).toBe(true);
    const key = keys.find((one) => one.kid === decodeProtectedHeader(foreign).kid);
    expect(key).toMatchObject({ issuer: `https://login.microsoftonline.com/${PERSONAL_TENANT_ID}/v2.0` });
    expect(decodeJwt(foreign).iss).toBe(`https://login.microsoftonline.com/${tenant.id}/v2.0`);
  });

  it('comes so often as it was told, and not after the faults were cleared (entra-and-msal 10.8)', async () => {
    const { simulator, idToken } = setup();
    simulator.forgeIdToken({ times: 3, header: { kid: null }, sign: 'key' });
    expect(decodeProtectedHeader(await idToken())).not.toHaveProperty('kid');
    expect(decodeProtectedHeader(await idToken())).not.toHaveProperty('kid');
    simulator.clearFaults();
    expect(decodeProtectedHeader(await idToken())).toHaveProperty('kid');
  });
});

describe('who signed in', () => {
  it('can be a personal account, where the app admits them: its tid is that of nobody’s tenant (entra-and-msal 1.5)', async () => {
    const { simulator } = setup();
    const { username } = simulator.personalAccount;
    expect(await signInTokens(simulator, 'common', username)).toHaveProperty('error');
    simulator.updateApp({ signInAudience: 'AzureADandPersonalMicrosoftAccount' });
    const token = String((await signInTokens(simulator, 'common', username)).id_token);
    expect(decodeJwt(token)).toMatchObject({
      tid: PERSONAL_TENANT_ID,
      iss: `https://login.microsoftonline.com/${PERSONAL_TENANT_ID}/v2.0`,
    });
    expect(decodeJwt(token)).not.toHaveProperty('wids');
    expect(await isSigned(simulator, 'consumers', token)).toBe(true);
    expect(await signInTokens(simulator, 'organizations', username)).toHaveProperty('error');
  });

  it('shows wids and acct only when they are switched on, and an eligible role only by a quirk (entra-and-msal 10.5)', async () => {
    const { simulator, tenant, idToken } = setup();
    simulator.deactivateRoles(tenant.id, tenant.administrator.id);
    expect(decodeJwt(await idToken()).wids).not.toContain(ROLES.globalAdministrator);
    simulator.updateQuirks({ eligibleRolesInWids: true });
    expect(decodeJwt(await idToken()).wids).toContain(ROLES.globalAdministrator);
    simulator.updateApp({ groupMembershipClaims: 'None', acct: false });
    const claims = decodeJwt(await idToken(undefined, tenant.accounts.guest?.username));
    expect(claims).not.toHaveProperty('wids');
    expect(claims).not.toHaveProperty('acct');
  });

  it.each(['login_required', 'interaction_required', 'consent_required'] as const)(
    'is told %s by a silent sign-in when the tenant wants more than a session (entra-and-msal 4, 10.3)',
    async (silentSignIn) => {
      const { simulator, tenant } = setup();
      const query = new URLSearchParams({
        client_id: simulator.app.clientId,
        response_type: 'code',
        redirect_uri: 'http://localhost/callback',
        scope: 'openid',
      });
      const address = `${simulator.login.origin}/${tenant.id}/oauth2/v2.0/authorize?${query}`;
      const browser = createBrowser(simulator);
      await browser.submit(address, { username: tenant.administrator.username });
      simulator.updatePolicy(tenant.id, { silentSignIn });
      const silent = new URL((await browser.open(`${address}&prompt=none`)).url).searchParams;
      expect(silent.get('error')).toBe(silentSignIn);
      expect(new URL((await browser.open(address)).url).searchParams.has('code')).toBe(true);
    },
  );
});
