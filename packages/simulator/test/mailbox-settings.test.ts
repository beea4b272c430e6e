import { describe, expect, it } from 'vitest';
import { connect, tenantOf } from './support.ts';

const setup = () => connect({ tenants: [{ name: 'contoso', users: 60, consented: true }] });

describe('what a mailbox is for', () => {
  it('is what the user was made with, as the purpose alone and among the settings (microsoft-graph 8.2)', async () => {
    const { simulator, tenantId, get } = await setup();
    for (const mailbox of ['user', 'linked', 'shared', 'room', 'equipment', 'others'] as const) {
      const { id, userPrincipalName } = simulator.addUser(tenantId, { nickname: `new-${mailbox}`, mailbox });
      expect(await get(`/users/${id}/mailboxSettings/userPurpose`)).toMatchObject({ value: mailbox });
      expect(await get(`/users/${userPrincipalName}/mailboxSettings`)).toMatchObject({
        userPurpose: mailbox,
        timeZone: expect.any(String),
      });
      const { '@odata.context': _, ...selected } = await get(
        `/users/${id}/mailboxSettings?$select=userPurpose`,
      );
      expect(selected).toEqual({ userPurpose: mailbox });
    }
    for (const user of tenantOf(simulator).users.filter(({ mailbox }) => mailbox !== 'none'))
      expect(await get(`/users/${user.id}/mailboxSettings/userPurpose`)).toMatchObject({
        value: user.mailbox,
      });
  });

  it('is not told of who has none, by the codes of the mail paths (microsoft-graph 9)', async () => {
    const { simulator, tenantId, ask } = await setup();
    const answer = async (path: string) => {
      const response = await ask(path);
      const { error } = (await response.json()) as { error: { code: string } };
      return [response.status, error.code];
    };
    const codes = new Set<unknown>();
    for (const { id } of tenantOf(simulator).users.filter(({ mailbox }) => mailbox === 'none')) {
      const refused = await answer(`/users/${id}/mailboxSettings/userPurpose`);
      expect(refused).toEqual(await answer(`/users/${id}/mailFolders`));
      codes.add(refused[1]);
    }
    expect(codes).toEqual(new Set(['ResourceNotFound', 'MailboxNotEnabledForRESTAPI']));
    const [gone = ''] = tenantOf(simulator).mailboxes;
    simulator.removeUser(tenantId, gone);
    expect(await answer(`/users/${gone}/mailboxSettings/userPurpose`)).toEqual([404, 'ErrorInvalidUser']);
    const { id } = simulator.addUser(tenantId, { nickname: 'late', mailboxAfterMs: 60_000 });
    expect((await answer(`/users/${id}/mailboxSettings/userPurpose`))[0]).toBe(404);
  });

  it('takes a permission of its own, and counts on the mailbox (microsoft-graph 8.2, 10)', async () => {
    const { simulator, tenantId, token, ask } = await setup();
    const [mailbox = ''] = tenantOf(simulator).mailboxes;
    const path = `/users/${mailbox}/mailboxSettings/userPurpose`;
    expect((await ask(path)).status).toBe(200);
    expect(simulator.counts.perMailbox).toEqual({ [mailbox]: 1 });
    expect(simulator.counts.byRoute['mailboxSettings.get']).toBe(1);
    simulator.revokeGrant(tenantId, 'MailboxSettings.Read');
    // A token keeps the roles that it was issued with.
    const headers = { authorization: `Bearer ${await token()}` };
    const refused = await ask(path, { headers });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ error: { code: 'ErrorAccessDenied' } });
    expect((await ask(`/users/${mailbox}/messages`, { headers })).status).toBe(200);
  });
});
