import {
  ConnectorError,
  createConnector,
  keyring,
  memoryArchive,
  memoryDirectory,
  memoryStorage,
} from '@mailsphere/core';
import { type Office365Options, office365 } from '@mailsphere/office365';
import { startServer } from '@mailsphere/simulator/server';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createHouse } from '../connect-house.ts';
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
import { createRecordedHouse, everythingOf } from './recorded-house.ts';

const queryOf = (address: string | URL, name: string) => new URL(address).searchParams.get(name);
const CANARY = 'canary~8Q~echoed-by-the-service';

describe('attack 14: what is secret stays with the one browser or the one service that it is for', () => {
  it('neither log, event, storage nor address of a whole connect shows a secret, a token, a code or a state', async () => {
    const { house, secrets, keep, leaks, seen, say } = await createRecordedHouse();
    await using _closed = house;
    const { connector, contoso, simulator } = house;
    const admin = contoso.administrator.username;
    keep(simulator.app.secret);
    const id = await house.register();
    const journey = await beginJourney(house, id);
    keep(journey.cookie.split('mailsphere_connect=')[1]);
    for (const name of ['state', 'nonce']) keep(queryOf(journey.signIn, name));
    const callback = await atMicrosoft(house, journey.signIn, admin);
    const toConsent = locationOf(await visit(callback, journey.cookie));
    keep(queryOf(callback, 'code'));
    keep(queryOf(toConsent, 'state'));
    const consented = await visit(await atMicrosoft(house, toConsent, admin), journey.cookie);
    keep(queryOf(locationOf(consented), 'attempt'));
    const { link } = await connector.authorization.invite({ connectionId: id, actor: 'anna' });
    keep(queryOf(link, 'link'));
    expect((await visit(locationOf(consented), journey.cookie)).status).toBe(200);
    const ended = await confirm(locationOf(consented), journey.cookie);
    say('address of the host', locationOf(ended));
    expect((await house.get(id)).status).toBe('active');
    await connector.directory.sync(id);
    await connector.accessToken(id);
    for (const thing of [connector, house.provider, await house.get(id)]) say('serialised', thing);
    await connector.connections.disconnect(id);

    // Client secret, cookie, two states, nonce, code, verifier, attempt, link, identity and access tokens.
    expect(secrets.size).toBeGreaterThanOrEqual(11);
    for (const where of ['event', 'storage attempts', 'storage invitations', 'address'])
      expect(seen(where)).toBeGreaterThan(0);
    expect(leaks()).toEqual([]);
  });

  it('neither log, page nor error, with its causes, shows a secret when a step fails', async () => {
    const { house, keep, leaks, seen, say } = await createRecordedHouse({
      hooks: {
        authorize(request) {
          const user = /session=(\w+)/.exec(request.headers.get('cookie') ?? '')?.[1];
          if (user === 'broken') throw new Error(`No session for ${CANARY}`);
          return user;
        },
        afterConnect() {
          throw new Error(CANARY);
        },
      },
    });
    await using _closed = house;
    const { connector, contoso, simulator, clock } = house;
    const admin = contoso.administrator.username;
    keep(CANARY);
    keep(simulator.app.secret);
    const id = await connected(house);
    const pageOf = async (response: Response) => say('page', [await response.text(), [...response.headers]]);
    const signIn = async () => {
      const journey = await beginJourney(house, id);
      keep(queryOf(journey.signIn, 'state'));
      keep(queryOf(journey.signIn, 'nonce'));
      const callback = await atMicrosoft(house, journey.signIn, admin);
      await pageOf(await visit(callback, journey.cookie));
      await pageOf(await visit(callback));
    };

    // The service repeats what it was sent, and what the person did.
    const echo = {
      error: 'invalid_client',
      error_codes: [7000215],
      error_description: `AADSTS7000215: ${CANARY}`,
    };
    simulator.inject({
      route: 'authorize',
      answer: { callback: { error: 'access_denied', error_description: CANARY } },
    });
    await signIn();
    simulator.inject({ route: 'token', answer: { status: 401, body: JSON.stringify(echo) } });
    await signIn();
    simulator.inject({ route: 'token', answer: { status: 200, body: `<p>${CANARY}</p>` } });
    await signIn();
    simulator.inject({ route: 'token', answer: 'reset' });
    await signIn();
    for (const sign of ['none', 'wrongKey', 'unknownKey'] as const) {
      simulator.forgeIdToken({ sign, claims: { email: CANARY } });
      await signIn();
    }
    await pageOf(await visit(`${house.origin}/connect/begin?connectionId=${id}`, 'session=broken'));

    const { tenantId } = (await house.get(id)).tenant;
    const failing: readonly (readonly [string, Parameters<typeof simulator.inject>[0]['answer']])[] = [
      ['token', { status: 401, body: JSON.stringify(echo) }],
      ['token', { status: 400, body: JSON.stringify({ ...echo, error: CANARY, error_codes: [1] }) }],
      ['token', { status: 503, body: CANARY }],
      ['token', 'reset'],
      ['users.delta', { status: 403, body: JSON.stringify({ error: { code: 'Refused', message: CANARY } }) }],
      ['users.delta', { status: 200, headers: { 'content-type': 'application/json' }, body: `{"${CANARY}` }],
      [
        'users.delta',
        { merge: { '@odata.nextLink': `https://evil.example/v1.0/users/delta?token=${CANARY}` } },
      ],
      ['users.delta', 'reset'],
    ];
    for (const [route, answer] of failing) {
      house.provider.forget?.({ tenantId });
      simulator.inject({ route, times: 9, answer });
      const error = await clock.run(failure(connector.directory.sync(id)));
      expect(ConnectorError.is(error)).toBe(true);
      say('error', error);
      simulator.clearFaults();
      await clock.advance(120_000);
    }
    expect(seen('error')).toBe(failing.length);
    for (const where of ['log info', 'log warn', 'log error', 'event task.failed', 'page'])
      expect(seen(where)).toBeGreaterThan(0);
    expect(leaks()).toEqual([]);
  });

  it('no page of the flow tells other sites its address, or is kept by a cache', async () => {
    // Pages of the host's own, which has set no headers.
    const mine = () => new Response('<p>Mine</p>', { headers: { 'content-type': 'text/html' } });
    for (const pages of [
      {},
      { error: mine, confirmation: mine, invitation: mine, waiting: mine, leaving: mine },
    ]) {
      await using house = await createHouse({ connector: { pages } });
      const { connector, contoso } = house;
      const id = await house.register();
      const { link } = await connector.authorization.invite({ connectionId: id, actor: 'anna' });
      const journey = await beginJourney(house, id);
      const callback = await atMicrosoft(house, journey.signIn, contoso.administrator.username);
      const confirmation = await toConfirmation(house, journey, contoso.administrator.username);
      const answers = [
        await visit(link),
        await visit(new URL('invitation', `${house.origin}/connect/`), undefined, {
          method: 'POST',
          body: new URL(link).searchParams,
        }),
        await visit(callback, journey.cookie),
        await visit(confirmation, journey.cookie),
        await visit(`${house.origin}/connect/begin?connectionId=${id}`, 'session=anna'),
      ];
      for (const answer of answers) {
        expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
        expect(answer.headers.get('cache-control')).toBe('no-store');
        expect(await answer.text()).not.toMatch(/\ssrc=|<link|<script/);
      }
    }
  });

  it('an option that is wrong is named, and its value is not repeated', () => {
    const guid = '11111111-1111-4111-8111-111111111111';
    const pem = `-----BEGIN PRIVATE KEY-----\n${CANARY}\n-----END PRIVATE KEY-----`;
    const wrong = [
      () => office365({ clientId: CANARY, credential: { secret: 'x' } }),
      () => office365({ clientId: guid, credential: { secret: '22222222-2222-4222-8222-222222222222' } }),
      () =>
        office365({ clientId: guid, credential: { certificate: { privateKey: pem, certificate: CANARY } } }),
      () =>
        office365({
          clientId: guid,
          credential: { secret: 'x' },
          cloud: { login: `https://a:${CANARY}@b`, graph: 'https://c' },
        }),
      () => keyring({ active: 'k1', keys: { k1: CANARY } }),
      () => keyring({ active: 'k1', keys: { [CANARY]: new Uint8Array(32) } }),
    ];
    for (const create of wrong) {
      let error: unknown;
      try {
        create();
      } catch (thrown) {
        error = thrown;
      }
      expect(ConnectorError.is(error, 'invalid_options')).toBe(true);
      expect(everythingOf(error)).not.toMatch(/canary|22222222-2222/);
    }
  });
});

describe('attack 17: nothing that serves tests can lead a secret astray in production', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });
  const options = {
    clientId: '11111111-1111-4111-8111-111111111111',
    credential: { secret: 'canary~secret' },
  };
  const graph = 'https://graph.microsoft.com';

  it.each([
    'http://login.microsoftonline.com',
    'http://10.0.0.1',
    'http://0.0.0.0',
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
    'http://127.0.0.1@evil.example',
    'http://[::2]',
    'ftp://127.0.0.1',
    'https://login.microsoftonline.com/evil',
    'https://login.microsoftonline.com@evil.example',
  ])('no secret is ever sent to %s', (login) => {
    const asLogin = { ...options, cloud: { login, graph } };
    const asGraph = { ...options, cloud: { login: 'https://login.microsoftonline.com', graph: login } };
    for (const each of [asLogin, asGraph]) expect(() => office365(each)).toThrow(/^office365: cloud\./);
  });

  it.each(['http://app.example/connect', 'http://127.0.0.1.evil.example/connect', 'ftp://127.0.0.1/connect'])(
    'no code is ever sent back to %s',
    (baseUrl) => {
      const parts = { storage: memoryStorage(), directory: memoryDirectory(), archive: memoryArchive() };
      const create = () =>
        createConnector({
          ...parts,
          providers: [office365(options)],
          baseUrl,
          hooks: { authorize: () => 'anna' },
        });
      expect(create).toThrow(/^createConnector: baseUrl: must be an https URL/);
    },
  );

  it('the simulator, which signs anybody in, is reached from this machine only', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.1', 'example.org'])
      expect(String(await failure(startServer({}, { host })))).toMatch(/not a loopback address/);
  });

  it.each([
    'authorityMetadata',
    'cloudDiscoveryMetadata',
    'knownAuthorities',
    'authority',
    'networkClient',
    'proxyUrl',
    'validateIssuer',
    'skipVerification',
    'insecure',
    'loginOrigin',
  ])('there is no option "%s" that moves an endpoint or turns a check off', (name) => {
    for (const value of [false, true, '{}'])
      expect(() => office365({ ...options, [name]: value } as Office365Options)).toThrow(
        `office365: ${name}: is not known here`,
      );
  });

  it('neither the environment nor what the services say moves the endpoints that secrets go to', async () => {
    // What MSAL reads from the environment, and would change the host for.
    vi.stubEnv('MSAL_FORCE_REGION', 'westeurope');
    vi.stubEnv('REGION_NAME', 'westeurope');
    await using house = await createHouse();
    const { simulator, connector, contoso } = house;
    const evil = 'https://evil.example';
    simulator.inject({
      route: 'openid-configuration',
      times: 99,
      answer: {
        merge: {
          token_endpoint: `${evil}/token`,
          jwks_uri: `${evil}/keys`,
          authorization_endpoint: `${evil}/authorize`,
        },
      },
    });
    const id = await connected(house);
    const { signIn } = await beginJourney(house, id);
    expect(new URL(signIn).origin).toBe(simulator.login.origin);
    house.provider.forget?.({ tenantId: contoso.id });
    expect((await connector.accessToken(id)).token).toMatch(/^ey/);
    expect(house.sent.filter((request) => request.endsWith('/token') || request.endsWith('/keys'))).toEqual(
      expect.arrayContaining([
        `POST /${contoso.id}/oauth2/v2.0/token`,
        `GET /${contoso.id}/discovery/v2.0/keys`,
      ]),
    );
    // A link that leads away with the token is not followed; the simulator would not answer for that host.
    simulator.inject({
      route: 'users.delta',
      answer: { merge: { '@odata.nextLink': `${evil}/v1.0/users/delta?$skiptoken=1` } },
    });
    expect(await failure(connector.directory.sync(id))).toMatchObject({ code: 'link_refused' });
  });
});
