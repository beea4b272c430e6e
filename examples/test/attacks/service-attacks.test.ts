import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConnectorError } from '@mailsphere/core';
import { virtualClock } from '@mailsphere/core/testing';
import { fetchTransport, office365, type Transport, undiciTransport } from '@mailsphere/office365';
import type { BrokenAnswer } from '@mailsphere/simulator';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createHouse } from '../connect-house.ts';
import { atMicrosoft, beginJourney, connected, failure, locationOf, tokensOf, visit } from './journey.ts';

const MINUTE = 60_000;

describe('attack 19: what a broken or hostile sign-in service answers harms nobody', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const broken: readonly (BrokenAnswer | 'hang' | 'reset')[] = [
    'empty',
    'emptyObject',
    'html',
    'hugeBody',
    'negativeLifetime',
    'noLifetime',
    'noToken',
    'reset',
    'hang',
  ];
  it.each(broken)(
    '"%s" in place of a token ends within bounds, and nothing is taken for a token',
    async (answer) => {
      let read = 0;
      const transport: Transport = async (request) => {
        const response = await fetchTransport(house.simulator.fetch)(request);
        const body = async function* () {
          for await (const chunk of response.body) {
            read += chunk.byteLength;
            yield chunk;
          }
        };
        return { ...response, body: body() };
      };
      const house = await createHouse({ provider: { transport } });
      await using _closed = house;
      const { connector, simulator, contoso, clock } = house;
      const id = await connected(house);
      house.provider.forget?.({ tenantId: contoso.id });
      simulator.resetCounts();
      read = 0;
      // The limit that is set in real time runs out at once.
      const limits: number[] = [];
      if (answer === 'hang')
        vi.spyOn(AbortSignal, 'timeout').mockImplementation((milliseconds) => {
          limits.push(milliseconds);
          return AbortSignal.abort(new DOMException('The time is up.', 'TimeoutError'));
        });

      simulator.inject({ route: 'token', times: 1_000, answer });
      const error = await clock.run(failure(connector.accessToken(id)));
      vi.restoreAllMocks();
      expect(ConnectorError.is(error, 'unavailable', 'unexpected')).toBe(true);
      expect(String(error)).not.toMatch(/network|html/i);
      expect(tokensOf(house, contoso)).toBeLessThanOrEqual(3);
      // Three answers of a megabyte are the most that is looked at.
      expect(read).toBeLessThan(4_000_000);
      if (answer === 'hang') expect(limits).toEqual([30_000, 30_000, 30_000]);
      expect((await house.get(id)).status).toBe('active');

      simulator.clearFaults();
      await clock.advance(MINUTE);
      expect((await connector.accessToken(id)).token).toMatch(/^ey/);
    },
  );

  it('a broken answer to the code of a sign-in ends it, and proves nothing', async () => {
    await using house = await createHouse();
    const { simulator, contoso } = house;
    const id = await house.register();
    for (const answer of ['emptyObject', 'html', 'empty'] as const) {
      simulator.inject({ route: 'token', grant: 'authorization_code', answer });
      const { cookie, signIn } = await beginJourney(house, id);
      const ended = await visit(await atMicrosoft(house, signIn, contoso.administrator.username), cookie);
      expect(ended.status).toBeGreaterThanOrEqual(500);
      expect(locationOf(ended)).toBe('');
    }
    const connection = await house.get(id);
    expect(connection).toMatchObject({ status: 'registered' });
    expect(connection.signedInAt).toBeUndefined();
  });

  it('an answer that begins and never ends is given up after its time', async () => {
    const begun: AbortController[] = [];
    vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => {
      const limit = new AbortController();
      begun.push(limit);
      return limit.signal;
    });
    const login = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"access_token":"', () => begun.at(-1)?.abort());
    }).listen(0, '127.0.0.1');
    await once(login, 'listening');
    const clock = virtualClock();
    const provider = office365({
      clientId: '11111111-1111-4111-8111-111111111111',
      credential: { secret: 'canary~secret' },
      cloud: {
        login: `http://127.0.0.1:${(login.address() as AddressInfo).port}`,
        graph: 'https://graph.microsoft.com',
      },
      clock,
    });
    try {
      const tenantId = '22222222-2222-4222-8222-222222222222';
      const error = await clock.run(failure(provider.acquireToken({ tenantId })));
      expect(ConnectorError.is(error, 'unavailable')).toBe(true);
      expect(begun).toHaveLength(3);
    } finally {
      vi.restoreAllMocks();
      await provider.close?.();
      login.close();
      login.closeAllConnections();
    }
  });

  const statuses = [301, 302, 303, 307, 308];
  it.each([
    ['undiciTransport', () => undiciTransport()],
    ['fetchTransport', () => fetchTransport((request) => fetch(request))],
  ])(
    'a redirect of the token endpoint does not carry the secret to another server: %s',
    async (_name, create) => {
      const stolen: string[] = [];
      const thief = createServer((request, response) => {
        stolen.push(`${request.method} ${request.url}`);
        response.setHeader('content-type', 'application/json');
        response.end(
          JSON.stringify({ token_type: 'Bearer', expires_in: 3599, access_token: 'of the thief' }),
        );
      }).listen(0, '127.0.0.1');
      await once(thief, 'listening');
      const address = (server: typeof thief) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      let status = 0;
      const login = createServer((_request, response) => {
        response.writeHead(status, { location: `${address(thief)}/token` }).end();
      }).listen(0, '127.0.0.1');
      await once(login, 'listening');
      const transport: Transport = create();
      const tenant = { tenantId: '22222222-2222-4222-8222-222222222222' };
      const cloud = { login: address(login), graph: 'https://graph.microsoft.com' };
      const clientId = '11111111-1111-4111-8111-111111111111';
      try {
        for (status of statuses) {
          const provider = office365({ clientId, credential: { secret: 'canary~secret' }, cloud, transport });
          expect(await failure(provider.acquireToken(tenant))).toMatchObject({ code: 'link_refused' });
          const redeeming = provider.authorization.completeSignIn(tenant, {
            redirectUri: 'http://127.0.0.1/callback',
            code: 'canary-code',
            nonce: 'nonce',
            codeVerifier: 'verifier',
          });
          expect(await failure(redeeming)).toMatchObject({ code: 'link_refused' });
        }
        expect(stolen).toEqual([]);
      } finally {
        await transport.close?.();
        for (const server of [thief, login]) {
          server.close();
          server.closeAllConnections();
        }
      }
    },
  );
});
