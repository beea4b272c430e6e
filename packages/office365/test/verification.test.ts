import { HttpResponse, http } from 'msw';
import { describe, expect, it } from 'vitest';
import { personId } from './identity.ts';
import { clientId, connect, failure, graph, refusal, tenant, tenantId, tokenUrl, wire } from './wire.ts';

const { server, requests } = wire();

const roles = {
  a1: 'Application.Read.All',
  a2: 'User.Read.All',
  a3: 'Group.Read.All',
  a4: 'Domain.Read.All',
  a5: 'Mail.Read',
  a6: 'Mail.ReadWrite',
};
const principal = (appId: string) => `${graph}/servicePrincipals(appId='${appId}')`;
const plain = (url: string) => new RegExp(`^${url.replace(/[.()$]/g, '\\$&')}(\\?|$)`);

function granted(...ids: string[]) {
  server.use(
    http.get(`${graph}/organization`, () =>
      HttpResponse.json({ value: [{ id: tenantId.toUpperCase(), displayName: 'Contoso' }] }),
    ),
    http.get(plain(principal('00000003-0000-0000-c000-000000000000')), () =>
      HttpResponse.json({
        id: 'graph',
        appRoles: Object.entries(roles).map(([id, value]) => ({ id, value })),
      }),
    ),
    http.get(plain(`${principal(clientId)}/appRoleAssignments`), () =>
      HttpResponse.json({
        value: [
          ...ids.map((appRoleId) => ({ appRoleId, resourceId: 'graph' })),
          { appRoleId: 'a5', resourceId: 'another api' },
        ],
      }),
    ),
  );
}

describe('what has been granted is asked of the service', () => {
  it('with a fresh token, and told apart from what was wanted', async () => {
    granted('a1', 'a2', 'a3', 'a6', 'unknown-role');
    const { provider } = connect();
    await provider.acquireToken(tenant);
    const grant = await provider.verify(tenant);
    expect(grant.displayName).toBe('Contoso');
    expect(grant.granted).toEqual([
      'Application.Read.All',
      'Group.Read.All',
      'Mail.ReadWrite',
      'User.Read.All',
      'unknown-role',
    ]);
    expect(grant.missing.map(({ id, required }) => [id, required])).toEqual([
      ['Domain.Read.All', true],
      ['OrgContact.Read.All', true],
      ['Member.Read.Hidden', false],
      ['Mail.Read', true],
    ]);
    expect(grant.unexpected).toEqual(['Mail.ReadWrite', 'unknown-role']);
    expect(requests.filter(({ method }) => method === 'POST')).toHaveLength(2);
    for (const { url, headers } of requests.slice(2))
      if (url.startsWith(graph)) expect(headers.get('authorization')).toBe('Bearer token-2');
  });

  it('another tenant’s answer is not taken', async () => {
    granted('a1');
    server.use(http.get(`${graph}/organization`, () => HttpResponse.json({ value: [{ id: clientId }] })));
    expect(await failure(connect().provider.verify(tenant))).toMatchObject({ code: 'unexpected' });
  });

  it('from the token itself where reading grants was not granted', async () => {
    granted('a1');
    const payload = Buffer.from(JSON.stringify({ tid: tenantId, roles: ['Mail.Read'] })).toString(
      'base64url',
    );
    server.use(
      http.post(tokenUrl, () => HttpResponse.json({ access_token: `e30.${payload}.x`, expires_in: 3599 })),
      http.get(/servicePrincipals/, () => refusal(403, 'Authorization_RequestDenied')),
    );
    const grant = await connect().provider.verify(tenant);
    expect(grant.granted).toEqual(['Mail.Read']);
    expect(grant.missing.map(({ id }) => id)).toContain('Application.Read.All');
  });
});

describe('a grant that is on its way is waited for, and is no refusal', () => {
  it.each([700016, 7000229, 65001])('AADSTS%i', async (code) => {
    server.use(
      http.post(tokenUrl, () =>
        HttpResponse.json({ error: 'unauthorized_client', error_codes: [code] }, { status: 400 }),
      ),
    );
    expect(await failure(connect().provider.verify(tenant))).toMatchObject({
      code: 'consent_pending',
      serviceCode: `AADSTS${code}`,
    });
  });

  it('a token without roles', async () => {
    granted('a1');
    server.use(http.get(`${graph}/organization`, () => refusal(403, 'Authorization_RequestDenied')));
    expect(await failure(connect().provider.verify(tenant))).toMatchObject({ code: 'consent_pending' });
  });

  it('no assignment', async () => {
    granted();
    expect(await failure(connect().provider.verify(tenant))).toMatchObject({ code: 'consent_pending' });
  });

  it('no application yet', async () => {
    granted('a1');
    server.use(
      http.get(plain(`${principal(clientId)}/appRoleAssignments`), () =>
        refusal(404, 'Request_ResourceNotFound'),
      ),
    );
    expect(await failure(connect().provider.verify(tenant))).toMatchObject({
      code: 'consent_pending',
      serviceCode: 'Request_ResourceNotFound',
    });
  });

  it('but a disabled application is', async () => {
    server.use(
      http.post(tokenUrl, () =>
        HttpResponse.json({ error: 'unauthorized_client', error_codes: [7000112] }, { status: 400 }),
      ),
    );
    expect(await failure(connect().provider.verify(tenant))).toMatchObject({
      code: 'reauthorization_required',
    });
  });
});

describe('whether a person may grant', () => {
  const memberOf = `${graph}/users/${personId}/transitiveMemberOf/microsoft.graph.directoryRole`;
  const user = `${graph}/users/${personId}`;
  const person = { tenantId, personId, mayGrant: undefined };
  const role = (roleTemplateId: string | null) => ({ id: 'x', roleTemplateId });
  const directory = (userType: string | null, roles: readonly object[]) =>
    server.use(
      http.get(user, () => HttpResponse.json({ id: personId, userType })),
      http.get(memberOf, () => HttpResponse.json({ value: roles })),
    );

  it.each([
    [['62e90394-69f5-4237-9190-012177145e10'], true],
    [['158c047a-c907-4556-b7ef-446551a6b5f7'], false],
    [[], false],
  ])('%j: %s', async (ids, expected) => {
    directory('Member', ids.map(role));
    expect(await connect().provider.authorization.mayGrant(person)).toBe(expected);
  });

  it('is true for whoever holds the role beside one that is not shown', async () => {
    directory('Member', [role(null), role('62e90394-69f5-4237-9190-012177145e10')]);
    expect(await connect().provider.authorization.mayGrant(person)).toBe(true);
  });

  it('is nothing that a guest may, whatever role they hold', async () => {
    directory('Guest', [role('62e90394-69f5-4237-9190-012177145e10')]);
    const error = await failure(connect().provider.authorization.mayGrant(person));
    expect(error).toMatchObject({ code: 'consent_refused' });
    expect(error.message).toContain('A guest of the tenant');
  });

  const refused = () => refusal(403, 'Authorization_RequestDenied');
  it.each<[string, () => void]>([
    ['which role it is', () => directory('Member', [role(null)])],
    ['which role it is, not even as null', () => directory('Member', [{ id: 'x' }])],
    ['who is a guest', () => directory(null, [role('62e90394-69f5-4237-9190-012177145e10')])],
    [
      'anything of roles',
      () => {
        directory('Member', []);
        server.use(http.get(memberOf, refused));
      },
    ],
    ['anything of the person', () => server.use(http.get(user, refused))],
  ])('is not guessed when the service does not say %s', async (_name, set) => {
    set();
    const error = await failure(connect().provider.authorization.mayGrant(person));
    expect(error).toMatchObject({ code: 'permission_missing' });
    expect(error.message).toMatch(/operator.*`groupMembershipClaims`.*DirectoryRole/);
  });
});
