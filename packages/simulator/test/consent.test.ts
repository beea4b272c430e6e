import { createSimulator } from '@mailsphere/simulator';
import { describe, expect, it } from 'vitest';
import { createBrowser, requestToken, tenantOf } from './support.ts';

function setup() {
  const simulator = createSimulator({
    tenants: [
      { name: 'contoso', users: 20 },
      { name: 'fabrikam', users: 20 },
    ],
  });
  const tenant = tenantOf(simulator);
  const address = (version: 1 | 2, extra: Record<string, string> = {}, name = tenant.id) => {
    const query = new URLSearchParams({
      client_id: simulator.app.clientId,
      redirect_uri: 'http://localhost/callback',
      state: '12345',
      ...(version === 2 ? { scope: 'https://graph.microsoft.com/.default' } : {}),
      ...extra,
    });
    return `${simulator.login.origin}/${name}${version === 2 ? '/v2.0' : ''}/adminconsent?${query}`;
  };
  return { simulator, tenant, address, browser: createBrowser(simulator) };
}

describe('admin consent', () => {
  it('asks to sign in, shows every permission, and comes back with admin_consent=True and the tenant (entra-and-msal 1.2)', async () => {
    const { simulator, tenant, address, browser } = setup();
    const signIn = await browser.open(address(2));
    expect(await signIn.response.text()).toContain('name="username"');
    const page = await browser.submit(address(2), { username: tenant.administrator.username });
    const html = await page.response.text();
    for (const permission of simulator.app.requiredPermissions) expect(html).toContain(permission);
    const { url } = await browser.submit(address(2), { decision: 'accept' });
    expect(url).toMatch(/[?&]admin_consent=True(&|$)/);
    const query = new URL(url).searchParams;
    expect(query.get('tenant')).toBe(tenant.id);
    expect(query.get('state')).toBe('12345');
    expect(query.get('scope')?.split(' ')).toHaveLength(simulator.app.requiredPermissions.length);
    expect(tenant.grants).toEqual([...simulator.app.requiredPermissions].sort());
  });

  it('ends the older form with tenant, state and a bare fragment (entra-and-msal 1.2)', async () => {
    const { tenant, address, browser } = setup();
    const { response } = await browser.submit(address(1), {
      username: tenant.administrator.username,
      decision: 'accept',
    });
    expect(response.headers.get('location')).toBe(
      `http://localhost/callback?tenant=${tenant.id}&state=12345&admin_consent=True#`,
    );
  });

  it('says admin_consent=True on a refusal too, and no tenant: whoever reads it first is wrong (entra-and-msal 1.3)', async () => {
    const { tenant, address, browser } = setup();
    await browser.submit(address(2), { username: tenant.administrator.username });
    const cancelled = await browser.submit(address(2), { decision: 'cancel' });
    const query = new URL(cancelled.url).searchParams;
    expect(query.get('error')).toBe('access_denied');
    expect(query.get('error_description')).toContain('AADSTS65004');
    expect(query.get('admin_consent')).toBe('True');
    expect(query.get('state')).toBe('12345');
    expect(query.has('tenant')).toBe(false);
    const older = new URL((await browser.submit(address(1), { decision: 'cancel' })).url).searchParams;
    expect(older.get('error')).toBe('permission_denied');
    expect(tenant.grants).toEqual([]);
  });

  it.each(['applicationAdministrator', 'member', 'guest'] as const)(
    'does not let a %s consent, and does not come back (entra-and-msal 1.3, 1.6)',
    async (who) => {
      const { tenant, address, browser } = setup();
      const { response } = await browser.submit(address(2), {
        username: tenant.accounts[who]?.username ?? '',
        decision: 'accept',
      });
      expect(response.headers.get('location')).toBeNull();
      expect(await response.text()).toContain('Need admin approval');
      expect(tenant.grants).toEqual([]);
    },
  );

  it('lets a Privileged Role Administrator consent (entra-and-msal 1.6)', async () => {
    const { tenant, address, browser } = setup();
    const username = tenant.accounts.privilegedRoleAdministrator?.username ?? '';
    await browser.submit(address(2), { username, decision: 'accept' });
    expect(tenant.grants).toContain('Mail.Read');
  });

  it('finds the tenant from the person at organizations, and refuses somebody from elsewhere (entra-and-msal 1.1, 1.3)', async () => {
    const { simulator, address, browser } = setup();
    const other = tenantOf(simulator, 1);
    const { url } = await browser.submit(address(2, {}, 'organizations'), {
      username: other.administrator.username,
      decision: 'accept',
    });
    expect(new URL(url).searchParams.get('tenant')).toBe(other.id);
    const stranger = await browser.submit(address(2), { username: other.administrator.username });
    expect(await stranger.response.text()).toContain('AADSTS50020');
  });

  it('only takes application permissions through .default, and registered addresses (entra-and-msal 1.1, 1.8)', async () => {
    const { address, browser } = setup();
    const single = await browser.open(address(2, { scope: 'https://graph.microsoft.com/Mail.Read' }));
    expect(single.response.status).toBe(400);
    const elsewhere = await browser.open(address(2, { redirect_uri: 'https://evil.example/' }));
    expect(await elsewhere.response.text()).toContain('AADSTS50011');
  });

  it('replaces earlier grants: a smaller list takes rights away (entra-and-msal 1.1)', async () => {
    const { simulator, tenant } = setup();
    simulator.grantConsent(tenant.id, ['Mail.Read', 'User.Read.All']);
    simulator.grantConsent(tenant.id, ['User.Read.All']);
    expect(tenant.grants).toEqual(['User.Read.All']);
    expect((await requestToken(simulator, tenant.id)).status).toBe(200);
  });
});
