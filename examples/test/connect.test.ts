import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHouse } from './connect-house.ts';
import { storages } from './storages.ts';

const MINUTE = 60_000;

describe.each(storages)('on $name', ({ open }) => {
  let opened: Awaited<ReturnType<typeof open>>;
  beforeEach(async () => {
    opened = await open();
  });
  afterEach(async () => {
    await opened.close();
  });

  it('an administrator connects, loses consent, authorises the same tenant again, and disconnects; another tenant is refused', async () => {
    await using house = await createHouse({ storage: opened.storage });
    const { connector, contoso, fabrikam, simulator, clock } = house;
    const told: unknown[] = [];
    connector.events.on('connection.reauthorization_required', ({ code, message }) =>
      told.push({ code, message }),
    );
    const id = await house.register('org-1', 'contoso');
    const anna = await house.person('anna');

    const done = await anna.authorize(id, contoso.administrator.username);
    expect(done.html).toBe('page /');
    expect(await house.get(id)).toMatchObject({
      status: 'active',
      tenantName: contoso.displayName,
      tenant: { tenantId: contoso.id },
      authorized: { actor: 'anna', byLink: false },
    });
    const first = await connector.directory.sync(id);
    expect(first.counts.user.upserted).toBeGreaterThan(0);

    // The customer takes it away; it is believed after a second answer.
    simulator.disableServicePrincipal(contoso.id);
    house.provider.forget?.({ tenantId: contoso.id });
    const verify = () => connector.run({ kind: 'connection.verify', connectionId: id });
    await verify();
    expect((await house.get(id)).status).toBe('active');
    await clock.advance(4 * MINUTE);
    await verify();
    expect((await house.get(id)).status).toBe('reauthorization_required');
    expect(told).toEqual([
      { code: 'AADSTS7000112', message: expect.stringMatching(/Enterprise applications/) },
    ]);
    await expect(connector.directory.sync(id)).rejects.toMatchObject({ code: 'refused' });

    // The administrator of another tenant cannot take its place, in either way.
    const other = connector.connections.register({ organizationId: 'org-1', tenant: 'fabrikam' });
    await expect(other).rejects.toMatchObject({ code: 'refused', field: 'tenant' });
    simulator.enableServicePrincipal(contoso.id);
    const elsewhere = await house.person('anna');
    const stranger = await elsewhere.authorize(id, fabrikam.administrator.username);
    expect(stranger.html).not.toContain('page /');
    expect((await house.get(id)).status).toBe('reauthorization_required');

    await anna.authorize(id, contoso.administrator.username);
    const again = await house.get(id);
    expect(again).toMatchObject({ status: 'active', tenant: { tenantId: contoso.id } });
    // It went on from its checkpoints: nothing is read twice.
    const second = await connector.directory.sync(id);
    expect(second.counts.user.upserted).toBe(0);

    await connector.connections.disconnect(id);
    await expect(connector.accessToken(id)).rejects.toMatchObject({ code: 'refused' });
    const before = simulator.counts.byRoute.token;
    expect(await connector.workload()).toEqual([]);
    expect(simulator.counts.byRoute.token).toBe(before);
    // The tenant is free for another organization now.
    const next = await house.register('org-2', 'contoso');
    await anna.authorize(next, contoso.administrator.username);
    expect((await house.get(next)).status).toBe('active');
  });

  it('an administrator who is no user of the host connects by a link, once', async () => {
    await using house = await createHouse({ storage: opened.storage });
    const { connector, contoso } = house;
    const id = await house.register();
    const { link } = await connector.authorization.invite({ connectionId: id, actor: 'anna' });
    const visitor = await house.person();
    let view = await visitor.open(link);
    expect(view.html).toContain('org-1 asks you');
    view = await visitor.submit(view, 'Continue to Microsoft');
    const signIn = /href="([^"]+)"/.exec(view.html)?.[1]?.replaceAll('&amp;', '&') ?? '';
    view = await visitor.signIn(await visitor.open(signIn), contoso.administrator.username);
    view = await visitor.submit(view, 'Accept');
    view = await visitor.submit(view, 'Connect');
    expect(view.title).toBe('Connected');
    expect(await house.get(id)).toMatchObject({
      status: 'active',
      tenantName: contoso.displayName,
      authorized: { actor: 'anna', byLink: true },
    });
    expect((await visitor.open(link)).status).toBe(400);
  });
});
