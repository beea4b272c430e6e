import { memoryStorage } from '@mailsphere/core';
import { describe, expect, it } from 'vitest';
import { createHouse, type House } from '../connect-house.ts';
import { attemptOf, type CarefulBrowser, carefulBrowser, expectUnbound, stateOf } from './careful-browser.ts';
import { race } from './race.ts';

const MINUTE = 60_000;
const ATTEMPT_LIFE = 10 * MINUTE;

const open = async () => {
  const house = await createHouse();
  const id = await house.register();
  const anna = await carefulBrowser(house, 'anna');
  return { house, id, anna, administrator: house.contoso.administrator.username };
};
const toConfirmation = async (house: House, browser: CarefulBrowser, id: string) => {
  const consent = await browser.reachConsent(id, house.contoso.administrator.username);
  return browser.open((await browser.submit(consent, 'Accept')).url.href);
};
const invalid = { status: 400, html: expect.stringContaining('attempt_invalid') };

describe('attack 5: an answer that is used twice, guessed or late would connect what nobody confirmed', () => {
  it('each answer works once, even at the same moment, and never again after success', async () => {
    const { storage, arm } = race(memoryStorage());
    await using house = await createHouse({ storage });
    const activated: unknown[] = [];
    house.connector.events.on('connection.activated', (event) => activated.push(event));
    const id = await house.register();
    const anna = await carefulBrowser(house, 'anna');
    const twice = async <T>(send: () => Promise<T>) => {
      arm('delete', 'attempts', 2);
      return Promise.all([send(), send()]);
    };
    const statuses = (pages: readonly { readonly status: number }[]) =>
      pages.map(({ status }) => status).sort();

    const signedIn = await anna.signIn(await anna.begin(id), house.contoso.administrator.username);
    const first = await twice(() => anna.open(signedIn.url.href));
    expect(statuses(first)).toEqual([200, 400]);
    expect(house.simulator.counts.tokensByGrant.authorization_code).toBe(1);
    const consent = first.find(({ status }) => status === 200) ?? signedIn;
    const consented = await anna.submit(consent, 'Accept');
    const second = await twice(() => anna.open(consented.url.href));
    expect(statuses(second)).toEqual([200, 400]);
    const confirmation = second.find(({ status }) => status === 200) ?? consented;
    const attempt = attemptOf(confirmation);
    // A button that is pressed twice connects once, and leads to the same end.
    const press = () => anna.post('/connect/confirm', { attempt });
    expect(statuses(await Promise.all([press(), press()]))).toEqual([200, 200]);
    expect(activated).toHaveLength(1);

    const connected = await house.get(id);
    for (const { href } of [signedIn.url, consented.url, confirmation.url])
      expect(await anna.open(href)).toMatchObject(invalid);
    expect((await press()).status).toBe(200);
    expect(house.simulator.counts.tokensByGrant.authorization_code).toBe(1);
    expect(await house.get(id)).toEqual(connected);
    expect(activated).toHaveLength(1);
    // Once the connection has ended, so has the answer.
    await house.connector.connections.disconnect(id);
    expect(await press()).toMatchObject(invalid);
    expect((await house.get(id)).status).toBe('disconnected');
  });

  it('a refusal is final: the same answer cannot be turned into a consent', async () => {
    const { house, id, anna, administrator } = await open();
    await using _ = house;
    house.simulator.grantConsent(house.contoso.id);
    const refused = await anna.submit(await anna.reachConsent(id, administrator), 'Cancel');
    expect((await anna.open(refused.url.href)).status).toBe(403);
    expect(await anna.answer({ state: stateOf(refused), admin_consent: 'True' })).toMatchObject(invalid);
    await expectUnbound(house, id);
  });

  it('a guess finds nothing, tells nothing and uses nothing up', async () => {
    const { house, id, anna, administrator } = await open();
    await using _ = house;
    const stranger = await carefulBrowser(house, 'ben');
    const expired = stateOf(await anna.begin(id));
    await house.clock.advance(ATTEMPT_LIFE);
    const foreign = stateOf(await stranger.begin(id));
    const signedIn = await anna.signIn(await anna.begin(id), administrator);
    const state = stateOf(signedIn);
    expect(state).toMatch(/^[\w-]{43}$/);
    const near = [state.slice(1), `${state}A`, state.toLowerCase(), state.split('').reverse().join('')];
    const other = [
      '',
      'A'.repeat(43),
      '*',
      '%',
      '../attempts',
      '__proto__',
      `${state}Sign in to your account`,
    ];
    const pages = new Set<string>();
    for (const guess of [...near, ...other, expired, foreign]) {
      const page = await anna.answer({ state: guess, code: signedIn.url.searchParams.get('code') ?? '' });
      expect(page, guess).toMatchObject(invalid);
      pages.add(page.html);
    }
    // Whichever it was: unknown, expired or of somebody else.
    expect(pages.size).toBe(1);
    expect((await anna.open(signedIn.url.href)).title).toBe('Permissions requested');
  });

  it('no step works after ten minutes', async () => {
    const { house, id, anna, administrator } = await open();
    await using _ = house;
    const signedIn = await anna.signIn(await anna.begin(id), administrator);
    await house.clock.advance(ATTEMPT_LIFE);
    expect(await anna.open(signedIn.url.href)).toMatchObject(invalid);
    const consented = await anna.submit(await anna.reachConsent(id, administrator), 'Accept');
    await house.clock.advance(ATTEMPT_LIFE);
    expect(await anna.open(consented.url.href)).toMatchObject(invalid);
    const confirmation = await anna.open((await anna.reachConsent(id, administrator)).url.href);
    const page = await anna.answer({ state: stateOf(confirmation), admin_consent: 'True' });
    expect(page.title).toBe('Connect Contoso to org-1?');
    await house.clock.advance(ATTEMPT_LIFE);
    expect(await anna.open(page.url.href)).toMatchObject(invalid);
    expect(await anna.post('/connect/confirm', { attempt: attemptOf(page) })).toMatchObject(invalid);
    await expectUnbound(house, id);
  });

  it('two tabs of one browser end each where it began, and their answers cannot be mixed', async () => {
    const { house, id, anna, administrator } = await open();
    await using _ = house;
    const other = await house.register('org-2', 'fabrikam');
    const [one, two, three] = [await anna.begin(id), await anna.begin(other), await anna.begin(id)];
    const answerOne = await anna.signIn(one, administrator);
    const answerTwo = await anna.signIn(two, house.fabrikam.administrator.username);
    const answerThree = await anna.signIn(three, administrator);
    const mixed = new URL(answerTwo.url);
    mixed.searchParams.set('code', answerOne.url.searchParams.get('code') ?? '');
    expect((await anna.open(mixed.href)).status).not.toBe(200);
    const four = await carefulBrowser(house, 'anna');
    const answerFour = await four.signIn(await four.begin(other), house.fabrikam.administrator.username);
    for (const [browser, answer] of [
      [anna, answerThree],
      [four, answerFour],
    ] as const) {
      const consented = await browser.submit(await browser.open(answer.url.href), 'Accept');
      await browser.submit(await browser.open(consented.url.href), 'Connect');
    }
    expect(await house.get(id)).toMatchObject({ status: 'active', tenant: { tenantId: house.contoso.id } });
    expect(await house.get(other)).toMatchObject({
      status: 'active',
      tenant: { tenantId: house.fabrikam.id },
    });
  });

  it('a late confirmation cannot put the tenant back that was replaced meanwhile', async () => {
    const { house, id, anna } = await open();
    await using _ = house;
    const late = await toConfirmation(house, anna, id);
    const next = await house.register('org-1', 'fabrikam');
    const ben = await house.person('ben');
    await ben.authorize(next, house.fabrikam.administrator.username);
    const page = await anna.post('/connect/confirm', { attempt: attemptOf(late) });
    expect(page.status).toBe(400);
    const connections = await Array.fromAsync(house.connector.connections.list({ organizationId: 'org-1' }));
    expect(connections.map(({ status, tenant }) => [status, tenant.tenantId])).toEqual([
      ['active', house.fabrikam.id],
    ]);
  });

  it('a late confirmation cannot bring back what was ended, nor what was registered again after that', async () => {
    const { house, id, anna } = await open();
    await using _ = house;
    const attempt = attemptOf(await toConfirmation(house, anna, id));
    await house.connector.connections.disconnect(id);
    expect(await anna.post('/connect/confirm', { attempt })).toMatchObject(invalid);
    expect((await house.get(id)).status).toBe('disconnected');
    await house.clock.advance(MINUTE);
    expect(await house.register()).toBe(id);
    expect(await anna.post('/connect/confirm', { attempt })).toMatchObject(invalid);
    await expectUnbound(house, id);
  });
});

describe('attack 6: an ambiguous answer would be taken for a consent that nobody gave', () => {
  /** The tenant has consented before, so that whoever reads the answer wrongly connects it. */
  const atConsent = async (quirks = {}) => {
    const all = await open();
    all.house.simulator.grantConsent(all.house.contoso.id);
    all.house.simulator.updateQuirks(quirks);
    const consent = await all.anna.reachConsent(all.id, all.administrator);
    return { ...all, consent, state: stateOf(consent) };
  };
  const callback = (house: House, query: string) => `${house.origin}/connect/callback?${query}`;

  it('a parameter that comes twice, which each reader reads otherwise', async () => {
    const { house, id, anna, state } = await atConsent();
    await using _ = house;
    for (const query of [
      `state=${state}&admin_consent=True&state=other`,
      `state=other&admin_consent=True&state=${state}`,
      `state=${state}&admin_consent=True&admin_consent=False`,
      `state=${state}&admin_consent=False&admin_consent=True`,
      `state=${state}&admin_consent=True&error=&error=access_denied`,
      `state=${state}&admin_consent=True&code=a&code=b`,
    ]) {
      const page = await anna.open(callback(house, query));
      expect(page, query).toMatchObject({ status: 400, html: expect.stringContaining('invalid_request') });
    }
    await expectUnbound(house, id);
    // None of them used the right answer up.
    expect((await anna.answer({ state, admin_consent: 'True' })).title).toBe('Connect Contoso to org-1?');
  });

  it.each(['byVersion', 'documentedV2', 'documentedV1', 'seen', 'subcode'])(
    'a refusal that says admin_consent=True as well (%s)',
    async (consentRefusal) => {
      const { house, id, anna, consent } = await atConsent({ consentRefusal });
      await using _ = house;
      const refused = await anna.submit(consent, 'Cancel');
      const parameters = [...refused.url.searchParams].filter(([name]) => name !== 'admin_consent');
      const page = await anna.answer({ ...Object.fromEntries(parameters), admin_consent: 'True' });
      expect(page).toMatchObject({ status: 403, html: expect.stringContaining('consent_refused') });
      await expectUnbound(house, id);
    },
  );

  it('an error without a word, before a consent', async () => {
    const { house, anna, state } = await atConsent();
    await using _ = house;
    expect((await anna.answer({ error: '', admin_consent: 'True', state })).status).toBe(403);
  });

  it('a word that is not the consent, while each spelling of it is understood', async () => {
    const { house, id, anna, administrator } = await atConsent();
    await using _ = house;
    const answered = async (spelling: string) =>
      anna.answer({ admin_consent: spelling, state: stateOf(await anna.reachConsent(id, administrator)) });
    for (const spelling of ['False', '', '1', 'yes', 'True ', 'True,True', 'Tru\u0435', 'null'])
      expect(await answered(spelling), spelling).toMatchObject(invalid);
    for (const spelling of ['True', 'true', 'TRUE'])
      expect((await answered(spelling)).title, spelling).toBe('Connect Contoso to org-1?');
    await expectUnbound(house, id);
  });

  it('a value without end', async () => {
    const { house, id, anna, state } = await atConsent();
    await using _ = house;
    const right = { state, admin_consent: 'True' };
    for (const name of ['state', 'code', 'error', 'admin_consent']) {
      const page = await anna.answer({ ...right, [name]: 'x'.repeat(5_000) });
      expect(page, name).toMatchObject({ status: 400, html: expect.stringContaining('invalid_request') });
    }
    expect((await anna.answer({ ...right, error: 'x'.repeat(200_000) })).status).toBe(431);
    await expectUnbound(house, id);
    expect((await anna.answer(right)).title).toBe('Connect Contoso to org-1?');
  });

  it('a list or an object in place of a text', async () => {
    const { house, id, anna, state } = await atConsent();
    await using _ = house;
    for (const name of ['state[]', 'state[0]', 'state[$ne]', 'state.x', 'State']) {
      const page = await anna.answer({ [name]: state, admin_consent: 'True' });
      expect(page, name).toMatchObject(invalid);
    }
    expect(await anna.answer({ state, 'admin_consent[]': 'True', 'error[]': 'x' })).toMatchObject(invalid);
    await expectUnbound(house, id);
  });

  it('a page of the attacker inside our own', async () => {
    const { house, anna, state } = await atConsent();
    await using _ = house;
    const text = '<script>alert(1)</script><a href="https://evil.example">Call 555-0100</a>';
    const parameters = {
      error: text,
      error_description: text,
      error_uri: text,
      error_subcode: text,
      [text]: text,
    };
    for (const query of [
      { ...parameters, state },
      { ...parameters, state: text },
    ]) {
      const page = await anna.answer(query);
      expect(page.status).toBeGreaterThanOrEqual(400);
      for (const word of ['<script', 'alert(', 'evil.example', '555-0100'])
        expect(page.html).not.toContain(word);
    }
  });

  it('a state to which the service added something', async () => {
    const { house, id, anna, consent } = await atConsent({ alteredState: true });
    await using _ = house;
    const altered = await anna.submit(consent, 'Accept');
    expect(stateOf(altered)).toMatch(/Sign in to your account$/);
    expect(await anna.open(altered.url.href)).toMatchObject(invalid);
    await expectUnbound(house, id);
  });
});
