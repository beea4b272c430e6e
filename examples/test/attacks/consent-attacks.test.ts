import { DEFAULT_PERMISSIONS } from '@mailsphere/simulator';
import { describe, expect, it } from 'vitest';
import { createHouse, type House } from '../connect-house.ts';
import {
  atMicrosoft,
  beginJourney,
  confirm,
  connected,
  failure,
  locationOf,
  toConfirmation,
  visit,
} from './journey.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const verify = ({ connector }: House, connectionId: string) =>
  connector.run({ kind: 'connection.verify', connectionId });

describe('attack 15: consent that is late, partial or shaken', () => {
  it('a token without roles is not taken for consent: nothing can be confirmed before the service shows it', async () => {
    await using house = await createHouse();
    const { simulator, contoso, clock } = house;
    simulator.setPropagation(30_000);
    const id = await house.register();
    const journey = await beginJourney(house, id);
    const confirmation = await toConfirmation(house, journey, contoso.administrator.username);
    // The token comes, and says nothing.
    expect((await house.provider.acquireToken({ tenantId: contoso.id })).token).toMatch(/^ey/);
    expect(await (await visit(confirmation, journey.cookie)).text()).toContain('Waiting for Microsoft');
    expect((await confirm(confirmation, journey.cookie)).status).toBe(409);
    expect((await house.get(id)).status).toBe('registered');
    await clock.advance(31_000);
    // It is not the token of before that is looked at.
    expect(await (await visit(confirmation, journey.cookie)).text()).toContain('>Connect</button>');
    expect((await confirm(confirmation, journey.cookie)).status).toBe(303);
    expect((await house.get(id)).status).toBe('active');
  });

  it('a tenant that took everything back is noticed, though it still gives out tokens', async () => {
    await using house = await createHouse();
    const { simulator, contoso, connector, clock } = house;
    const id = await connected(house);
    simulator.revokeGrant(contoso.id);
    house.provider.forget?.({ tenantId: contoso.id });
    expect((await connector.accessToken(id)).token).toMatch(/^ey/);
    await verify(house, id);
    await clock.advance(4 * MINUTE);
    await verify(house, id);
    const connection = await house.get(id);
    expect(connection.status).toBe('reauthorization_required');
    expect(connection.reauthorization?.message).toMatch(/administrator|grant/);
    expect(await failure(connector.directory.sync(id))).toMatchObject({ code: 'refused' });
    // A token alone brings nothing back; consent does.
    expect((await connector.authorization.check(id)).consent).not.toBe('granted');
    simulator.grantConsent(contoso.id);
    expect((await connector.authorization.check(id)).connection.status).toBe('active');
  });

  it('permissions beyond those that were asked for are shown before anybody confirms, and listed after', async () => {
    await using house = await createHouse();
    const { simulator, contoso, connector } = house;
    simulator.updateApp({ requiredPermissions: [...DEFAULT_PERMISSIONS, 'Mail.ReadWrite', 'Mail.Send'] });
    const id = await house.register();
    const journey = await beginJourney(house, id);
    const confirmation = await toConfirmation(house, journey, contoso.administrator.username);
    const page = await (await visit(confirmation, journey.cookie)).text();
    expect(page).toMatch(/Granted, though not asked for<\/dt><dd>[^/]*Mail\.ReadWrite<br>[^/]*Mail\.Send/);
    await confirm(confirmation, journey.cookie);
    const { unexpected } = await connector.connections.permissions(id);
    expect(unexpected).toEqual(expect.arrayContaining(['Mail.ReadWrite', 'Mail.Send']));
  });

  it('a consent that drops an optional permission switches off what needs it, and says so', async () => {
    await using house = await createHouse();
    const { simulator, contoso, connector } = house;
    const id = await connected(house);
    const changed: unknown[] = [];
    connector.events.on('connection.permissions_changed', ({ connection }) =>
      changed.push(connection.disabled),
    );
    // Accepting again with a shorter list takes the rest back.
    const optional = 'Member.Read.Hidden';
    simulator.grantConsent(
      contoso.id,
      DEFAULT_PERMISSIONS.filter((permission) => permission !== optional),
    );
    await verify(house, id);
    expect(changed).toMatchObject([[{ capability: 'hidden_members', missing: [optional] }]]);
    expect((await house.get(id)).status).toBe('active');
    const { missing } = await connector.connections.permissions(id);
    expect(missing.map((permission) => permission.id)).toEqual([optional]);
    expect((await connector.directory.sync(id)).counts.user.upserted).toBeGreaterThan(0);
  });

  it('a consent that drops a required permission cannot be confirmed, and ends the work that lacks it', async () => {
    await using house = await createHouse();
    const { simulator, contoso, clock } = house;
    const id = await connected(house);
    const before = await house.get(id);
    simulator.updateApp({ requiredPermissions: DEFAULT_PERMISSIONS.filter((name) => name !== 'Mail.Read') });
    const journey = await beginJourney(house, id);
    const confirmation = await toConfirmation(house, journey, contoso.administrator.username);
    await clock.advance(2 * MINUTE);
    const page = await visit(confirmation, journey.cookie);
    expect(page.status).toBe(403);
    expect(await page.text()).toMatch(/has not granted: Mail\.Read\./);
    expect((await confirm(confirmation, journey.cookie)).status).toBe(409);
    expect((await house.get(id)).authorized).toEqual(before.authorized);
    await verify(house, id);
    await clock.advance(4 * MINUTE);
    await verify(house, id);
    expect(await house.get(id)).toMatchObject({
      status: 'reauthorization_required',
      reauthorization: { code: 'permission_missing' },
    });
  });

  it('a passing "the application is not in this directory" does not take a customer out of service', async () => {
    await using house = await createHouse();
    const { simulator, contoso, connector, clock } = house;
    const id = await connected(house);
    const told: unknown[] = [];
    connector.events.on('connection.reauthorization_required', (event) => told.push(event));
    const refuseOnce = async () => {
      simulator.inject({ route: 'token', tenantId: contoso.id, answer: { aadsts: 700016 } });
      await verify(house, id);
    };
    // Each time it passes by itself, or comes alone.
    for (let turn = 0; turn < 3; turn++) {
      await refuseOnce();
      await clock.advance(MINUTE);
      await verify(house, id);
      await clock.advance(3 * MINUTE);
    }
    // Work that was refused twice, hours apart and with nothing asked between, proves nothing either.
    const refuseWork = async () => {
      simulator.inject({ route: 'token', tenantId: contoso.id, answer: { aadsts: 700016 } });
      house.provider.forget?.({ tenantId: contoso.id });
      await expect(connector.directory.sync(id)).rejects.toMatchObject({ code: 'reauthorization_required' });
    };
    await refuseWork();
    await clock.advance(2 * HOUR);
    await refuseWork();
    expect((await house.get(id)).status).toBe('active');
    expect(told).toEqual([]);
    expect((await connector.directory.sync(id)).counts.user.upserted).toBeGreaterThan(0);
  });

  it.each([
    ['an outage', { status: 503, body: '<html>' }],
    ["the host's own secret has expired", { aadsts: 7000222 }],
    ['a number that nobody knows', { aadsts: 700016, merge: { error_codes: [987654], error: 'unheard_of' } }],
    ['throttling', { aadsts: 90055 }],
  ])('%s, however long it lasts, does not take a customer out of service', async (_name, answer) => {
    await using house = await createHouse();
    const { simulator, contoso, clock } = house;
    const id = await connected(house);
    simulator.inject({ route: 'token', tenantId: contoso.id, times: 1_000, answer });
    for (let hour = 0; hour < 4; hour++) {
      await clock.run(verify(house, id)).catch(() => undefined);
      await clock.advance(5 * MINUTE);
      await clock.run(verify(house, id)).catch(() => undefined);
      await clock.advance(HOUR);
    }
    simulator.clearFaults();
    expect(await house.get(id)).toMatchObject({ status: 'active' });
    await clock.run(verify(house, id));
    expect((await house.get(id)).refusedSince).toBeUndefined();
  });
});

describe('attack 21: people and tenants are who they are by their ids, not by names that can be taken', () => {
  it('an administrator of another tenant who bears the name and address of ours is a stranger', async () => {
    await using house = await createHouse();
    const { simulator, contoso, fabrikam } = house;
    const id = await house.register();
    const { username } = contoso.administrator;
    const names = { email: username, upn: username, preferred_username: username, unique_name: username };
    const forgeries = [
      // Signed for the other tenant, then with our issuer, then with our tenant but another issuer.
      { tenantId: fabrikam.id, claims: names },
      { claims: { ...names, tid: fabrikam.id } },
      { tenantId: fabrikam.id, claims: { ...names, tid: contoso.id } },
    ];
    for (const forgery of forgeries) {
      simulator.forgeIdToken(forgery);
      const { cookie, signIn } = await beginJourney(house, id);
      expect((await visit(await atMicrosoft(house, signIn, username), cookie)).status).toBe(400);
    }
    expect((await house.get(id)).signedInAt).toBeUndefined();
    expect((await house.get(id)).status).toBe('registered');
  });

  it('a member who bears the address of the administrator does not come into the rights of the administrator', async () => {
    await using house = await createHouse();
    const { simulator, contoso } = house;
    simulator.updateApp({ groupMembershipClaims: 'None' });
    simulator.grantConsent(contoso.id);
    const id = await house.register();
    const { username } = contoso.administrator;
    const { userPrincipalName } = simulator.addUser(contoso.id, { nickname: 'mallory' });
    simulator.forgeIdToken({ claims: { email: username, upn: username, preferred_username: username } });
    const { cookie, signIn } = await beginJourney(house, id);
    const signedIn = await visit(await atMicrosoft(house, signIn, userPrincipalName), cookie);
    // Nobody is asked for consent: the tenant has given it, and the callback can be written by hand.
    const state = new URL(locationOf(signedIn)).searchParams.get('state');
    const forged = `${house.origin}/connect/callback?admin_consent=True&tenant=${contoso.id}&state=${state}`;
    const confirmation = locationOf(await visit(forged, cookie));
    expect((await visit(confirmation, cookie)).status).toBe(403);
    expect((await confirm(confirmation, cookie)).status).toBe(409);
    expect((await house.get(id)).status).toBe('registered');
  });

  it('a domain that moves to another tenant does not take the connection along', async () => {
    await using house = await createHouse();
    const { connector, simulator, contoso, fabrikam } = house;
    const id = await house.register('org-1', 'contoso.com');
    const anna = await house.person('anna');
    await anna.authorize(id, contoso.administrator.username);
    // From now on the name stands for the other tenant.
    simulator.inject({
      route: 'openid-configuration',
      tenantId: contoso.id,
      times: 99,
      answer: { merge: { issuer: `${simulator.login.origin}/${fabrikam.id}/v2.0` } },
    });
    house.provider.forget?.({ tenantId: contoso.id });
    house.sent.length = 0;
    await connector.directory.sync(id);
    await verify(house, id);
    expect(simulator.counts.tokensByTenant[fabrikam.id]).toBeUndefined();
    expect(house.sent.filter((request) => request.includes('contoso.com'))).toEqual([]);
    expect((await house.get(id)).tenant.tenantId).toBe(contoso.id);
    const { signIn } = await beginJourney(house, id);
    expect(signIn).toContain(`/${contoso.id}/`);
    // Typed again, the name means the tenant that has it now: it is not silently put in the place of the other.
    const retyped = connector.connections.register({ organizationId: 'org-1', tenant: 'contoso.com' });
    expect(await failure(retyped)).toMatchObject({ code: 'refused', field: 'tenant' });
    const newcomer = await connector.connections.register({ organizationId: 'org-2', tenant: 'contoso.com' });
    expect(newcomer).toMatchObject({ status: 'registered', tenant: { tenantId: fabrikam.id } });
  });
});
