import { describe, expect, it } from 'vitest';
import { createHouse } from '../connect-house.ts';
import { atMicrosoft, beginJourney, confirm, connected, locationOf, visit } from './journey.ts';

describe('attack 22: scanners, previews and robots that follow links use nothing up', () => {
  // What a robot that only looks may ask, and what it is told.
  const look = (address: string | URL, cookie?: string) =>
    Promise.all(['GET', 'HEAD'].map(async (method) => (await visit(address, cookie, { method })).status));

  it('a callback that a scanner opens first still works for the administrator', async () => {
    await using house = await createHouse();
    const { contoso } = house;
    const id = await house.register();
    const journey = await beginJourney(house, id);
    const other = await beginJourney(house, id, 'scanner');
    const scan = async (address: string | URL) => {
      for (const cookie of [undefined, 'session=anna', other.cookie])
        expect(await look(address, cookie)).toEqual([400, 405]);
    };
    const callback = await atMicrosoft(house, journey.signIn, contoso.administrator.username);
    await scan(callback);
    const signedIn = await visit(callback, journey.cookie);
    expect(signedIn.status).toBe(302);
    const consented = await atMicrosoft(house, locationOf(signedIn), contoso.administrator.username);
    await scan(consented);
    const confirmation = locationOf(await visit(consented, journey.cookie));
    await scan(confirmation);
    expect((await confirm(confirmation, undefined)).status).toBe(400);
    expect((await visit(confirmation, journey.cookie)).status).toBe(200);
    expect((await confirm(confirmation, journey.cookie)).status).toBe(303);
    expect((await house.get(id)).status).toBe('active');
  });

  it.each([
    ['a HEAD request', { method: 'HEAD' }],
    ['a page loaded before anybody wants it', { headers: { 'sec-purpose': 'prefetch;prerender' } }],
  ])("%s, of the administrator's own browser, does not use the callback up either", async (_name, init) => {
    await using house = await createHouse();
    const { contoso } = house;
    const id = await house.register();
    const { signIn, cookie } = await beginJourney(house, id);
    const callback = await atMicrosoft(house, signIn, contoso.administrator.username);
    await visit(callback, cookie, init);
    const signedIn = await visit(callback, cookie);
    expect(signedIn.status).toBe(302);
    const consented = await atMicrosoft(house, locationOf(signedIn), contoso.administrator.username);
    await visit(consented, cookie, init);
    expect((await visit(consented, cookie)).status).toBe(302);
  });

  it('looking at the page of a link, or at the last page, decides nothing, however often', async () => {
    await using house = await createHouse();
    const { connector, contoso, simulator } = house;
    simulator.grantConsent(contoso.id);
    const id = await house.register();
    const { link } = await connector.authorization.invite({ connectionId: id, actor: 'anna' });
    const asked = house.sent.length;
    for (let turn = 0; turn < 5; turn++) expect(await look(link)).toEqual([200, 405]);
    // Nobody was signed in for it, and nothing is under way.
    expect(house.sent.length).toBe(asked);
    expect(await house.storage.list('attempts')).toEqual([]);
    // A robot that sends forms begins something that is the robot's own.
    const address = new URL(link);
    await visit(address.origin + address.pathname, undefined, { method: 'POST', body: address.searchParams });

    const visitor = await house.person();
    const leaving = await visitor.submit(await visitor.open(link), 'Continue to Microsoft');
    const signIn = /href="([^"]+)"/.exec(leaving.html)?.[1]?.replaceAll('&amp;', '&') ?? '';
    let view = await visitor.signIn(await visitor.open(signIn), contoso.administrator.username);
    if (view.html.includes('>Accept</button>')) view = await visitor.submit(view, 'Accept');
    for (let turn = 0; turn < 5; turn++) view = await visitor.reload(view);
    expect(view.html).toContain('>Connect</button>');
    expect((await house.get(id)).status).toBe('registered');
    expect((await visitor.submit(view, 'Connect')).title).toBe('Connected');
    expect((await house.get(id)).status).toBe('active');
  });
});

describe('attack 23: who may not connect cannot begin, and who began must finish', () => {
  const privileged = (request: Request) => {
    const user = /session=([\w-]+)/.exec(request.headers.get('cookie') ?? '')?.[1];
    if (user === 'broken') throw new Error('The session store does not answer.');
    return user?.startsWith('admin') ? user : undefined;
  };

  it.each(['clerk', 'broken', undefined])(
    '"%s" may not begin to authorise a customer again',
    async (user) => {
      let allowed: ReadonlySet<string> = new Set(['anna']);
      await using house = await createHouse({
        hooks: {
          authorize(request) {
            const name = /session=([\w-]+)/.exec(request.headers.get('cookie') ?? '')?.[1] ?? '';
            return allowed.has(name) ? name : privileged(request);
          },
        },
      });
      const id = await connected(house);
      allowed = new Set();
      const before = await house.get(id);
      const attempts = await house.storage.list('attempts');
      const asked = house.sent.length;
      const refused = await visit(
        `${house.origin}/connect/begin?connectionId=${id}`,
        user === undefined ? undefined : `session=${user}`,
      );
      expect(refused.status).toBe(403);
      expect(locationOf(refused)).toBe('');
      expect(refused.headers.getSetCookie()).toEqual([]);
      expect(await house.storage.list('attempts')).toEqual(attempts);
      expect(house.sent.length).toBe(asked);
      expect(await house.get(id)).toEqual(before);
    },
  );

  it('a session that changes hands between the steps ends the flow for the other person, not for the first', async () => {
    await using house = await createHouse({ hooks: { authorize: privileged } });
    const { contoso, connector } = house;
    const id = (await connector.connections.register({ organizationId: 'org-1', tenant: 'contoso' })).id;
    const journey = await beginJourney(house, id, 'admin-1');
    // The same browser, where somebody else has signed in at the host, or nobody any more.
    const others = ['admin-2', 'clerk', 'broken', ''].map((user) =>
      journey.cookie.replace('session=admin-1', `session=${user}`),
    );
    const tryOthers = async (send: (cookie: string) => Promise<Response>) => {
      for (const cookie of others) expect([400, 403]).toContain((await send(cookie)).status);
    };
    const callback = await atMicrosoft(house, journey.signIn, contoso.administrator.username);
    await tryOthers((cookie) => visit(callback, cookie));
    const toConsent = locationOf(await visit(callback, journey.cookie));
    const consented = await atMicrosoft(house, toConsent, contoso.administrator.username);
    await tryOthers((cookie) => visit(consented, cookie));
    const confirmation = locationOf(await visit(consented, journey.cookie));
    expect((await visit(confirmation, journey.cookie)).status).toBe(200);
    await tryOthers((cookie) => visit(confirmation, cookie));
    await tryOthers((cookie) => confirm(confirmation, cookie));
    expect((await house.get(id)).status).toBe('registered');
    expect((await confirm(confirmation, journey.cookie)).status).toBe(303);
    expect(await house.get(id)).toMatchObject({
      status: 'active',
      authorized: { actor: 'admin-1', byLink: false },
    });
  });
});
