import { createBrowser as createPages, createSimulator, ROLES } from '@mailsphere/simulator';
import { describe, expect, it } from 'vitest';
import { createBrowser, requestToken, tenantOf } from './support.ts';

function setup(quirks: NonNullable<Parameters<typeof createSimulator>[0]>['quirks'] = {}) {
  const simulator = createSimulator({ quirks, tenants: [{ name: 'contoso', users: 20 }] });
  const tenant = tenantOf(simulator);
  const address = (version: 1 | 2, name = tenant.id) => {
    const query = new URLSearchParams({
      client_id: simulator.app.clientId,
      redirect_uri: 'http://localhost/callback',
      state: '12345',
      ...(version === 2 ? { scope: 'https://graph.microsoft.com/.default' } : {}),
    });
    return `${simulator.login.origin}/${name}${version === 2 ? '/v2.0' : ''}/adminconsent?${query}`;
  };
  const decide = (decision: string, username = tenant.administrator.username, version: 1 | 2 = 2) =>
    createBrowser(simulator).submit(address(version), { username, decision });
  return { simulator, tenant, address, decide, member: tenant.accounts.member?.username ?? '' };
}

describe('a request for approval', () => {
  it('is filed by buttons, ends on a page without a way back, and is approved without the app being told (entra-and-msal 1.3)', async () => {
    const { simulator, tenant, address, member } = setup();
    simulator.updatePolicy(tenant.id, { consentWorkflow: true });
    const browser = createPages({ fetch: simulator.fetch, stopAt: (url) => url.hostname === 'localhost' });
    const signIn = await browser.open(address(2));
    const asked = await browser.submit(signIn, 'Next', { username: member });
    expect(asked.title).toBe('Need admin approval');
    const sent = await browser.submit(asked, 'Request approval');
    expect(sent.html).toContain('AADSTS90095');
    expect(sent.html).not.toContain('<form');
    expect(sent.url.hostname).not.toBe('localhost');
    await browser.submit(asked, 'Request approval');
    expect(tenant.consentRequests).toMatchObject([{ username: member, state: 'pending' }]);
    expect((await requestToken(simulator, tenant.id)).status).toBe(400);
    simulator.approveRequest(tenant.id);
    expect((await requestToken(simulator, tenant.id)).status).toBe(200);
    expect(tenant.grants).toEqual([...simulator.app.requiredPermissions].sort());
    expect(() => simulator.approveRequest(tenant.id)).toThrow(/no pending request/);
  });

  it('grants nothing when it is denied, and is not to be had without the workflow (entra-and-msal 1.3)', async () => {
    const { simulator, tenant, decide, member } = setup();
    expect(await (await decide('request', member)).response.text()).toContain('AADSTS90094');
    expect(tenant.consentRequests).toEqual([]);
    simulator.updatePolicy(tenant.id, { consentWorkflow: true });
    await decide('request', member);
    expect(simulator.denyRequest(tenant.id)).toMatchObject({ state: 'denied' });
    expect(tenant.grants).toEqual([]);
  });
});

describe('consent that cannot end', () => {
  it('stays on an error page while a stale service principal is in the way, until it is deleted (entra-and-msal 1.3)', async () => {
    const { simulator, tenant, decide } = setup();
    simulator.staleServicePrincipal(tenant.id);
    const { response } = await decide('accept');
    expect(response.headers.get('location')).toBeNull();
    expect(await response.text()).toContain('AADSTS650051');
    expect((await requestToken(simulator, tenant.id)).status).toBe(400);
    simulator.deleteServicePrincipal(tenant.id);
    await decide('accept');
    expect(tenant.grants).toContain('Mail.Read');
  });

  it('refuses a personal account on a page, or at common with an error about something else (entra-and-msal 1.3)', async () => {
    const { simulator, address } = setup();
    const { username } = simulator.personalAccount;
    for (const name of [tenantOf(simulator).id, 'organizations']) {
      const { response } = await createBrowser(simulator).submit(address(2, name), { username });
      expect(await response.text()).toContain('AADSTS50020');
    }
    const { url } = await createBrowser(simulator).submit(address(1, 'common'), { username });
    expect(new URL(url).searchParams.get('error')).toBe('invalid_request');
    expect(new URL(url).searchParams.get('error_description')).toContain('response_type');
  });

  it('does not let somebody consent whose role is eligible and not active (entra-and-msal 10.5)', async () => {
    const { simulator, tenant, decide } = setup();
    simulator.deactivateRoles(tenant.id, tenant.administrator.id);
    expect(await (await decide('accept')).response.text()).toContain('Need admin approval');
    simulator.activateRoles(tenant.id, tenant.administrator.id);
    await decide('accept');
    expect(tenant.grants).toContain('Mail.Read');
    const late = simulator.addUser(tenant.id, {
      nickname: 'late',
      eligibleRoles: [ROLES.globalAdministrator],
    });
    expect((await decide('accept', late.userPrincipalName)).response.headers.get('location')).toBeNull();
  });
});

describe('a refusal', () => {
  it.each([
    ['documentedV2', ['admin_consent', 'error', 'error_description', 'state'], 'consent_required', ''],
    ['documentedV1', ['error', 'error_description', 'state'], 'permission_denied', ''],
    ['seen', ['error', 'error_description', 'error_uri', 'admin_consent', 'state'], 'access_denied', '#'],
    ['subcode', ['error', 'error_subcode', 'state'], 'access_denied', ''],
  ] as const)(
    'comes back in the form %s, never with a tenant (entra-and-msal 1.3)',
    async (form, names, error, suffix) => {
      const { simulator, decide } = setup();
      simulator.updateQuirks({ consentRefusal: form });
      for (const version of [1, 2] as const) {
        const { response } = await decide('cancel', undefined, version);
        const location = response.headers.get('location') ?? '';
        const query = new URL(location).searchParams;
        expect([...query.keys()]).toEqual(names);
        expect(query.get('error')).toBe(error);
        expect(location.endsWith('#')).toBe(suffix === '#');
      }
    },
  );

  it('may come back with another state than was sent (entra-and-msal 1.3)', async () => {
    const { decide } = setup({ alteredState: true });
    for (const decision of ['cancel', 'accept'])
      expect(new URL((await decide(decision)).url).searchParams.get('state')).toBe(
        '12345Sign in to your account',
      );
  });

  it('can be any callback at all, to a registered address only (entra-and-msal 1.3, 11.6)', async () => {
    const { simulator, address } = setup();
    const callback = { error: 'server_error', error_description: '<b>no</b>' };
    simulator.inject({ route: 'adminconsent', times: 2, answer: { callback } });
    const { url } = await createBrowser(simulator).open(address(2));
    expect(Object.fromEntries(new URL(url).searchParams)).toEqual({ ...callback, state: '12345' });
    const elsewhere = address(2).replace('localhost', 'evil.example');
    expect((await createBrowser(simulator).open(elsewhere)).response.status).toBe(400);
  });
});
