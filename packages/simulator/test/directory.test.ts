import { describe, expect, it } from 'vitest';
import { connect, type Json, tenantOf } from './support.ts';

const setup = () => connect({ tenants: [{ name: 'contoso', users: 250, groups: 30 }] });

describe('users', () => {
  it('come 100 to a page, at most 999, and all of them once (microsoft-graph 4)', async () => {
    const { simulator, ask, get, pages } = await setup();
    expect((await get('/users')).value).toHaveLength(100);
    expect((await get('/users?$top=999&$select=id')).value).toHaveLength(250);
    expect((await ask('/users?$top=1000')).status).toBe(400);
    expect((await ask('/users?%24top=0')).status).toBe(400);
    const { rows } = await pages('/users?$select=id');
    expect(new Set(rows.map((row) => row.id))).toEqual(
      new Set(tenantOf(simulator).users.map((user) => user.id)),
    );
    expect(rows).toHaveLength(250);
  });

  it('lack addresses and types unless they are selected (microsoft-graph 8.2)', async () => {
    const { get } = await setup();
    const [plain] = (await get('/users?$top=1')).value as [Json];
    for (const name of ['proxyAddresses', 'accountEnabled', 'userType', 'assignedPlans', 'mailbox', 'roles'])
      expect(plain).not.toHaveProperty(name);
    const [full] = (await get('/users?$top=1&%24select=id,proxyAddresses,accountEnabled,userType')).value as [
      Json,
    ];
    expect(full.proxyAddresses).toContainEqual(expect.stringMatching(/^SMTP:/));
    expect(full).toMatchObject({ userType: 'Member', accountEnabled: true });
    expect(full).not.toHaveProperty('displayName');
  });

  it('are of every kind that trips a sync up: shared, guest, without mailbox, other sign-in name (microsoft-graph 5.5, 8.2)', async () => {
    const { pages } = await setup();
    const { rows } = await pages(
      '/users?$select=id,userPrincipalName,mail,accountEnabled,userType,proxyAddresses,assignedPlans,displayName',
    );
    expect(rows.some((row) => row.accountEnabled === false && row.mail !== null)).toBe(true);
    expect(
      rows.some((row) => row.userType === 'Guest' && String(row.userPrincipalName).includes('#EXT#')),
    ).toBe(true);
    expect(rows.some((row) => row.mail === null)).toBe(true);
    expect(
      rows.some(
        (row) => row.mail !== null && row.mail !== row.userPrincipalName && row.userType === 'Member',
      ),
    ).toBe(true);
    expect(rows.some((row) => /[^\x20-\x7e]/.test(String(row.displayName)))).toBe(true);
    const prefixes = new Set(
      rows.flatMap((row) => (row.proxyAddresses as string[]).map((address) => address.split(':')[0])),
    );
    expect(prefixes).toEqual(new Set(['SMTP', 'smtp', 'SIP', 'x500']));
  });

  it('are found by id, by UPN and by key in parentheses; others are 404 (microsoft-graph 8.2, 9)', async () => {
    const { simulator, get, ask } = await setup();
    const { id, username } = tenantOf(simulator).administrator;
    for (const path of [
      `/users/${id}`,
      `/users/${encodeURIComponent(username)}`,
      `/users('${username}')`,
      `/Users/${id}`,
    ])
      expect(await get(path)).toMatchObject({ id });
    const missing = await ask('/users/nobody@contoso.com');
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({
      error: { code: 'Request_ResourceNotFound', innerError: { 'request-id': expect.any(String) } },
    });
  });

  it('ignore $count without ConsistencyLevel, silently, and refuse /$count (microsoft-graph 4)', async () => {
    const { ask, get } = await setup();
    expect(await get('/users?$count=true')).not.toHaveProperty('@odata.count');
    const counted = await get('/users?$count=true', { consistencylevel: 'eventual' });
    expect(counted['@odata.count']).toBe(250);
    const refused = await ask('/users/$count');
    expect(await refused.json()).toMatchObject({
      error: { code: 'Request_BadRequest', message: '$count is not currently supported.' },
    });
    expect(await (await ask("/users?$filter=endsWith(mail,'x')")).json()).toMatchObject({
      error: { code: 'Request_UnsupportedQuery' },
    });
  });

  it('show their directory roles by template id to whoever may read roles (microsoft-graph 13, entra-and-msal 1.5)', async () => {
    const { simulator, tenantId, get } = await setup();
    simulator.grantConsent(tenantId, ['User.Read.All', 'RoleManagement.Read.Directory']);
    const { administrator, accounts } = tenantOf(simulator);
    const path = (id: string) =>
      `/users/${id}/transitiveMemberOf/microsoft.graph.directoryRole?$select=id,roleTemplateId`;
    expect((await get(path(administrator.id))).value).toMatchObject([
      { roleTemplateId: '62e90394-69f5-4237-9190-012177145e10' },
    ]);
    expect((await get(path(accounts.member?.id ?? ''))).value).toEqual([]);
  });

  it('show only the ids of their directory roles to whoever may not read roles (microsoft-graph 8.3)', async () => {
    const { simulator, get } = await setup();
    const { administrator, accounts } = tenantOf(simulator);
    const path = (id: string) =>
      `/users/${id}/transitiveMemberOf/microsoft.graph.directoryRole?$select=id,roleTemplateId`;
    expect((await get(path(administrator.id))).value).toEqual([
      { '@odata.type': '#microsoft.graph.directoryRole', id: expect.any(String), roleTemplateId: null },
    ]);
    expect((await get(path(accounts.member?.id ?? ''))).value).toEqual([]);
  });

  it('refuse /me to an app (microsoft-graph 10)', async () => {
    const { ask } = await setup();
    expect((await ask('/me')).status).toBe(400);
  });
});

describe('the tenant', () => {
  it('says who it is, and which domains carry mail (microsoft-graph 8.1)', async () => {
    const { tenantId, get } = await setup();
    const [organization] = (await get('/organization?$select=id,displayName,verifiedDomains')).value as [
      Json,
    ];
    expect(organization).toMatchObject({ id: tenantId, displayName: 'Contoso' });
    const domains = (await get('/domains')).value as Json[];
    expect(domains.filter((domain) => domain.isInitial)).toMatchObject([
      { id: 'contoso.onmicrosoft.com', isVerified: true },
    ]);
    expect(domains.filter((domain) => domain.isDefault)).toHaveLength(1);
    expect(domains.filter((domain) => !domain.isVerified)).toHaveLength(1);
    expect(domains.find((domain) => domain.id === 'contoso.com')?.supportedServices).toContain('Email');
  });

  it('shows the app’s grants as ids that Graph’s own service principal explains (entra-and-msal 2.1)', async () => {
    const { simulator, tenantId, get, ask } = await setup();
    simulator.revokeGrant(tenantId, 'Mail.Read');
    const { clientId, requiredPermissions } = simulator.app;
    const assignments = (await get(`/servicePrincipals(appId='${clientId}')/appRoleAssignments`))
      .value as Json[];
    const graph = await get(
      "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')?$select=id,appRoles",
    );
    const names = new Map((graph.appRoles as Json[]).map((role) => [role.id, role.value]));
    expect(assignments.map((one) => names.get(one.appRoleId)).sort()).toEqual(
      requiredPermissions.filter((permission) => permission !== 'Mail.Read').sort(),
    );
    expect(assignments[0]?.resourceId).toBe(graph.id);
    const own = await get(`/servicePrincipals?$filter=appId eq '${clientId}'`);
    const { id } = (own.value as [Json])[0];
    expect((await get(`/servicePrincipals/${id}/appRoleAssignments`)).value).toHaveLength(assignments.length);
    expect((await ask("/servicePrincipals(appId='00000000-0000-0000-0000-000000000000')")).status).toBe(404);
  });

  it('has contacts, and says which of its users are deleted and restorable (microsoft-graph 8.4)', async () => {
    const { simulator, tenantId, get } = await setup();
    expect((await get('/contacts')).value).toHaveLength(3);
    const victim = tenantOf(simulator).users[20]?.id ?? '';
    simulator.removeUser(tenantId, victim);
    expect((await get('/directory/deletedItems/microsoft.graph.user')).value).toMatchObject([{ id: victim }]);
  });
});

describe('groups', () => {
  it('are of all four kinds, with a circle in their nesting (microsoft-graph 8.3)', async () => {
    const { get, pages } = await setup();
    const { rows } = await pages('/groups');
    const kinds = new Set(
      rows.map((row) => `${(row.groupTypes as string[]).join()}/${row.mailEnabled}/${row.securityEnabled}`),
    );
    for (const kind of ['/true/false', '/true/true', '/false/true', 'Unified/true/false'])
      expect(kinds).toContain(kind);
    const managers = rows.find((row) => row.displayName === 'Managers');
    const leads = rows.find((row) => row.displayName === 'Team Leads');
    const inside = async (group: Json | undefined) =>
      ((await get(`/groups/${group?.id}/members?$top=999`)).value as Json[]).map((row) => row.id);
    expect(await inside(managers)).toContain(leads?.id);
    expect(await inside(leads)).toContain(managers?.id);
    const all = (await get(`/groups/${managers?.id}/transitiveMembers?$top=999`)).value as Json[];
    expect(new Set(all.map((row) => row.id)).size).toBe(all.length);
  });

  it('page their members, with types, and show only ids of what may not be read (microsoft-graph 8.3)', async () => {
    const { simulator, tenantId, pages } = await setup();
    const everyone = tenantOf(simulator).groups.find((group) => group.displayName === 'All Employees');
    const { rows, pages: all } = await pages(`/groups/${everyone?.id}/members`);
    expect(all.length).toBeGreaterThan(1);
    expect(rows).toHaveLength(everyone?.members.size ?? -1);
    expect(rows[0]).toMatchObject({
      '@odata.type': '#microsoft.graph.user',
      displayName: expect.any(String),
    });
    const other = await connect({ tenants: [{ name: 'contoso', users: 20 }] });
    other.simulator.grantConsent(tenantId, ['GroupMember.Read.All']);
    const partners = tenantOf(other.simulator).groups.find((group) => group.displayName === 'Partners');
    const limited = (await other.pages(`/groups/${partners?.id}/members`)).rows;
    const user = limited.find((row) => row['@odata.type'] === '#microsoft.graph.user');
    expect(user).toMatchObject({ id: expect.any(String), displayName: null });
  });

  it('hide members from those who may not see them (microsoft-graph 8.3, 10)', async () => {
    const { simulator, tenantId, ask } = await setup();
    const hidden = tenantOf(simulator).groups.find((group) => group.visibility === 'HiddenMembership');
    expect((await ask(`/groups/${hidden?.id}/members`)).status).toBe(200);
    const other = await connect({ tenants: [{ name: 'contoso', users: 250, groups: 30 }] });
    other.simulator.grantConsent(tenantId, ['Group.Read.All']);
    expect((await other.ask(`/groups/${hidden?.id}/members`)).status).toBe(403);
  });
});

describe('permissions', () => {
  it.each([
    ['/users', 'Mail.Read', 'Authorization_RequestDenied'],
    ['/groups', 'User.Read.All', 'Authorization_RequestDenied'],
    ['/domains', 'User.Read.All', 'Authorization_RequestDenied'],
    ['/users/{mailbox}/mailFolders', 'User.Read.All', 'ErrorAccessDenied'],
  ])('of %s are missing with only %s (microsoft-graph 10)', async (path, granted, code) => {
    const { simulator, tenantId, ask } = await connect();
    simulator.grantConsent(tenantId, [granted]);
    const response = await ask(path.replace('{mailbox}', tenantOf(simulator).mailboxes[0] ?? ''));
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ error: { code } });
  });

  it('are those of the token until it ends, even when the grant is gone (entra-and-msal 2.1)', async () => {
    const { simulator, tenantId, ask } = await connect();
    expect((await ask('/users')).status).toBe(200);
    simulator.revokeGrant(tenantId);
    expect((await ask('/users')).status).toBe(200);
    simulator.deleteServicePrincipal(tenantId);
    expect(await (await ask('/users')).json()).toMatchObject({
      error: { code: 'Authorization_IdentityNotFound' },
    });
  });

  it('need a token that was issued here, and is not over (microsoft-graph 9)', async () => {
    const { simulator } = await connect();
    const request = (authorization?: string) =>
      simulator.fetch(
        new Request(
          'https://graph.microsoft.com/v1.0/users',
          authorization === undefined ? {} : { headers: { authorization } },
        ),
      );
    for (const authorization of [undefined, 'Bearer x.y.z']) {
      const response = await request(authorization);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer /);
      expect(await response.json()).toMatchObject({ error: { code: 'InvalidAuthenticationToken' } });
    }
  });

  it('end at once for a client that declared cp1, with a claims challenge (microsoft-graph 9)', async () => {
    const { simulator, tenantId } = await connect();
    const claims = JSON.stringify({ access_token: { xms_cc: { values: ['cp1'] } } });
    const { requestToken } = await import('./support.ts');
    const body = (await (await requestToken(simulator, tenantId, { claims })).json()) as {
      access_token: string;
    };
    simulator.disableServicePrincipal(tenantId);
    const headers = { authorization: `Bearer ${body.access_token}` };
    const response = await simulator.fetch(
      new Request('https://graph.microsoft.com/v1.0/users', { headers }),
    );
    expect(response.status).toBe(401);
    const challenge = response.headers.get('www-authenticate') ?? '';
    expect(challenge).toContain('error="insufficient_claims"');
    const encoded = /claims="([^"]+)"/.exec(challenge)?.[1] ?? '';
    expect(JSON.parse(Buffer.from(encoded, 'base64').toString())).toHaveProperty('access_token');
  });

  it('stop at v1.0: beta is not here', async () => {
    const { ask } = await connect();
    expect((await ask('https://graph.microsoft.com/beta/users')).status).toBe(404);
  });
});
