import { HttpResponse, http } from 'msw';
import { describe, expect, it } from 'vitest';
import { house } from './house.ts';
import { collect, connect, failure, graph, refusal, tenant, tenantId, wire } from './wire.ts';

const withoutMail = [
  'Application.Read.All',
  'Domain.Read.All',
  'User.Read.All',
  'OrgContact.Read.All',
  'Group.Read.All',
  'Member.Read.Hidden',
];

/** A tenant that granted all but mail in Entra, and opens these mailboxes in Exchange Online. */
function narrowed(open: (mailboxes: readonly string[]) => readonly string[]) {
  const at = house({ tenants: [{ name: 'contoso', users: 40 }] });
  at.simulator.grantConsent(at.tenant.id, withoutMail);
  const mailboxes = open(at.tenant.mailboxes);
  at.simulator.assignMailboxes(at.tenant.id, mailboxes);
  at.simulator.resetCounts();
  return at;
}

describe('mail that Exchange Online grants for some mailboxes only', () => {
  it('is found out by asking, and told as a part', async () => {
    const { simulator, provider, ref } = narrowed((all) => all.slice(-1));
    const grant = await provider.verify(ref);
    expect(grant.missing).toEqual([]);
    expect(grant.partial).toEqual(['Mail.Read']);
    expect(grant.granted).toEqual([...withoutMail, 'Mail.Read'].sort());
    expect(grant.unexpected).toEqual([]);
    expect(Object.values(simulator.counts.perMailbox).every((count) => count === 1)).toBe(true);
  });

  it('is read there, and a mailbox outside of it is one mailbox without access', async () => {
    const { provider, tenant, ref } = narrowed((all) => all.slice(0, 1));
    const [inside = '', outside = ''] = tenant.mailboxes;
    const folders = await collect(provider.mail.folders({ ...ref, mailboxId: inside }));
    expect(folders.flatMap(({ changes }) => changes).length).toBeGreaterThan(0);
    expect(await failure(collect(provider.mail.folders({ ...ref, mailboxId: outside })))).toMatchObject({
      code: 'permission_missing',
    });
    expect((await provider.verify(ref)).partial).toEqual(['Mail.Read']);
  });

  it('is missing where no mailbox is open', async () => {
    const { simulator, provider, ref } = narrowed(() => []);
    const grant = await provider.verify(ref);
    expect(grant.missing).toMatchObject([{ id: 'Mail.Read', required: true }]);
    expect(grant.partial).toBeUndefined();
    expect(simulator.counts.byRoute['mailFolders.get']).toBeGreaterThan(10);
  });

  it('that was found once is not lost because none of the open ones was met again', async () => {
    const { simulator, provider, tenant, ref } = narrowed(() => []);
    const before = { partialBefore: ['Mail.Read'] };
    expect(await provider.verify(ref, before)).toMatchObject({ partial: ['Mail.Read'], missing: [] });
    // Another role for mail decides by itself.
    simulator.grantConsent(tenant.id, [...withoutMail, 'Mail.ReadBasic.All']);
    const grant = await provider.verify(ref, before);
    expect(grant.missing).toMatchObject([{ id: 'Mail.Read' }]);
    expect(grant.partial).toBeUndefined();
  });

  it('is not asked about where it is granted for all', async () => {
    const { simulator, provider, tenant, ref } = narrowed((all) => all.slice(0, 1));
    simulator.grantConsent(tenant.id);
    const grant = await provider.verify(ref);
    expect(grant.missing).toEqual([]);
    expect(grant.partial).toBeUndefined();
    expect(simulator.counts.byRoute['mailFolders.get']).toBeUndefined();
  });

  it('is not enough by itself: nobody could say which mailboxes there are', async () => {
    const { simulator, provider, tenant, ref } = narrowed((all) => all.slice(0, 1));
    simulator.revokeGrant(tenant.id);
    expect(await failure(provider.verify(ref))).toMatchObject({ code: 'consent_pending' });
    simulator.grantConsent(tenant.id, ['Application.Read.All', 'Organization.Read.All']);
    const { missing } = await provider.verify(ref);
    expect(missing.filter(({ required }) => required).map(({ id }) => id)).toEqual([
      'Domain.Read.All',
      'User.Read.All',
      'OrgContact.Read.All',
      'Group.Read.All',
      'Mail.Read',
    ]);
  });
});

describe('how the mailboxes are asked', () => {
  const { server, calls } = wire();
  const inbox = `${graph}/users/:id/mailFolders/inbox`;

  /** A tenant of so many users on each of these pages, half of them without a mailbox. */
  function granted(users: number, folder: (id: string) => Response | Promise<Response>, pages = 1) {
    const rows = Array.from({ length: users * pages }, (_, index) => ({
      id: `user-${index}`,
      mail: index % 2 === 0 ? `user-${index}@contoso.com` : null,
      userPrincipalName: `user-${index}@contoso.com`,
    }));
    const roles = withoutMail.map((role) => ({ id: role, value: role }));
    server.use(
      http.get(`${graph}/organization`, () => HttpResponse.json({ value: [{ id: tenantId }] })),
      http.get(/servicePrincipals\(appId='00000003/, () => HttpResponse.json({ id: 'g', appRoles: roles })),
      http.get(/appRoleAssignments/, () =>
        HttpResponse.json({ value: roles.map(({ id }) => ({ appRoleId: id, resourceId: 'g' })) }),
      ),
      http.get(`${graph}/users`, ({ request }) => {
        const page = Number(new URL(request.url).searchParams.get('$skiptoken'));
        return HttpResponse.json({
          value: rows.slice(page * users, (page + 1) * users),
          ...(page + 1 < pages && { '@odata.nextLink': `${graph}/users?$skiptoken=${page + 1}` }),
        });
      }),
      http.get(inbox, ({ params }) => folder(String(params.id))),
    );
  }
  const shut = () => refusal(403, 'ErrorAccessDenied');
  const asked = () =>
    calls()
      .flatMap(({ url }) => /users\/user-(\d+)\//.exec(url)?.[1] ?? [])
      .map(Number);

  it('fifty of a large tenant, from all over it, once each, and only those that may have a mailbox', async () => {
    granted(999, shut);
    expect((await connect().provider.verify(tenant)).missing).toMatchObject([{ id: 'Mail.Read' }]);
    expect(new Set(asked()).size).toBe(50);
    expect(asked()).toHaveLength(50);
    expect(asked().every((index) => index % 2 === 0)).toBe(true);
    expect(Math.max(...asked())).toBeGreaterThan(950);
    expect(calls().filter(({ url }) => url.includes('/users?'))).toHaveLength(1);
  });

  it('of five pages of users at most', async () => {
    granted(999, shut, 7);
    expect((await connect().provider.verify(tenant)).missing).toMatchObject([{ id: 'Mail.Read' }]);
    expect(asked()).toHaveLength(50);
    expect(Math.max(...asked())).toBeGreaterThan(4_850);
    expect(Math.max(...asked())).toBeLessThan(4_995);
    expect(calls().filter(({ url }) => url.includes('/users?'))).toHaveLength(5);
  });

  it('other ones each time', async () => {
    granted(999, shut);
    let offset = 0;
    const { provider } = connect({ random: () => offset });
    await provider.verify(tenant);
    const first = asked();
    offset = 0.999;
    await provider.verify(tenant);
    const both = asked();
    expect(both).toHaveLength(100);
    expect(new Set(both).size).toBe(100);
    expect(both.slice(0, 50)).toEqual(first);
  });

  it('no further when one is open', async () => {
    granted(999, (id) => (id === 'user-0' ? HttpResponse.json({ id: 'inbox' }) : shut()));
    expect((await connect().provider.verify(tenant)).partial).toEqual(['Mail.Read']);
    expect(asked()).toHaveLength(5);
  });

  it('a user without a mailbox says nothing', async () => {
    granted(4, (id) => (id === 'user-0' ? refusal(404, 'ResourceNotFound') : HttpResponse.json({ id: 'i' })));
    expect((await connect().provider.verify(tenant)).partial).toEqual(['Mail.Read']);
  });

  it('nothing is concluded where the service does not say', async () => {
    granted(40, (id) => (id === 'user-0' ? refusal(500, '') : shut()));
    const { provider, clock } = connect();
    expect(await clock.run(failure(provider.verify(tenant)))).toMatchObject({ code: 'unavailable' });
  });

  it('an open one counts, even if the service does not answer for another', async () => {
    granted(40, (id) => (id === 'user-0' ? refusal(500, '') : HttpResponse.json({ id: 'i' })));
    const { provider, clock } = connect();
    expect((await clock.run(provider.verify(tenant))).partial).toEqual(['Mail.Read']);
  });

  it('not for longer than half a minute', async () => {
    const house = connect();
    granted(400, async () => {
      await house.clock.advance(10_000);
      return shut();
    });
    expect(await failure(house.provider.verify(tenant))).toMatchObject({ code: 'unavailable' });
    expect(asked().length).toBeLessThan(50);
  });
});
