import { startServer } from '@mailsphere/simulator/server';
import { describe, expect, it } from 'vitest';
import { connect, type Json, requestToken, tenantOf } from './support.ts';

const CP1 = { claims: JSON.stringify({ access_token: { xms_cc: { values: ['CP1'] } } }) };

describe('a claims challenge', () => {
  it('comes to the tokens that are out, says since when, and ends with a fresh one (entra-and-msal 2.2)', async () => {
    const { simulator, tenantId } = await connect();
    const token = async (fields: Record<string, string> = {}) =>
      String(((await (await requestToken(simulator, tenantId, fields)).json()) as Json).access_token);
    const ask = (bearer: string) =>
      simulator.fetch(
        new Request(`${simulator.graph.origin}/v1.0/organization`, {
          headers: { authorization: `Bearer ${bearer}` },
        }),
      );
    const [continuous, plain] = [await token(CP1), await token()];
    simulator.challengeTokens(tenantId);
    const refused = await ask(continuous);
    expect(refused.status).toBe(401);
    const header = refused.headers.get('www-authenticate') ?? '';
    expect(header).toContain('error="insufficient_claims"');
    const claims = Buffer.from(/claims="([^"]+)"/.exec(header)?.[1] ?? '', 'base64').toString();
    expect(JSON.parse(claims)).toMatchObject({ access_token: { nbf: { essential: true } } });
    expect((await ask(plain)).status).toBe(200);
    expect((await ask(await token(CP1))).status).toBe(200);
  });

  it('comes again and again when told to, for tests of loops (entra-and-msal 7)', async () => {
    const { simulator, ask } = await connect();
    simulator.inject({ route: '*', times: 2, answer: 'claimsChallenge' });
    for (const status of [401, 401, 200]) expect((await ask('/organization')).status).toBe(status);
  });
});

describe('mailboxes assigned in Exchange', () => {
  it('can be read without a role in the token, and no others (RBAC for Applications)', async () => {
    const { simulator, tenantId, ask } = await connect();
    const [, allowed = '', other = ''] = tenantOf(simulator).mailboxes;
    simulator.revokeGrant(tenantId, 'Mail.Read');
    simulator.revokeGrant(tenantId, 'MailboxSettings.Read');
    simulator.assignMailboxes(tenantId, [allowed]);
    const answers = async (path: string) => {
      const response = await ask(path);
      return [response.status, response.ok ? '' : ((await response.json()) as { error: Json }).error.code];
    };
    for (const path of ['/messages', '/mailFolders/inbox/messages/delta', '/mailboxSettings']) {
      expect(await answers(`/users/${allowed}${path}`)).toEqual([200, '']);
      expect(await answers(`/users/${other}${path}`)).toEqual([403, 'ErrorAccessDenied']);
    }
    simulator.assignMailboxes(tenantId, []);
    expect(await answers(`/users/${allowed}/messages`)).toEqual([403, 'ErrorAccessDenied']);
  });
});

describe('the admin surface', () => {
  it('reaches what happens to consent and sign-in from another process (entra-and-msal 10.7)', async () => {
    await using server = await startServer({ tenants: [{ name: 'contoso', users: 12 }] });
    const tenant = tenantOf(server.simulator);
    const call = async (name: string, ...values: unknown[]) => {
      const init = { method: 'POST', body: JSON.stringify(values) };
      const response = await fetch(`${server.graph}/simulator/${name}`, init);
      return [response.status, await response.json()];
    };
    for (const [name, ...values] of [
      ['updatePolicy', tenant.id, { consentWorkflow: true }],
      ['updateQuirks', { consentRefusal: 'subcode' }],
      ['setPropagation', 30_000],
      ['grantConsent', tenant.id],
      ['advanceClock', 60_000],
      ['challengeTokens', tenant.id],
      ['assignMailboxes', tenant.id, []],
      ['deactivateRoles', tenant.id, tenant.administrator.id],
      ['activateRoles', tenant.id, tenant.administrator.id],
      ['expireCertificates'],
      ['forgeIdToken', { sign: 'none' }],
      ['inject', { route: 'token', answer: 'throttledText' }],
      ['clearFaults'],
      ['staleServicePrincipal', tenant.id],
    ] as const)
      expect([name, await call(name, ...values)]).toEqual([name, [200, null]]);
    expect(await call('approveRequest', tenant.id)).toEqual([
      400,
      { error: "Tenant 'contoso' has no pending request." },
    ]);
    const get = async (name: string) => (await fetch(`${server.graph}/simulator/${name}`)).json();
    expect(await get('tenants')).toMatchObject([
      { policy: { consentWorkflow: true }, consentRequests: [], grants: [] },
    ]);
    expect(await get('aadsts')).toMatchObject({
      700016: { error: 'unauthorized_client', cure: 'administrator' },
    });
  });
});
