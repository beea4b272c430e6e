import { describe, expect, it, vi } from 'vitest';
import { attemptOf, BASE, connect, createBrowser, createHost } from './host.ts';

const register = (host: ReturnType<typeof createHost>) =>
  host.connector.connections.register({
    organizationId: 'org-1',
    tenant: 'contoso',
    organizationName: 'Müller & Söhne',
  });

describe('connecting a tenant', () => {
  it('leads an administrator through sign-in, consent and confirmation, and back to the host', async () => {
    const afterConnect = vi.fn();
    const host = createHost({ hooks: { afterConnect } });
    const activated = vi.fn();
    host.connector.events.on('connection.activated', activated);
    const { id } = await register(host);
    const browser = createBrowser(host.connector);

    const begun = await browser.send(`${BASE}/begin?connectionId=${id}&returnTo=/settings`);
    expect(begun.status).toBe(302);
    expect(begun.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Lax; Secure$/);
    const signIn = new URL(begun.headers.get('location') ?? '');
    expect(signIn.searchParams.get('redirectUri')).toBe(`${BASE}/callback`);

    const consentState = await browser.signedIn(signIn.searchParams.get('state') ?? '');
    const location = await browser.consented(consentState);
    const page = await (await browser.send(location)).text();
    expect(page).toContain('Connect Contoso &lt;Ltd&gt; to Müller &amp; Söhne?');

    const done = await browser.confirm(attemptOf(location));
    expect(done.status).toBe(303);
    expect(done.headers.get('location')).toBe('https://app.example/settings');
    const connection = await host.connector.connections.get(id);
    expect(connection).toMatchObject({
      status: 'active',
      tenantName: 'Contoso <Ltd>',
      granted: ['Mail.Read'],
    });
    expect(afterConnect).toHaveBeenCalledWith(connection, { actor: 'anna', byLink: false });
    expect(activated).toHaveBeenCalledOnce();
  });

  it('keeps the browser informed while the grant spreads, and binds nothing before it is visible', async () => {
    const host = createHost();
    const { id } = await register(host);
    const browser = createBrowser(host.connector);
    const location = await browser.consented(await browser.signedIn(await browser.begin(id)));
    host.service.pending = true;
    expect(await (await browser.send(location)).text()).toContain('http-equiv="refresh"');
    expect((await browser.confirm(attemptOf(location))).status).toBe(409);
    host.service.pending = false;
    host.service.granted = [];
    expect(await (await browser.send(location)).text()).toContain('http-equiv="refresh"');
    host.service.granted = ['Mail.Read'];
    expect(await (await browser.send(location)).text()).toContain('Connect Contoso');
    expect((await browser.confirm(attemptOf(location))).status).toBe(303);
  });

  it('refuses a person who may not grant, told by the sign-in or else by the directory', async () => {
    const host = createHost();
    const { id } = await register(host);
    const browser = createBrowser(host.connector);
    host.service.mayGrant = false;
    const refused = await browser.send(
      `${BASE}/callback?${new URLSearchParams({ state: await browser.begin(id), code: 'good' })}`,
    );
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain('Global Administrator');

    host.service.mayGrant = undefined;
    host.service.mayGrantByDirectory = false;
    const location = await browser.consented(await browser.signedIn(await browser.begin(id)));
    expect((await browser.send(location)).status).toBe(403);
    expect((await browser.confirm(attemptOf(location))).status).toBe(409);
    expect(await host.connector.connections.get(id)).toMatchObject({ status: 'registered' });
  });

  it('takes a cancelled consent as refused although the answer says admin_consent=True', async () => {
    const host = createHost();
    const { id } = await register(host);
    const browser = createBrowser(host.connector);
    const state = await browser.signedIn(await browser.begin(id));
    const parameters = {
      state,
      error: 'access_denied',
      error_description: '<b>x</b>',
      admin_consent: 'True',
    };
    const response = await browser.send(`${BASE}/callback?${new URLSearchParams(parameters)}`);
    expect(response.status).toBe(403);
    expect(await response.text()).not.toContain('<b>');
    // The state is used up: a second answer cannot make it good.
    expect((await browser.send(`${BASE}/callback?state=${state}&admin_consent=True`)).status).toBe(400);
  });
});

describe('what is refused', () => {
  it('an answer in another browser, and it uses nothing up', async () => {
    const host = createHost();
    const { id } = await register(host);
    const browser = createBrowser(host.connector);
    const state = await browser.begin(id);
    const stranger = createBrowser(host.connector);
    await stranger.begin(id);
    const url = `${BASE}/callback?state=${state}&code=good`;
    expect((await createBrowser(host.connector).send(url)).status).toBe(400);
    expect((await stranger.send(url)).status).toBe(400);
    expect((await browser.send(url)).status).toBe(302);
  });

  it('a look at the answer before anybody follows it, and it uses nothing up', async () => {
    const host = createHost();
    const { id } = await register(host);
    const browser = createBrowser(host.connector);
    const url = `${BASE}/callback?state=${await browser.begin(id)}&code=good`;
    expect((await browser.send(url, { method: 'HEAD' })).status).toBe(405);
    for (const name of ['sec-purpose', 'purpose', 'x-moz'])
      expect((await browser.send(url, { headers: { [name]: 'prefetch;prerender' } })).status).toBe(503);
    expect((await browser.send(url)).status).toBe(302);
  });

  it('an answer when somebody else is signed in at the host', async () => {
    const host = createHost();
    const { id } = await register(host);
    const anna = createBrowser(host.connector, 'anna');
    const state = await anna.begin(id);
    const ben = createBrowser(host.connector, 'ben');
    const response = await ben.send(`${BASE}/callback?state=${state}&code=good`, {
      headers: { cookie: anna.cookie ?? '' },
    });
    expect(response.status).toBe(400);
  });

  it('a visitor who is not signed in at the host', async () => {
    const host = createHost({ hooks: { authorize: () => undefined } });
    const { id } = await register(host);
    const response = await createBrowser(host.connector).send(`${BASE}/begin?connectionId=${id}`);
    expect(response.status).toBe(403);
    // Ids can be guessed: whether there is such a connection is not told.
    const none = await createBrowser(host.connector).send(`${BASE}/begin?connectionId=none`);
    expect([none.status, await none.text()]).toEqual([response.status, await response.clone().text()]);
    expect(response.headers.get('set-cookie')).toBeNull();
  });

  it('a state that was used, has expired, is of another leg, or was never given out', async () => {
    const host = createHost();
    const { id } = await register(host);
    const browser = createBrowser(host.connector);
    const used = await browser.begin(id);
    const consentState = await browser.signedIn(used);
    const tries = [
      `state=${used}&code=good`,
      `state=${consentState}&code=good`,
      `state=${await browser.begin(id)}&admin_consent=True`,
      'state=unknown&code=good',
      'code=good',
    ];
    for (const parameters of tries)
      expect((await browser.send(`${BASE}/callback?${parameters}`)).status).toBe(400);
    const expired = await browser.begin(id);
    await host.clock.advance(10 * 60_000);
    expect((await browser.send(`${BASE}/callback?state=${expired}&code=good`)).status).toBe(400);
  });

  it('an ambiguous answer', async () => {
    const host = createHost();
    const { id } = await register(host);
    const browser = createBrowser(host.connector);
    const state = await browser.begin(id);
    for (const parameters of [`state=${state}&state=x&code=good`, `state=${state}&code=${'x'.repeat(5000)}`])
      expect((await browser.send(`${BASE}/callback?${parameters}`)).status).toBe(400);
    expect((await browser.send(`${BASE}/callback?state=${state}&code=good`)).status).toBe(302);
  });

  it('a return address outside the host', async () => {
    const host = createHost();
    const { id } = await register(host);
    const browser = createBrowser(host.connector);
    for (const returnTo of [
      'https://evil.example/',
      '//evil.example',
      'javascript:alert(1)',
      'https://app.example@evil.example/',
    ]) {
      const response = await browser.send(
        `${BASE}/begin?${new URLSearchParams({ connectionId: id, returnTo })}`,
      );
      expect(response.status, returnTo).toBe(400);
    }
  });

  it('a confirmation sent from another site, or without the page having shown both names', async () => {
    const host = createHost();
    const { id } = await register(host);
    const browser = createBrowser(host.connector);
    const location = await browser.consented(await browser.signedIn(await browser.begin(id)));
    expect((await browser.confirm(attemptOf(location))).status).toBe(409);
    await browser.send(location);
    expect((await browser.confirm(attemptOf(location), { origin: 'https://evil.example' })).status).toBe(400);
    expect(
      (await browser.confirm(attemptOf(location), { 'sec-fetch-site': 'cross-site', origin: 'null' })).status,
    ).toBe(400);
    expect((await browser.confirm(attemptOf(location))).status).toBe(303);
  });

  it('an answer for a tenant that was replaced meanwhile', async () => {
    const host = createHost();
    const { id } = await register(host);
    const browser = createBrowser(host.connector);
    const state = await browser.begin(id);
    await host.connector.connections.register({ organizationId: 'org-1', tenant: 'fabrikam' });
    expect((await browser.send(`${BASE}/callback?state=${state}&code=good`)).status).toBe(400);
  });

  it('a tenant that another organization has, without saying which', async () => {
    const host = createHost();
    await connect(host.connector, 'org-1');
    const { id } = await host.connector.connections.register({ organizationId: 'org-2', tenant: 'contoso' });
    const browser = createBrowser(host.connector);
    const location = await browser.consented(await browser.signedIn(await browser.begin(id)));
    await browser.send(location);
    const response = await browser.confirm(attemptOf(location));
    expect(response.status).toBe(409);
    expect(await response.text()).not.toContain('org-1');
    expect(await host.connector.connections.get(id)).toMatchObject({ status: 'registered' });
  });
});

describe('after it was connected', () => {
  it('the button that is pressed twice, or again, leads to the same end as long as the connection holds', async () => {
    const afterConnect = vi.fn();
    const host = createHost({ hooks: { afterConnect } });
    const { id } = await register(host);
    const browser = createBrowser(host.connector);
    const location = await browser.consented(await browser.signedIn(await browser.begin(id, '/end')));
    await browser.send(location);
    const press = () => browser.confirm(attemptOf(location));
    const answers = [...(await Promise.all([press(), press()])), await press()];
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303]);
    expect(answers.map(({ headers }) => headers.get('location'))).toEqual(
      Array.from({ length: 3 }, () => 'https://app.example/end'),
    );
    expect(afterConnect).toHaveBeenCalledOnce();
    const stranger = createBrowser(host.connector);
    await stranger.begin(id);
    expect((await stranger.confirm(attemptOf(location))).status).toBe(400);
    await host.connector.connections.disconnect(id);
    expect((await press()).status).toBe(400);
  });

  it('is not hung up by a hook that never ends', async () => {
    const host = createHost({ hooks: { afterConnect: () => new Promise(() => {}) } });
    const { id } = await register(host);
    const browser = createBrowser(host.connector);
    const location = await browser.consented(await browser.signedIn(await browser.begin(id)));
    await browser.send(location);
    const answer = await host.clock.run(browser.confirm(attemptOf(location)));
    expect(answer.status).toBe(303);
  });

  it('is asked about again when the page was open for so long that the grant may have changed', async () => {
    const host = createHost();
    const { id } = await register(host);
    const browser = createBrowser(host.connector);
    const location = await browser.consented(await browser.signedIn(await browser.begin(id)));
    await browser.send(location);
    host.service.granted = [];
    await host.clock.advance(2 * 60_000);
    expect((await browser.confirm(attemptOf(location))).status).toBe(403);
    expect(await host.connector.connections.get(id)).toMatchObject({ status: 'registered' });
    host.service.granted = ['Mail.Read'];
    expect((await browser.confirm(attemptOf(location))).status).toBe(303);
  });

  it('is authorised again on the same tenant, and keeps since when it is active', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    const first = await host.connector.connections.get(id);
    await host.clock.advance(1000);
    expect(await connect(host.connector)).toBe(id);
    expect((await host.connector.connections.get(id))?.activeSince).toBe(first?.activeSince);
  });

  it('cannot get another tenant before it is disconnected; then it is another connection', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    const again = host.connector.connections.register({ organizationId: 'org-1', tenant: 'fabrikam' });
    await expect(again).rejects.toMatchObject({ code: 'refused', field: 'tenant' });
    await host.connector.connections.disconnect(id);
    const other = await connect(host.connector, 'org-1', 'fabrikam');
    expect(other).not.toBe(id);
    expect(await connect(host.connector, 'org-2', 'contoso')).not.toBe(id);
  });

  it('keeps no secret of a browser in the storage', async () => {
    const host = createHost();
    const { id } = await register(host);
    const browser = createBrowser(host.connector);
    const state = await browser.begin(id);
    const stored = JSON.stringify(await host.storage.list('attempts'));
    expect(stored).not.toContain(state);
    expect(stored).not.toContain(browser.cookie?.split('=')[1]);
  });

  it('does not come back when it is ended while the confirmation is open', async () => {
    const host = createHost();
    const { id } = await register(host);
    const browser = createBrowser(host.connector);
    const location = await browser.consented(await browser.signedIn(await browser.begin(id)));
    await browser.send(location);
    await host.connector.connections.disconnect(id);
    expect((await browser.confirm(attemptOf(location))).status).toBe(400);
    expect(await host.connector.connections.get(id)).toMatchObject({ status: 'disconnected' });
    expect(await host.storage.list('bindings')).toEqual([]);
  });

  it('leaves no tenant with two organizations when it is ended at the moment of its activation', async () => {
    for (let step = 1; step <= 18; step++) {
      const host = createHost();
      const { id } = await register(host);
      const browser = createBrowser(host.connector);
      const location = await browser.consented(await browser.signedIn(await browser.begin(id)));
      await browser.send(location);
      const other = host.create();
      let calls = 0;
      const { get, put } = host.storage;
      const between = async () => {
        if (++calls === step) await other.connections.disconnect(id);
      };
      host.storage.get = async (...of) => {
        await between();
        return get(...of);
      };
      host.storage.put = async (...of) => {
        await between();
        return put(...of);
      };
      await browser.confirm(attemptOf(location));
      Object.assign(host.storage, { get, put });
      const connection = await host.connector.connections.get(id);
      const next = await connect(host.connector, 'org-2');
      const isActive = connection?.status === 'active';
      const second = await host.connector.connections.get(next);
      expect(second?.status, `step ${step}`).toBe(isActive ? 'registered' : 'active');
    }
  });

  it('stays connected when the hook after it throws, and the browser goes back', async () => {
    const host = createHost({ hooks: { afterConnect: () => Promise.reject(new Error('mail server down')) } });
    const { id } = await register(host);
    const browser = createBrowser(host.connector);
    const location = await browser.consented(await browser.signedIn(await browser.begin(id)));
    await browser.send(location);
    expect((await browser.confirm(attemptOf(location))).status).toBe(303);
    expect(await host.connector.connections.get(id)).toMatchObject({ status: 'active' });
  });

  it('names the permissions that were not granted, once waiting is of no use', async () => {
    const host = createHost();
    const { id } = await register(host);
    const browser = createBrowser(host.connector);
    host.service.granted = ['User.Read.All'];
    const location = await browser.consented(await browser.signedIn(await browser.begin(id)));
    expect((await browser.send(location)).status).toBe(200);
    await host.clock.advance(90_000);
    const page = await browser.send(location);
    expect(page.status).toBe(403);
    expect(await page.text()).toContain('The tenant has not granted: Mail.Read.');
  });

  it('erases what the connector knows of it only when asked', async () => {
    const host = createHost();
    const id = await connect(host.connector);
    await host.connector.directory.sync(id);
    await host.connector.connections.disconnect(id);
    expect(await host.storage.list('checkpoints')).not.toEqual([]);
    await host.connector.connections.disconnect(id, { erase: true });
    const [kept] = await host.storage.list('checkpoints');
    expect(kept?.value).toMatchObject({ generation: 1, counts: {} });
    expect(kept?.value).not.toHaveProperty('cursor');
    for (const collection of ['runs', 'schedules', 'bindings'])
      expect(await host.storage.list(collection)).toEqual([]);
  });
});

it('nobody at the browser is not the same as an actor that was forgotten', async () => {
  const host = createHost({ hooks: { authorize: () => undefined } });
  const { id } = await register(host);
  const begin = host.connector.authorization.begin({
    connectionId: id,
    actor: undefined as unknown as string,
  });
  await expect(begin).rejects.toMatchObject({ code: 'invalid_request', field: 'actor' });
});
