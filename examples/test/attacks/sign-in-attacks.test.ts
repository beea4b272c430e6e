import { ROLES } from '@mailsphere/simulator';
import { describe, expect, it } from 'vitest';
import { createHouse, type House } from '../connect-house.ts';
import { tenantOf } from './access-token.ts';
import { attemptOf, carefulBrowser, connectFabrikam, expectUnbound, stateOf } from './careful-browser.ts';

const bindingsOf = async (house: House, tenantId: string) =>
  (await house.storage.list('bindings')).filter(({ id }) => id.includes(tenantId));

describe("attack 1: a forged answer names another customer, and that customer's mail would be the attacker's", () => {
  const claims: readonly ((victim: House['fabrikam'], state: string) => Record<string, string>)[] = [
    ({ id }, state) => ({
      admin_consent: 'True',
      tenant: id,
      scope: 'https://graph.microsoft.com/.default',
      state,
    }),
    ({ id }, state) => ({ tenant: id, state, admin_consent: 'True' }),
    ({ id }, state) => ({ tid: id, tenantId: id, tenant: 'fabrikam.com', state, admin_consent: 'True' }),
  ];

  it.each([true, false])('who has consented (and is connected: %s)', async (isConnected) => {
    await using house = await createHouse();
    const { contoso, fabrikam, simulator } = house;
    if (isConnected) await connectFabrikam(house);
    else simulator.grantConsent(fabrikam.id);
    const bound = await bindingsOf(house, fabrikam.id);
    const id = await house.register('evil', 'contoso');
    const mallory = await carefulBrowser(house, 'mallory');
    const asked = simulator.counts.tokensByTenant[fabrikam.id];

    for (const claim of claims) {
      const signedIn = await mallory.signIn(await mallory.begin(id), contoso.administrator.username);
      const consent = await mallory.open(`${signedIn.url}&tenant=${fabrikam.id}`);
      expect(consent.url.pathname).toBe(`/${contoso.id}/v2.0/adminconsent`);
      // Nothing was consented to: the answer is written by hand.
      const page = await mallory.answer(claim(fabrikam, stateOf(consent)));
      expect(page.title).toBe('Waiting for Microsoft');
      expect((await mallory.post('/connect/confirm', { attempt: attemptOf(page) })).status).toBe(409);
      expect((await house.get(id)).tenant.tenantId).toBe(contoso.id);
      await expectUnbound(house, id);
    }
    expect(simulator.counts.tokensByTenant[fabrikam.id]).toBe(asked);

    // With a consent of his own he gets his own tenant, whatever the answer says.
    const consented = await mallory.submit(
      await mallory.reachConsent(id, contoso.administrator.username),
      'Accept',
    );
    consented.url.searchParams.set('tenant', fabrikam.id);
    const confirmation = await mallory.open(consented.url.href);
    expect(confirmation.title).toBe('Connect Contoso to evil?');
    await mallory.submit(confirmation, 'Connect');
    const { token } = await house.connector.accessToken(id);
    expect(tenantOf(token)).toBe(contoso.id);
    expect(await bindingsOf(house, fabrikam.id)).toEqual(bound);
  });
});

describe('attack 2: whoever types the name of a tenant that has consented would have its mail at once', () => {
  it('and learns nothing of it, not even that it has consented', async () => {
    await using house = await createHouse();
    const { connector, contoso, fabrikam, simulator } = house;
    simulator.grantConsent(fabrikam.id);
    const id = await house.register('evil', 'fabrikam');
    const refused = { code: 'refused' };
    await expect(connector.accessToken(id)).rejects.toMatchObject(refused);
    await expect(connector.authorization.check(id)).rejects.toMatchObject(refused);
    await expect(connector.directory.sync(id)).rejects.toMatchObject(refused);
    await expect(connector.run({ kind: 'connection.verify', connectionId: id })).rejects.toMatchObject(
      refused,
    );
    expect(await connector.workload()).toEqual([]);
    expect(await connector.connections.permissions(id)).toMatchObject({ granted: [] });
    expect(simulator.counts.tokensByGrant.client_credentials).toBeUndefined();

    // He has no account there, and says that the consent has been given.
    const mallory = await carefulBrowser(house, 'mallory');
    const signIn = await mallory.begin(id);
    const stranger = await mallory.signIn(signIn, contoso.administrator.username);
    expect(stranger.url.origin).toBe(simulator.login.origin);
    expect(stranger.html).toContain('AADSTS50020');
    for (const parameters of [{ admin_consent: 'True', tenant: fabrikam.id }, { code: '1.guessed' }, {}]) {
      const page = await mallory.answer({ state: stateOf(await mallory.begin(id)), ...parameters });
      expect(page.status).toBe(400);
      expect(page.html).toContain('attempt_invalid');
    }
    expect((await house.get(id)).signedInAt).toBeUndefined();
    await expectUnbound(house, id);
    expect(simulator.counts.tokensByGrant.client_credentials).toBeUndefined();

    // Nor does he keep the tenant from those whose it is.
    const rightful = await connectFabrikam(house);
    await expect(connector.accessToken(rightful)).resolves.toMatchObject({ token: expect.any(String) });
    await expectUnbound(house, id);
  });
});

describe('attack 3: somebody of the tenant without the right to grant would give its mail away', () => {
  const holding = (house: House, role: string) => {
    const { member } = house.fabrikam.accounts;
    house.simulator.updateUser(house.fabrikam.id, member?.username ?? '', { roles: [role] });
    return member?.username;
  };
  const people: readonly (readonly [who: string, username: (house: House) => string | undefined])[] = [
    ['a member', ({ fabrikam }) => fabrikam.accounts.member?.username],
    ['a guest', ({ fabrikam }) => fabrikam.accounts.guest?.username],
    ['an Application Administrator', (house) => holding(house, ROLES.applicationAdministrator)],
    ['a Cloud Application Administrator', (house) => holding(house, ROLES.cloudApplicationAdministrator)],
    ['a Global Reader', (house) => holding(house, ROLES.globalReader)],
    [
      'a Global Administrator whose role is not active',
      ({ simulator, fabrikam }) => {
        simulator.deactivateRoles(fabrikam.id, fabrikam.administrator.username);
        return fabrikam.administrator.username;
      },
    ],
  ];
  const open = async () => {
    const tenants = ['contoso', 'fabrikam'].map((name) => ({ name, users: 12, messagesPerUser: 0 }));
    const house = await createHouse({ simulator: { tenants } });
    house.simulator.grantConsent(house.fabrikam.id);
    return house;
  };

  it.each(people)('%s, by the roles in the token', async (who, usernameOf) => {
    await using house = await open();
    const id = await house.register('evil', 'fabrikam');
    const mallory = await carefulBrowser(house, 'mallory');
    const page = await mallory.reachConsent(id, usernameOf(house) ?? '');
    expect(page.url.origin).toBe(house.origin);
    expect(page.status).toBe(403);
    expect(page.html).toContain('consent_refused');
    await expectUnbound(house, id);
    // A member of the tenant may ask what is granted; that binds nothing.
    if (who === 'a guest') return;
    const check = await house.connector.authorization.check(id);
    expect(check).toMatchObject({ consent: 'granted', connection: { status: 'registered' } });
    await expectUnbound(house, id);
  });

  it.each(people)('%s, by the directory where the token says nothing of roles', async (_who, usernameOf) => {
    await using house = await open();
    house.simulator.updateApp({ groupMembershipClaims: 'None', acct: false });
    const { requiredPermissions } = house.simulator.app;
    house.simulator.grantConsent(house.fabrikam.id, [
      ...requiredPermissions,
      'RoleManagement.Read.Directory',
    ]);
    const id = await house.register('evil', 'fabrikam');
    const mallory = await carefulBrowser(house, 'mallory');
    const consent = await mallory.reachConsent(id, usernameOf(house) ?? '');
    expect(consent.title).toBe('Need admin approval');
    const page = await mallory.answer({
      state: stateOf(consent),
      admin_consent: 'True',
      tenant: house.fabrikam.id,
    });
    expect(page.status).toBe(403);
    expect(page.html).toContain('consent_refused');
    expect((await mallory.post('/connect/confirm', { attempt: attemptOf(page) })).status).toBe(409);
    // Who may be a guest does not even learn whether the tenant has consented.
    await expect(house.connector.authorization.check(id)).rejects.toMatchObject({ code: 'refused' });
    await expectUnbound(house, id);
  });

  it('a guest, even one with the highest role', async () => {
    await using house = await open();
    const { guest } = house.fabrikam.accounts;
    house.simulator.updateUser(house.fabrikam.id, guest?.id ?? '', { roles: [ROLES.globalAdministrator] });
    const id = await house.register('evil', 'fabrikam');
    const mallory = await carefulBrowser(house, 'mallory');
    const page = await mallory.reachConsent(id, guest?.username ?? '');
    expect(page.url.origin).toBe(house.origin);
    expect(page.html).toContain('A guest of the tenant cannot connect it');
    await expectUnbound(house, id);
  });
});

describe("attack 4: an administrator opens a link that somebody else began, and the tenant would be that one's", () => {
  const open = async (consented = false) => {
    const house = await createHouse();
    const { simulator, fabrikam } = house;
    if (consented) simulator.grantConsent(fabrikam.id);
    const id = await house.register('evil', 'fabrikam');
    const mallory = await carefulBrowser(house, 'mallory');
    const forwarded = (await mallory.begin(id)).url.href;
    return { house, id, mallory, forwarded, administrator: fabrikam.administrator.username };
  };
  const expectRefused = async (
    house: House,
    id: string,
    page: { readonly status: number; readonly html: string },
  ) => {
    expect(page.status).toBe(400);
    expect(page.html).toContain('attempt_invalid');
    expect((await house.get(id)).signedInAt).toBeUndefined();
    expect(house.simulator.counts.tokensByGrant).toEqual({});
    await expectUnbound(house, id);
  };

  it('in a browser that never was at the host', async () => {
    const { house, id, forwarded, administrator } = await open();
    await using _ = house;
    const vera = await house.person();
    await expectRefused(house, id, await vera.signIn(await vera.open(forwarded), administrator));
  });

  it('in a browser of another user of the host, with a sign-in of its own', async () => {
    const { house, id, forwarded, administrator } = await open();
    await using _ = house;
    const vera = await house.person('vera');
    await vera.begin(await house.register('victim', 'contoso'));
    await expectRefused(house, id, await vera.signIn(await vera.open(forwarded), administrator));
  });

  it('in a browser that was signed in at the host as the attacker', async () => {
    const { house, id, forwarded, administrator } = await open();
    await using _ = house;
    const vera = await house.person('mallory');
    await vera.begin(id);
    await expectRefused(house, id, await vera.signIn(await vera.open(forwarded), administrator));
  });

  it("in a browser into which the attacker's cookie was planted", async () => {
    const { house, id, mallory, forwarded, administrator } = await open();
    await using _ = house;
    const planted = mallory.cookies();
    expect(planted).toContain('mailsphere_connect=');
    const vera = await carefulBrowser(house, 'vera');
    const answer = await vera.signIn(await vera.open(forwarded), administrator);
    for (const session of ['session=vera', '']) {
      const cookie = `${planted.replace('session=mallory', session)}`;
      const response = await fetch(answer.url, { headers: { cookie }, redirect: 'manual' });
      await expectRefused(house, id, { status: response.status, html: await response.text() });
    }
  });

  it('on a shared computer, after another user signed in at the host', async () => {
    const { house, id, mallory, forwarded, administrator } = await open();
    await using _ = house;
    await mallory.open(`${house.origin}/session/vera`);
    const answer = await mallory.signIn(await mallory.open(forwarded), administrator);
    await expectRefused(house, id, await mallory.open(answer.url.href));
  });

  it('without a single click, because the administrator is signed in at Microsoft already', async () => {
    const { house, id, mallory, forwarded, administrator } = await open(true);
    await using _ = house;
    const vera = await house.person('vera');
    await vera.signIn(await vera.begin(await house.register('victim', 'fabrikam')), administrator);
    house.simulator.resetCounts();
    // The attacker takes out of the link that Microsoft asks for the account.
    const silent = new URL(forwarded);
    silent.searchParams.delete('prompt');
    await expectRefused(house, id, await vera.open(silent.href));
    silent.searchParams.set('prompt', 'none');
    await expectRefused(house, id, await vera.open(silent.href));
    // Nor can the attacker go on from there.
    const page = await mallory.answer({
      state: new URL(forwarded).searchParams.get('state') ?? '',
      admin_consent: 'True',
    });
    await expectRefused(house, id, page);
  });

  it('that came out of an invitation, which the attacker opened first', async () => {
    await using house = await createHouse();
    const id = await house.register('evil', 'fabrikam');
    const { link } = await house.connector.authorization.invite({ connectionId: id, actor: 'mallory' });
    const mallory = await carefulBrowser(house);
    const leaving = await mallory.submit(await mallory.open(link), 'Continue to Microsoft');
    const forwarded = /href="([^"]+)"/.exec(leaving.html)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const vera = await house.person('vera');
    await vera.begin(await house.register('victim', 'contoso'));
    const page = await vera.signIn(await vera.open(forwarded), house.fabrikam.administrator.username);
    await expectRefused(house, id, page);
  });

  it('whose consent alone is forwarded, by an ordinary member who signed in first', async () => {
    await using house = await createHouse({
      simulator: {
        tenants: ['contoso', 'fabrikam'].map((name) => ({ name, users: 12, messagesPerUser: 0 })),
        app: { groupMembershipClaims: 'None' },
      },
    });
    const { administrator, accounts } = house.fabrikam;
    const id = await house.register('evil', 'fabrikam');
    const mallory = await carefulBrowser(house, 'mallory');
    const consent = await mallory.reachConsent(id, accounts.member?.username ?? '');
    const vera = await house.person('vera');
    const given = await vera.submit(
      await vera.signIn(await vera.open(consent.url.href), administrator.username),
      'Accept',
    );
    expect(given.status).toBe(400);
    expect(house.fabrikam.grants).not.toEqual([]);
    // The consent is there now, and the attacker says so in his own browser.
    const page = await mallory.answer({ state: stateOf(consent), admin_consent: 'True' });
    expect(page.status).toBe(403);
    await expectUnbound(house, id);
  });

  it('from the very beginning of the host, unless the host lets this person connect that organization', async () => {
    await using house = await createHouse({
      hooks: {
        authorize: (request, { connection }) =>
          request.headers.get('cookie')?.includes(`session=of-${connection.organizationId}`)
            ? connection.organizationId
            : undefined,
      },
    });
    const id = await house.register('evil', 'fabrikam');
    const vera = await house.person('of-victim');
    const page = await vera.begin(id);
    expect(page.status).toBe(403);
    expect(page.html).toContain('Sign in as somebody who may connect this organization');
    await expectUnbound(house, id);
  });

  it('that comes as far as the last page, which names both sides and cannot be pressed from another site', async () => {
    await using house = await createHouse();
    const id = await house.register('evil', 'fabrikam');
    const vera = await carefulBrowser(house, 'vera');
    const consent = await vera.reachConsent(id, house.fabrikam.administrator.username);
    const page = await vera.open((await vera.submit(consent, 'Accept')).url.href);
    expect(page.title).toBe('Connect Fabrikam to evil?');
    expect(page.html).toContain(house.fabrikam.id);
    await expectUnbound(house, id);

    const headers = { cookie: vera.cookies(), origin: 'https://evil.example' };
    const body = new URLSearchParams({ attempt: attemptOf(page) });
    const forged = await fetch(`${house.origin}/connect/confirm`, {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
    });
    expect(forged.status).toBe(400);
    const framed = await fetch(page.url, { headers: { cookie: vera.cookies() } });
    expect(framed.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    await expectUnbound(house, id);
  });
});
