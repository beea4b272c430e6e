import { describe, expect, it } from 'vitest';
import { permissions, requiredResourceAccess } from '../src/index.ts';
import { house } from './house.ts';
import { connect } from './wire.ts';

const required = (list: readonly { id: string; required: boolean }[]) =>
  list.filter((each) => each.required).map(({ id }) => id);

describe('what an app registration must list', () => {
  it('has the ids that the service knows the permissions by', async () => {
    const { simulator, provider, ref } = house({ tenants: [{ name: 'contoso', consented: true }] });
    const { token } = await provider.acquireToken(ref);
    const answer = await simulator.fetch(
      new Request(
        "https://graph.microsoft.com/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')?$select=id,appRoles",
        { headers: { authorization: `Bearer ${token}` } },
      ),
    );
    const { appRoles }: { appRoles: { id: string; value: string }[] } = JSON.parse(await answer.text());
    const ids = permissions.map(({ id }) => appRoles.find(({ value }) => value === id)?.id);
    expect(requiredResourceAccess()).toEqual([
      {
        resourceAppId: '00000003-0000-0000-c000-000000000000',
        resourceAccess: ids.map((id) => ({ id, type: 'Role' })),
      },
    ]);
    expect(ids).not.toContain(undefined);
  });

  it('can be less than all', () => {
    const list = permissions.filter(({ capability }) => capability !== 'mail');
    expect(requiredResourceAccess(list)[0]?.resourceAccess).toHaveLength(permissions.length - 1);
  });

  it('is never something that nobody here knows', () => {
    expect(() => requiredResourceAccess([{ id: 'Mail.Send' }])).toThrow(
      expect.objectContaining({ code: 'invalid_request', field: 'permissions' }),
    );
  });
});

describe('a host that can do without something', () => {
  it('needs everything unless it says so', () => {
    expect(connect().provider.permissions).toEqual(permissions);
    expect(permissions.find(({ id }) => id === 'Member.Read.Hidden')).toMatchObject({
      capability: 'hidden_members',
      required: false,
    });
  });

  it('connects tenants that do not grant mail', async () => {
    const at = house({}, { optionalCapabilities: ['mail'] });
    at.simulator.grantConsent(at.tenant.id);
    at.simulator.revokeGrant(at.tenant.id, 'Mail.Read');
    const { missing } = await at.provider.verify(at.ref);
    expect(missing).toMatchObject([{ id: 'Mail.Read', capability: 'mail', required: false }]);
    expect(required(at.provider.permissions)).not.toContain('Mail.Read');
  });

  it('still needs what mail needs of the directory', () => {
    const { provider } = connect({ optionalCapabilities: ['directory'] });
    expect(required(provider.permissions)).toEqual(['Application.Read.All', 'User.Read.All', 'Mail.Read']);
  });
});
