import { memoryStorage } from '@mailsphere/core';
import { PERSONAL_TENANT_ID } from '@mailsphere/simulator';
import { describe, expect, it } from 'vitest';
import { createHouse, type House } from '../connect-house.ts';
import { tenantOf } from './access-token.ts';
import {
  attemptOf,
  type CarefulBrowser,
  carefulBrowser,
  connectFabrikam,
  expectUnbound,
} from './careful-browser.ts';
import { race } from './race.ts';

const toConfirmation = async (browser: CarefulBrowser, id: string, { administrator }: House['contoso']) => {
  let view = await browser.reachConsent(id, administrator.username);
  if (view.title === 'Permissions requested') view = await browser.submit(view, 'Accept');
  return browser.open(view.url.href);
};

describe('attack 8: what is typed as a tenant would lead the sign-in to another place', () => {
  const typed = [
    'contoso.com/../common',
    'contoso.com/x',
    'contoso.com?x=1',
    'contoso.com#f',
    'contoso.com\\evil.example',
    'contoso.com%2f..%2fcommon',
    'contoso.com:443',
    'contoso.com.',
    '.contoso.com',
    'contoso..com',
    '-contoso.com',
    'contoso-.com',
    'contoso_.com',
    'contoso.com,fabrikam.com',
    'contoso.com fabrikam.com',
    'contoso.com\tx',
    'con\u200btoso.com',
    'contoso.com\u0000',
    'contoso.com\r\nhost: evil.example',
    'contoso\u3002com',
    'contoso.com\u2215evil',
    '..',
    '../common',
    '..\\common',
    '%2e%2e',
    '/',
    '\\',
    '//evil.example',
    'https://evil.example',
    'https://evil.example/contoso.com',
    'contoso.com@evil.example',
    'evil:secret@contoso.com',
    '{tenantid}',
    '[::1]',
    `${'a'.repeat(64)}.com`,
    `${'a.'.repeat(130)}com`,
    'common',
    'organizations',
    'consumers',
    'COMMON',
    'Organizations',
    ' consumers ',
    PERSONAL_TENANT_ID,
    PERSONAL_TENANT_ID.toUpperCase(),
  ];

  it('and is refused before anything is asked', async () => {
    await using house = await createHouse();
    for (const tenant of typed) {
      const registered = house.connector.connections.register({ organizationId: 'evil', tenant });
      await expect(registered, JSON.stringify(tenant)).rejects.toMatchObject({
        code: 'invalid_request',
        field: 'tenant',
      });
    }
    expect(house.sent).toEqual([]);
    expect(await Array.fromAsync(house.connector.connections.list())).toEqual([]);
  });

  it('and stays one step of a path where it looks like a name', async () => {
    await using house = await createHouse();
    for (const tenant of [
      '\uff43\uff4f\uff4d\uff4d\uff4f\uff4e',
      '127.0.0.1',
      'localhost',
      'xn--a',
      '\u0130.com',
      'a'.repeat(63),
    ])
      await expect(house.register('evil', tenant), tenant).rejects.toMatchObject({
        code: expect.stringMatching(/^(invalid_request|tenant_not_found)$/),
      });
    for (const request of house.sent)
      expect(request).toMatch(/^GET \/[a-z0-9-]+(\.[a-z0-9-]+)+\/v2\.0\/\.well-known\/openid-configuration$/);
  });

  it('and is the same tenant however it is written', async () => {
    await using house = await createHouse();
    const { id, domains } = house.contoso;
    const spellings = [
      'contoso',
      ' CONTOSO ',
      id,
      id.toUpperCase(),
      ...domains.map((name) => name.toUpperCase()),
    ];
    const connections = new Set<string>();
    for (const tenant of spellings) {
      const connection = await house.connector.connections.register({ organizationId: 'org-1', tenant });
      expect(connection.tenant.tenantId, tenant).toBe(id);
      connections.add(connection.id);
    }
    expect(connections.size).toBe(1);
  });

  it('and a look-alike name is shown as what it is', async () => {
    const lookAlike = 'c\u043entoso.com';
    await using house = await createHouse({
      simulator: { tenants: [{ name: 'contoso' }, { name: 'fabrikam', domains: ['xn--cntoso-wqf.com'] }] },
    });
    const id = await house.register('org-1', lookAlike);
    expect((await house.get(id)).tenant).toEqual({
      tenantId: house.fabrikam.id,
      domain: 'xn--cntoso-wqf.com',
    });
    const anna = await carefulBrowser(house, 'anna');
    const page = await toConfirmation(anna, id, house.fabrikam);
    expect(page.title).toBe('Connect Fabrikam to org-1?');
    expect(page.html).toContain('xn--cntoso-wqf.com');
    expect(page.html).toContain(house.fabrikam.id);
    expect(page.html).not.toContain(lookAlike);
  });
});

describe('attack 10: a tenant that an organization has would be taken by another one', () => {
  it('which is refused, and not told whose it is', async () => {
    await using house = await createHouse();
    const { connector, fabrikam } = house;
    await connector.connections.register({
      organizationId: 'victim-77',
      organizationName: 'Secret Customer Ltd',
      partnerId: 'partner-9',
      tenant: 'fabrikam',
    });
    const rightful = await connectFabrikam(house, 'victim-77');
    const before = await house.get(rightful);

    // The administrator of the tenant is a user of both organizations, or was bribed.
    for (const tenant of ['fabrikam', fabrikam.id.toUpperCase()]) {
      const id = await house.register('evil', tenant);
      const mallory = await carefulBrowser(house, 'mallory');
      const confirmation = await toConfirmation(mallory, id, fabrikam);
      const page = await mallory.post('/connect/confirm', { attempt: attemptOf(confirmation) });
      expect(page).toMatchObject({ status: 409, html: expect.stringContaining('tenant_already_bound') });
      for (const secret of ['victim-77', 'Secret Customer', 'partner-9', 'vera', rightful]) {
        expect(page.html).not.toContain(secret);
        expect(confirmation.html).not.toContain(secret);
      }
      await expectUnbound(house, id);
    }
    expect(await house.get(rightful)).toEqual(before);
    await expect(connector.accessToken(rightful)).resolves.toMatchObject({ token: expect.any(String) });
  });

  it('even when two processes bind it at the same moment', async () => {
    const { storage, arm } = race(memoryStorage());
    await using house = await createHouse({ storage });
    await using second = house.createProcess();
    const ids = [await house.register('org-1', 'contoso'), await house.register('org-2', 'contoso')];
    const [one, two] = [await carefulBrowser(house, 'anna'), await carefulBrowser(house, 'ben')];
    const first = await toConfirmation(one, ids[0] ?? '', house.contoso);
    const other = await toConfirmation(two, ids[1] ?? '', house.contoso);
    const request = new Request(`${house.origin}/connect/confirm`, {
      method: 'POST',
      headers: { cookie: two.cookies() },
      body: new URLSearchParams({ attempt: attemptOf(other) }),
    });
    arm('put', 'bindings', 2);
    const pages = await Promise.all([
      one.post('/connect/confirm', { attempt: attemptOf(first) }),
      second.handler(request),
    ]);
    expect(pages.filter(({ status }) => status === 409)).toHaveLength(1);
    const connections = await Promise.all(ids.map(house.get));
    expect(connections.map(({ status }) => status).sort()).toEqual(['active', 'registered']);
    const [bound, ...more] = await house.storage.list('bindings');
    expect(more).toEqual([]);
    const winner = connections.find(({ status }) => status === 'active');
    expect(bound?.value).toEqual({ connectionId: winner?.id });
    const loser = connections.find(({ status }) => status === 'registered');
    await expectUnbound(house, loser?.id ?? '');
  });
});

describe('attack 12: one customer would read with the token of another', () => {
  const bothConnected = async () => {
    const house = await createHouse();
    const evil = await house.register('evil', 'contoso');
    const mallory = await house.person('mallory');
    await mallory.authorize(evil, house.contoso.administrator.username);
    const victim = await connectFabrikam(house);
    const tokenOf = async (id: string) => tenantOf((await house.connector.accessToken(id)).token);
    return { house, evil, victim, tokenOf };
  };

  it('taken from the same memory, in turn and at the same time, until they are renewed', async () => {
    const { house, evil, victim, tokenOf } = await bothConnected();
    await using _ = house;
    for (let round = 0; round < 3; round++) {
      const ids = Array.from({ length: 8 }, (_each, index) => (index % 2 === 0 ? evil : victim));
      const tenants = await Promise.all(ids.map(tokenOf));
      expect(tenants).toEqual(ids.map((id) => (id === evil ? house.contoso.id : house.fabrikam.id)));
      house.provider.forget?.({ tenantId: house.contoso.id });
      expect(await tokenOf(evil)).toBe(house.contoso.id);
      await house.clock.advance(2 * 3600_000);
    }
  });

  it('handed out by a cache on the way to Microsoft', async () => {
    const { house, evil, victim, tokenOf } = await bothConnected();
    await using _ = house;
    const { simulator, contoso, fabrikam } = house;
    const stolen = (await house.connector.accessToken(victim)).token;
    house.provider.forget?.({ tenantId: contoso.id });
    const answer = { merge: { access_token: stolen } };
    simulator.inject({ route: 'token', tenantId: contoso.id, grant: 'client_credentials', answer });
    await expect(house.connector.accessToken(evil)).rejects.toMatchObject({ code: 'unexpected' });
    expect(await tokenOf(evil)).toBe(contoso.id);
    expect(await tokenOf(victim)).toBe(fabrikam.id);
  });

  it('so that Graph speaks of another tenant than the one that is confirmed', async () => {
    await using house = await createHouse();
    const { simulator, contoso, fabrikam } = house;
    const id = await house.register('evil', 'contoso');
    const mallory = await carefulBrowser(house, 'mallory');
    const consented = await mallory.submit(
      await mallory.reachConsent(id, contoso.administrator.username),
      'Accept',
    );
    const value = [{ id: fabrikam.id, displayName: fabrikam.displayName }];
    simulator.inject({ route: 'organization.list', times: 9, answer: { merge: { value } } });
    const page = await mallory.open(consented.url.href);
    expect(page.status).toBe(500);
    expect(page.html).not.toContain(fabrikam.displayName);
    expect((await mallory.post('/connect/confirm', { attempt: attemptOf(page) })).status).toBe(409);
    await expectUnbound(house, id);
  });

  it('after the tenant has gone from one organization to another', async () => {
    const { house, victim, tokenOf } = await bothConnected();
    await using _ = house;
    expect(await tokenOf(victim)).toBe(house.fabrikam.id);
    await house.connector.connections.disconnect(victim);
    const next = await connectFabrikam(house, 'org-2');
    expect(await tokenOf(next)).toBe(house.fabrikam.id);
    await expect(house.connector.accessToken(victim)).rejects.toMatchObject({ code: 'refused' });
    await expect(house.connector.directory.sync(victim)).rejects.toMatchObject({ code: 'refused' });
  });
});
