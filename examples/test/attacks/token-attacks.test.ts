import { ConnectorError } from '@mailsphere/core';
import { fetchTransport, office365 } from '@mailsphere/office365';
import type { Fault } from '@mailsphere/simulator';
import { describe, expect, it } from 'vitest';
import { createHouse } from '../connect-house.ts';
import { atMicrosoft, beginJourney, connected, endsAtOnce, failure, tokensOf, visit } from './journey.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('attack 16: a token ends with what it stood for', () => {
  it.each<[string, Fault['answer']]>([
    ['challenges', 'claimsChallenge'],
    ['refuses', { status: 401, body: '{"error":{"code":"InvalidAuthenticationToken","message":"No."}}' }],
  ])('a token that Graph %s is handed out to nobody any more', async (_name, answer) => {
    await using house = await createHouse();
    const { connector, simulator, contoso } = house;
    const id = await connected(house);
    const before = await connector.accessToken(id);
    simulator.inject({ route: 'users.delta', tenantId: contoso.id, answer });
    const sync = connector.directory.sync(id);
    await expect(sync).resolves.toBeDefined();
    expect((await sync).counts.user.upserted).toBeGreaterThan(0);
    expect((await connector.accessToken(id)).token).not.toBe(before.token);
    expect((await house.get(id)).status).toBe('active');
  });

  it('a service that challenges every token is not asked for one after the other', async () => {
    await using house = await createHouse();
    const { connector, simulator, contoso, clock } = house;
    const id = await connected(house);
    simulator.resetCounts();
    simulator.inject({ route: 'domains.list', times: 1_000, answer: 'claimsChallenge' });
    for (let sync = 0; sync < 20; sync++)
      expect(ConnectorError.is(await clock.run(failure(connector.directory.sync(id))))).toBe(true);
    expect(tokensOf(house, contoso)).toBeLessThanOrEqual(2);
    expect((await house.get(id)).status).toBe('active');
    simulator.clearFaults();
    await clock.advance(MINUTE);
    expect((await connector.directory.sync(id)).counts.user.upserted).toBeGreaterThan(0);
  });

  it('once the customer has shut the application out, the token at hand is of no use to anybody', async () => {
    await using house = await createHouse();
    const { connector, simulator, contoso, clock } = house;
    const id = await connected(house);
    // It would be good for an hour.
    expect((await connector.accessToken(id)).expiresAt).toBeGreaterThan(clock.now() + HOUR - MINUTE);
    simulator.disableServicePrincipal(contoso.id);
    for (let check = 0; check < 2; check++) {
      await connector.run({ kind: 'connection.verify', connectionId: id });
      await clock.advance(4 * MINUTE);
    }
    expect(await house.get(id)).toMatchObject({
      status: 'reauthorization_required',
      reauthorization: { code: 'AADSTS7000112' },
    });
    expect(await failure(connector.accessToken(id))).toMatchObject({ code: 'refused' });
    expect(await failure(connector.run({ kind: 'mail.plan', connectionId: id }))).toMatchObject({
      code: 'refused',
    });
  });

  it('a token is never used beyond its end, whatever end the service claims for it', async () => {
    await using house = await createHouse();
    const { connector, simulator, contoso, clock } = house;
    const id = await connected(house);
    house.provider.forget?.({ tenantId: contoso.id });
    simulator.inject({ route: 'token', answer: 'hugeLifetime' });
    const { token, expiresAt } = await connector.accessToken(id);
    expect(expiresAt).toBeLessThanOrEqual(clock.now() + 28 * HOUR);
    await clock.advance(28 * HOUR);
    const next = await connector.accessToken(id);
    expect(next.token).not.toBe(token);
    await clock.advance(next.expiresAt - clock.now());
    expect((await connector.accessToken(id)).token).not.toBe(next.token);
  });

  it('a disconnect in one process ends the tokens that another process still holds', async () => {
    await using house = await createHouse();
    const { connector, simulator, clock } = house;
    const id = await connected(house);
    const { clientId, secret } = simulator.app;
    await using elsewhere = house.createProcess({
      providers: [
        office365({ clientId, credential: { secret }, transport: fetchTransport(simulator.fetch), clock }),
      ],
    });
    expect((await elsewhere.accessToken(id)).token).toBeTruthy();
    await connector.connections.disconnect(id);
    expect(await failure(elsewhere.accessToken(id))).toMatchObject({ code: 'refused' });
    expect(await failure(elsewhere.directory.sync(id))).toMatchObject({ code: 'refused' });
  });
});

describe('attack 20: a customer who leaves is gone', () => {
  it('a disconnect stops work that is under way, and forgets the tokens', async () => {
    await using house = await createHouse();
    const { connector, simulator, contoso, clock } = house;
    const id = await connected(house);
    simulator.inject({ route: 'users.delta', tenantId: contoso.id, afterMs: 10_000, answer: { merge: {} } });
    const sync = failure(connector.directory.sync(id));
    await clock.advance(1_000);
    await connector.connections.disconnect(id);
    expect(await endsAtOnce(house, sync)).toBe(true);
    expect(await sync).toMatchObject({ code: 'aborted' });
    const asked = house.sent.length;
    await clock.advance(HOUR);
    expect(house.sent.length).toBe(asked);
    expect(await failure(connector.accessToken(id))).toMatchObject({ code: 'refused' });
    expect(await failure(connector.authorization.check(id))).toMatchObject({ code: 'refused' });
    expect(await connector.workload()).toEqual([]);
    // Nothing of the tenant is left in the provider either: whoever asks there must ask Microsoft.
    const tokens = tokensOf(house, contoso);
    await house.provider.acquireToken({ tenantId: contoso.id });
    expect(tokensOf(house, contoso)).toBe(tokens + 1);
  });

  it('a token that was asked for before a disconnect is not handed out after it', async () => {
    await using house = await createHouse();
    const { connector, simulator, contoso, clock } = house;
    const id = await connected(house);
    house.provider.forget?.({ tenantId: contoso.id });
    simulator.inject({ route: 'token', tenantId: contoso.id, afterMs: 5_000, answer: { merge: {} } });
    const asked = failure(connector.accessToken(id));
    await clock.advance(1_000);
    await connector.connections.disconnect(id);
    await clock.advance(MINUTE);
    expect(await asked).toMatchObject({ code: 'refused' });
  });

  it('sign-ins and links that were under way lead nowhere after a disconnect, nor after a new registration', async () => {
    await using house = await createHouse();
    const { connector, contoso } = house;
    const id = await house.register();
    const journey = await beginJourney(house, id);
    const callback = await atMicrosoft(house, journey.signIn, contoso.administrator.username);
    const { link } = await connector.authorization.invite({ connectionId: id, actor: 'anna' });
    await connector.connections.disconnect(id);
    const dead = async () => [(await visit(callback, journey.cookie)).status, (await visit(link)).status];
    expect(await dead()).toEqual([400, 400]);
    await house.register();
    expect(await dead()).toEqual([400, 400]);
    expect(await house.get(id)).toMatchObject({ status: 'registered', granted: [] });
  });

  it('authorising again is for the same tenant only, and another tenant is a connection of its own', async () => {
    await using house = await createHouse();
    const { connector, simulator, contoso, fabrikam } = house;
    const id = await connected(house);
    const before = await house.get(id);
    const journey = await beginJourney(house, id);
    expect(new URL(journey.signIn).pathname).toBe(`/${contoso.id}/oauth2/v2.0/authorize`);
    // Somebody of the other tenant comes back, with a token that is as genuine as can be.
    simulator.forgeIdToken({ tenantId: fabrikam.id });
    const callback = await atMicrosoft(house, journey.signIn, contoso.administrator.username);
    expect((await visit(callback, journey.cookie)).status).toBe(400);
    const rebind = () => connector.connections.register({ organizationId: 'org-1', tenant: 'fabrikam' });
    expect(await failure(rebind())).toMatchObject({ code: 'refused', field: 'tenant' });
    expect(await house.get(id)).toEqual(before);

    await connector.connections.disconnect(id);
    const next = await rebind();
    expect(next).toMatchObject({ status: 'registered', tenant: { tenantId: fabrikam.id }, granted: [] });
    expect(next.id).not.toBe(id);
    expect(await failure(connector.accessToken(next.id))).toMatchObject({ code: 'refused' });
    expect((await house.get(id)).status).toBe('disconnected');
  });
});
