import { ConnectorError } from '@mailsphere/core';
import type { Fault } from '@mailsphere/simulator';
import { describe, expect, it } from 'vitest';
import { createHouse } from '../connect-house.ts';
import {
  atMicrosoft,
  beginJourney,
  connected,
  endsAtOnce,
  failure,
  isHeldUp,
  tokensOf,
  visit,
} from './journey.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('attack 13: many at once, and services that fail, never become a storm', () => {
  it('two hundred callers who need a token of one tenant at once send one request', async () => {
    await using house = await createHouse();
    const { connector, contoso, simulator, clock } = house;
    const id = await connected(house);
    const all = () => Promise.all(Array.from({ length: 200 }, () => connector.accessToken(id)));

    house.provider.forget?.({ tenantId: contoso.id });
    simulator.resetCounts();
    const cold = await all();
    expect(tokensOf(house, contoso)).toBe(1);
    expect(new Set(cold.map(({ token }) => token)).size).toBe(1);
    // And once more when that token has ended.
    await clock.advance(2 * HOUR);
    await all();
    expect(tokensOf(house, contoso)).toBe(2);
  });

  it('two hundred callers during an outage send three requests, and those who come after them none', async () => {
    await using house = await createHouse();
    const { connector, contoso, simulator, clock } = house;
    const id = await connected(house);
    const all = () =>
      clock.run(Promise.all(Array.from({ length: 200 }, () => failure(connector.accessToken(id)))));

    house.provider.forget?.({ tenantId: contoso.id });
    simulator.resetCounts();
    simulator.inject({ route: 'token', times: 1_000, answer: 'unavailableHtml' });
    const errors = await all();
    expect(errors.every((error) => ConnectorError.is(error, 'unavailable'))).toBe(true);
    expect(tokensOf(house, contoso)).toBe(3);
    await all();
    expect(tokensOf(house, contoso)).toBe(3);
    // The outage ends: so does the pause, and nothing was lost.
    simulator.clearFaults();
    await clock.advance(MINUTE);
    await all();
    expect(tokensOf(house, contoso)).toBe(4);
    expect((await house.get(id)).status).toBe('active');
  });

  it.each<[string, Fault]>([
    ['the sign-in service', { route: 'token', times: 50, answer: 'throttledText' }],
    ['Graph', { route: 'users.delta', times: 50, answer: { status: 429, headers: { 'retry-after': '30' } } }],
  ])('a tenant that %s throttles holds up no other tenant', async (_name, fault) => {
    await using house = await createHouse();
    const { connector, contoso, fabrikam, simulator } = house;
    const throttled = await connected(house);
    const free = await connected(house, 'org-2', fabrikam);
    for (const { id } of [contoso, fabrikam]) house.provider.forget?.({ tenantId: id });

    simulator.inject({ ...fault, tenantId: contoso.id });
    const ending = new AbortController();
    const waiting = failure(connector.directory.sync(throttled, ending));
    expect(await isHeldUp(house, waiting)).toBe(true);
    const sync = connector.directory.sync(free);
    expect(await endsAtOnce(house, sync)).toBe(true);
    expect((await sync).counts.user.upserted).toBeGreaterThan(0);
    ending.abort();
    await waiting;
  });

  it('a sync that Graph fails asks three times, however often it failed before', async () => {
    await using house = await createHouse();
    const { connector, simulator, clock } = house;
    const id = await connected(house);
    simulator.inject({ route: 'users.delta', times: 1_000, answer: 'reset' });
    const asked = () => house.sent.filter((request) => request === 'GET /v1.0/users/delta').length;
    for (let sync = 1; sync <= 3; sync++) {
      const error = await clock.run(failure(connector.directory.sync(id)));
      expect(ConnectorError.is(error, 'unavailable')).toBe(true);
      expect(asked()).toBe(3 * sync);
    }
    simulator.clearFaults();
    expect((await connector.directory.sync(id)).counts.user.upserted).toBeGreaterThan(0);
  });

  it('two people who sign in right after the keys have changed are both let in', async () => {
    await using house = await createHouse();
    const { simulator, contoso, clock } = house;
    const admin = contoso.administrator.username;
    const id = await connected(house);
    simulator.rotateSigningKey({ forget: true });
    const journeys = await Promise.all([beginJourney(house, id, 'anna'), beginJourney(house, id, 'bruno')]);
    const callbacks = await Promise.all(journeys.map(({ signIn }) => atMicrosoft(house, signIn, admin)));
    // Both are here before the new keys are.
    simulator.inject({ route: 'keys', times: 2, afterMs: 1_000, answer: { merge: {} } });
    simulator.resetCounts();
    const visits = Promise.all(callbacks.map((callback, index) => visit(callback, journeys[index]?.cookie)));
    while (simulator.counts.byRoute.token !== 2) await clock.advance(0);
    expect(await isHeldUp(house, visits)).toBe(true);
    const answers = await clock.run(visits);
    expect(answers.map(({ status }) => status)).toEqual([302, 302]);
  });

  it.each([
    ['one after the other', 1, 25],
    ['all at once', 25, 1],
  ])(
    'a flood of identity tokens under invented key ids, %s, makes the keys be read twice at most',
    async (_name, atOnce, rounds) => {
      await using house = await createHouse();
      const { simulator, contoso, clock } = house;
      const admin = contoso.administrator.username;
      const id = await house.register();
      simulator.resetCounts();
      simulator.forgeIdToken({ sign: 'unknownKey', times: 25 });
      // Long enough for all of a round to be there before the first one is answered.
      simulator.inject({ route: 'keys', times: 25, afterMs: 1_000, answer: { merge: {} } });
      const forge = async () => {
        const { cookie, signIn } = await beginJourney(house, id);
        return (await visit(await atMicrosoft(house, signIn, admin), cookie)).status;
      };
      for (let round = 0; round < rounds; round++) {
        const statuses = await clock.run(Promise.all(Array.from({ length: atOnce }, forge)));
        expect(new Set(statuses)).toEqual(new Set([400]));
      }
      expect(simulator.counts.byRoute.keys).toBeLessThanOrEqual(2);
      expect(simulator.counts.byRoute['openid-configuration']).toBe(1);
      expect((await house.get(id)).signedInAt).toBeUndefined();
      // Whoever is who they say is let in all the same.
      simulator.clearFaults();
      const anna = await house.person('anna');
      await anna.authorize(id, admin);
      expect((await house.get(id)).status).toBe('active');
    },
  );
});
