import { PERSONAL_TENANT_ID, type TokenForgery } from '@mailsphere/simulator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHouse, type House } from '../connect-house.ts';
import { attemptOf, carefulBrowser, expectUnbound, stateOf } from './careful-browser.ts';

const open = async () => {
  const house = await createHouse();
  const id = await house.register('evil', 'fabrikam');
  const mallory = await carefulBrowser(house, 'mallory');
  return { house, id, mallory, administrator: house.fabrikam.administrator.username };
};

describe("attack 7: a forged identity would pass for the tenant's administrator", () => {
  const LOGIN = 'https://login.microsoftonline.com';
  const seconds = ({ clock }: House, from: number) => Math.floor(clock.now() / 1000) + from;
  const forgeries: readonly (readonly [what: string, forgery: (house: House) => TokenForgery])[] = [
    ['signed by nobody', () => ({ sign: 'none' })],
    ['signed by nobody, in other letters', () => ({ sign: 'none', header: { alg: 'NONE' } })],
    ['signed with the public key as a secret', () => ({ sign: 'publicKey' })],
    ['signed by a key that nobody knows', () => ({ sign: 'unknownKey' })],
    ['signed by another key under the right name', () => ({ sign: 'wrongKey' })],
    [
      'signed by another key that the token brings along',
      () => ({ sign: 'wrongKey', header: { jku: 'https://evil.example/keys' } }),
    ],
    ['signed by a key that has no name', () => ({ header: { kid: null } })],
    ['signed by another algorithm than it says', () => ({ header: { alg: 'PS256' } })],
    ['signed by the key of personal accounts', () => ({ sign: 'otherIssuerKey' })],
    ['for another application', () => ({ claims: { aud: '00000000-0000-4000-8000-000000000000' } })],
    ['for nobody', () => ({ claims: { aud: null } })],
    ['by another issuer', ({ contoso }) => ({ claims: { iss: `${LOGIN}/${contoso.id}/v2.0` } })],
    ['by the template of all issuers', () => ({ claims: { iss: `${LOGIN}/{tenantid}/v2.0` } })],
    [
      'by the issuer of the older version',
      ({ fabrikam }) => ({ claims: { iss: `https://sts.windows.net/${fabrikam.id}/` } }),
    ],
    [
      'by the issuer of another cloud',
      ({ fabrikam }) => ({ claims: { iss: `https://login.microsoftonline.us/${fabrikam.id}/v2.0` } }),
    ],
    ['by no issuer', () => ({ claims: { iss: null } })],
    ['for another attempt', () => ({ claims: { nonce: 'other' } })],
    ['for no attempt', () => ({ claims: { nonce: null } })],
    ['of another tenant', ({ contoso }) => ({ tenantId: contoso.id })],
    ['of another tenant, by the right issuer', ({ contoso }) => ({ claims: { tid: contoso.id } })],
    ['of no tenant', () => ({ claims: { tid: null } })],
    ['of a personal account', () => ({ claims: { tid: PERSONAL_TENANT_ID } })],
    [
      'of a personal account, by its own key',
      () => ({ tenantId: PERSONAL_TENANT_ID, sign: 'otherIssuerKey' }),
    ],
    ['that has expired', (house) => ({ claims: { exp: seconds(house, -600) } })],
    ['that never expires', () => ({ claims: { exp: null } })],
    ['that is not valid yet', (house) => ({ claims: { nbf: seconds(house, 600) } })],
    ['of no age', () => ({ claims: { iat: null } })],
    ['of nobody', () => ({ claims: { oid: null } })],
    ['of somebody who is a path', () => ({ claims: { oid: '../me' } })],
    ['whose roles are not a list', () => ({ claims: { wids: '62e90394-69f5-4237-9190-012177145e10' } })],
  ];

  it('while a true one passes', async () => {
    const { house, id, mallory, administrator } = await open();
    await using _ = house;
    house.simulator.forgeIdToken({});
    expect((await mallory.reachConsent(id, administrator)).title).toBe('Permissions requested');
  });

  describe('of a token', () => {
    let opened: Awaited<ReturnType<typeof open>>;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.house.close());

    it.each(forgeries)('%s', async (_what, forgeryOf) => {
      const { house, id, administrator } = opened;
      house.simulator.clearFaults();
      house.simulator.forgeIdToken(forgeryOf(house));
      const mallory = await carefulBrowser(house, 'mallory');
      const page = await mallory.reachConsent(id, administrator);
      expect(page.url.origin).toBe(house.origin);
      expect([400, 403]).toContain(page.status);
      expect(page.html).toMatch(/attempt_invalid|consent_refused/);
      expect((await house.get(id)).signedInAt).toBeUndefined();
      await expectUnbound(house, id);
    });
  });

  it('of a personal account, and is told so', async () => {
    const { house, id, mallory, administrator } = await open();
    await using _ = house;
    house.simulator.forgeIdToken({ claims: { tid: PERSONAL_TENANT_ID } });
    const page = await mallory.reachConsent(id, administrator);
    expect(page).toMatchObject({ status: 403, html: expect.stringContaining('A personal account cannot') });
  });

  it('where the service describes another tenant, another cloud or the template as this one', async () => {
    const { house, id, administrator } = await open();
    await using _ = house;
    const { simulator, contoso, fabrikam } = house;
    const issuers = [
      `${LOGIN}/${contoso.id}/v2.0`,
      `https://login.microsoftonline.us/${fabrikam.id}/v2.0`,
      `${LOGIN}/{tenantid}/v2.0`,
    ];
    for (const issuer of issuers) {
      simulator.clearFaults();
      simulator.inject({ route: 'openid-configuration', times: 9, answer: { merge: { issuer } } });
      simulator.forgeIdToken({ claims: { iss: issuer } });
      // What is known of the tenant is asked anew after a day.
      await house.clock.advance(25 * 3600_000);
      const mallory = await carefulBrowser(house, 'mallory');
      const page = await mallory.reachConsent(id, administrator);
      expect(page.url.origin, issuer).toBe(house.origin);
      expect(page.status, issuer).toBeGreaterThanOrEqual(400);
      await expectUnbound(house, id);
    }
  });
});

describe("attack 11: somebody else's code, or that of another step, would finish the attacker's sign-in", () => {
  it('what one step gave does not do for another', async () => {
    const { house, id, mallory, administrator } = await open();
    await using _ = house;
    const { simulator, fabrikam } = house;
    simulator.grantConsent(fabrikam.id);
    const invalid = { status: 400, html: expect.stringContaining('attempt_invalid') };
    const codeOf = async () => (await mallory.begin(id)).url.searchParams.get('code') ?? '';

    const signIn = stateOf(await mallory.begin(id));
    expect(await mallory.open(`${house.origin}/connect/confirm?attempt=${signIn}`)).toMatchObject(invalid);
    expect(await mallory.answer({ state: signIn, admin_consent: 'True', tenant: fabrikam.id })).toMatchObject(
      invalid,
    );

    const consent = stateOf(await mallory.reachConsent(id, administrator));
    const redeemed = simulator.counts.tokensByGrant.authorization_code;
    expect(await mallory.open(`${house.origin}/connect/confirm?attempt=${consent}`)).toMatchObject(invalid);
    expect(await mallory.post('/connect/confirm', { attempt: consent })).toMatchObject(invalid);
    expect(await mallory.answer({ state: consent, code: await codeOf() })).toMatchObject(invalid);

    const again = stateOf(await mallory.reachConsent(id, administrator));
    const confirmation = attemptOf(await mallory.answer({ state: again, admin_consent: 'True' }));
    expect(await mallory.answer({ state: confirmation, code: await codeOf() })).toMatchObject(invalid);
    const last = stateOf(await mallory.reachConsent(id, administrator));
    const attempt = attemptOf(await mallory.answer({ state: last, admin_consent: 'True' }));
    expect(await mallory.answer({ state: attempt, admin_consent: 'True' })).toMatchObject(invalid);
    expect(simulator.counts.tokensByGrant.authorization_code).toBe((redeemed ?? 0) + 2);
    await expectUnbound(house, id);
  });

  /** The administrator signs in for her own organization, and the attacker sees what comes back before the host does. */
  const stolenCode = async (house: House, tenant: 'contoso' | 'fabrikam', parameters = {}) => {
    const vera = await carefulBrowser(house, 'vera');
    const signIn = new URL((await vera.begin(await house.register('victim', tenant))).url);
    for (const [name, value] of Object.entries<string | null>(parameters))
      if (value === null) signIn.searchParams.delete(name);
      else signIn.searchParams.set(name, value);
    const view = await vera.signIn(await vera.open(signIn.href), house[tenant].administrator.username);
    return view.url.searchParams.get('code');
  };

  it.each(['fabrikam', 'contoso'] as const)(
    "a code of an administrator's own sign-in, at %s",
    async (tenant) => {
      const { house, id, mallory } = await open();
      await using _ = house;
      const code = await stolenCode(house, tenant);
      const page = await mallory.answer({ state: stateOf(await mallory.begin(id)), code: code ?? '' });
      expect(page.url.origin).toBe(house.origin);
      expect(page.status).toBeGreaterThanOrEqual(400);
      expect((await house.get(id)).signedInAt).toBeUndefined();
      await expectUnbound(house, id);
    },
  );

  it("a code of a sign-in that was stripped of its proof, with the attacker's own nonce", async () => {
    const { house, id, mallory } = await open();
    await using _ = house;
    const own = await mallory.begin(id);
    const { code_challenge_method, code_challenge, nonce, scope } = Object.fromEntries(own.url.searchParams);
    const stripped = { code_challenge: null, code_challenge_method: null, nonce: nonce ?? '' };
    const code = await stolenCode(house, 'fabrikam', stripped);
    const page = await mallory.answer({ state: stateOf(own), code: code ?? '' });
    expect(page.url.origin).toBe(house.origin);
    expect(page.status).toBeGreaterThanOrEqual(400);
    await expectUnbound(house, id);

    expect(code_challenge_method).toBe('S256');
    expect(code_challenge).toMatch(/^[\w-]{43}$/);
    expect(scope).toBe('openid profile');
    const other = (await mallory.begin(id)).url.searchParams;
    expect(other.get('code_challenge')).not.toBe(code_challenge);
    expect(other.get('nonce')).not.toBe(nonce);
    expect(await stolenCode(house, 'fabrikam', { code_challenge_method: 'plain' })).toBeNull();
  });

  it('a code of another cloud, or one with the answer of another sign-in service', async () => {
    const { house, id, mallory } = await open();
    await using _ = house;
    await using abroad = await createHouse({
      simulator: {
        seed: 1,
        loginOrigin: 'https://login.microsoftonline.us',
        graphOrigin: 'https://graph.microsoft.us',
      },
      provider: { cloud: 'us_gov' },
    });
    const foreigner = await carefulBrowser(abroad, 'mallory');
    const begun = await foreigner.begin(await abroad.register('evil', abroad.fabrikam.id));
    expect(begun.url.origin).toBe('https://login.microsoftonline.us');
    const answer = await foreigner.signIn(begun, abroad.fabrikam.administrator.username);
    const code = answer.url.searchParams.get('code') ?? '';
    const iss = 'https://login.microsoftonline.us';
    const cloud = { cloud_instance_host_name: 'login.microsoftonline.us', iss, client_info: 'x' };
    house.sent.length = 0;
    const page = await mallory.answer({ state: stateOf(await mallory.begin(id)), code, ...cloud });
    expect(page).toMatchObject({ status: 400, html: expect.stringContaining('attempt_invalid') });
    expect(house.sent).toEqual([`POST /${house.fabrikam.id}/oauth2/v2.0/token`]);
    expect(abroad.simulator.counts.tokensByGrant).toEqual({});
    await expectUnbound(house, id);
  });
});
