import { HttpResponse, http } from 'msw';
import { describe, expect, it } from 'vitest';
import { createTokenManager } from '../src/entra/token-manager.ts';
import { createTokenWatchers } from '../src/entra/token-watchers.ts';
import { collect, connect, failure, graph, tenant, tenantId, tokenUrl, wire } from './wire.ts';

const { server, requests, calls } = wire();
const hour = 3_600_000;

describe('a token is asked for once, however many need it', () => {
  it('two hundred cold callers make one request', async () => {
    const { provider } = connect();
    const tokens = await Promise.all(Array.from({ length: 200 }, () => provider.acquireToken(tenant)));
    expect(new Set(tokens.map(({ token }) => token))).toEqual(new Set(['token-1']));
    expect(requests).toHaveLength(1);
  });

  it('fifty callers whose token is old make one request, and none of them waits for it', async () => {
    const { provider, clock } = connect();
    await provider.acquireToken(tenant);
    await clock.advance(0.8 * hour);
    const tokens = await Promise.all(Array.from({ length: 50 }, () => provider.acquireToken(tenant)));
    expect(new Set(tokens.map(({ token }) => token))).toEqual(new Set(['token-1']));
    await clock.advance(0);
    expect(requests).toHaveLength(2);
    expect(await provider.acquireToken(tenant)).toMatchObject({ token: 'token-2' });
  });

  it('one caller that gives up does not take the token from the others', async () => {
    const { provider } = connect();
    const leaver = new AbortController();
    const left = failure(provider.acquireToken(tenant, { signal: leaver.signal }));
    const stayed = provider.acquireToken(tenant);
    leaver.abort();
    expect(await left).toMatchObject({ code: 'aborted' });
    expect(await stayed).toMatchObject({ token: 'token-1' });
    expect(requests).toHaveLength(1);
  });

  it('one caller that can wait no longer does not take it from the others, and learns so', async () => {
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    server.use(
      http.post(tokenUrl, async () => {
        await answered;
        return HttpResponse.json({ access_token: 'late', expires_in: 3599 });
      }),
    );
    const { provider } = connect();
    const stayed = provider.acquireToken(tenant);
    for (const options of [{ maxWait: 1 }, { maxWait: 1, fresh: true }, { maxWait: 0 }])
      expect(await failure(provider.acquireToken(tenant, options))).toMatchObject({ code: 'unavailable' });
    expect(await failure(provider.verify(tenant, { maxWait: 1 }))).toMatchObject({ code: 'unavailable' });
    const left = new AbortController();
    left.abort();
    expect(
      await failure(provider.acquireToken(tenant, { maxWait: 1_000, signal: left.signal })),
    ).toMatchObject({ code: 'aborted' });
    answer();
    expect(await stayed).toMatchObject({ token: 'late' });
  });

  it('tenants do not share tokens', async () => {
    const { provider } = connect();
    const one = await provider.acquireToken(tenant);
    const other = await provider.acquireToken({ tenantId: '99999999-9999-4999-8999-999999999999' });
    expect(one.token).not.toBe(other.token);
    const spelled = await provider.acquireToken({ tenantId: tenantId.toUpperCase() });
    expect(spelled.token).toBe(one.token);
  });

  it('the number of tenants that are remembered has an end', async () => {
    let asked = 0;
    const tokens = createTokenManager({
      watchers: createTokenWatchers(),
      request: async () => ({ token: `${++asked}`, lifetime: hour }),
      clock: connect().clock,
      random: () => 0,
    });
    for (let index = 0; index < 10_001; index++) await tokens.acquire(`tenant ${index}`);
    expect((await tokens.acquire('tenant 10000')).token).toBe('10001');
    expect((await tokens.acquire('tenant 0')).token).toBe('10002');
  });
});

describe('a token is good for as long as it is handed out', () => {
  it('the old one is served while the service is down, and not after its end', async () => {
    const { provider, clock } = connect();
    await provider.acquireToken(tenant);
    server.use(http.post(tokenUrl, () => new HttpResponse('busy', { status: 503 })));
    await clock.advance(0.85 * hour);
    expect(await provider.acquireToken(tenant)).toMatchObject({ token: 'token-1' });
    await clock.advance(0.1 * hour);
    expect(await clock.run(failure(provider.acquireToken(tenant)))).toMatchObject({ code: 'unavailable' });
  });

  it('tells when it ends', async () => {
    const { provider, clock } = connect();
    expect((await provider.acquireToken(tenant)).expiresAt).toBe(clock.now() + 3_599_000);
  });

  it('fresh asks the service again, for roles that an old token does not have', async () => {
    const { provider } = connect();
    await provider.acquireToken(tenant);
    expect(await provider.acquireToken(tenant, { fresh: true })).toMatchObject({ token: 'token-2' });
    expect(await provider.acquireToken(tenant)).toMatchObject({ token: 'token-2' });
  });

  it('does not live for ever because the service says so', async () => {
    server.use(http.post(tokenUrl, () => HttpResponse.json({ access_token: 'a', expires_in: 1e15 })));
    const { provider, clock } = connect();
    expect((await provider.acquireToken(tenant)).expiresAt).toBeLessThanOrEqual(clock.now() + 28 * hour);
  });
});

describe('a token that Graph refuses', () => {
  it('is replaced once, for all that were under way', async () => {
    server.use(
      http.get(`${graph}/users/delta`, ({ request }) =>
        request.headers.get('authorization') === 'Bearer token-1'
          ? new HttpResponse(null, { status: 401 })
          : HttpResponse.json({ value: [], '@odata.deltaLink': `${graph}/users/delta?$deltatoken=a` }),
      ),
    );
    const { provider, clock } = connect();
    const rounds = Array.from({ length: 10 }, async () => {
      for await (const page of provider.directory.changes(tenant, 'user')) expect(page.caughtUp).toBe(true);
    });
    await clock.run(Promise.all(rounds));
    expect(requests.filter(({ method }) => method === 'POST')).toHaveLength(2);
  });

  it('is replaced after a while when the service gave the same one again', async () => {
    let asked = 0;
    server.use(
      http.post(tokenUrl, () =>
        HttpResponse.json({ access_token: asked++ < 2 ? 'old' : 'new', expires_in: 3599 }),
      ),
      http.get(`${graph}/users/delta`, () => new HttpResponse(null, { status: 401 })),
    );
    const { provider, clock } = connect();
    const round = async () => {
      for await (const _ of provider.directory.changes(tenant, 'user'));
    };
    await clock.run(failure(round()));
    expect(await provider.acquireToken(tenant)).toMatchObject({ token: 'old' });
    await clock.advance(15_000);
    await clock.run(failure(round()));
    expect(await provider.acquireToken(tenant)).toMatchObject({ token: 'new' });
  });

  it('by one mailbox makes no flood of requests for others, and stops no other mailbox', async () => {
    server.use(
      http.get(`${graph}/users/odd/mailFolders`, () => new HttpResponse(null, { status: 401 })),
      http.get(`${graph}/users/delta`, () =>
        HttpResponse.json({ value: [], '@odata.deltaLink': `${graph}/users/delta?$deltatoken=a` }),
      ),
    );
    const { provider, clock } = connect();
    const tokensAsked = () => requests.filter(({ method }) => method === 'POST').length;
    const odd = () => failure(collect(provider.mail.folders({ tenantId, mailboxId: 'odd' })));
    const even = () => collect(provider.directory.changes(tenant, 'user'));
    for (let call = 0; call < 20; call++) {
      expect(await clock.run(odd())).toMatchObject({ code: 'unavailable' });
      expect(await clock.run(even())).toHaveLength(1);
      await clock.advance(200);
    }
    expect(tokensAsked()).toBe(2);
    await clock.advance(15_000);
    await Promise.all(Array.from({ length: 20 }, odd));
    expect(tokensAsked()).toBe(3);
  });

  it('is not asked for again and again', async () => {
    server.use(http.get(`${graph}/users/delta`, () => new HttpResponse(null, { status: 401 })));
    const { provider, clock } = connect();
    const round = (async () => {
      for await (const _ of provider.directory.changes(tenant, 'user'));
    })();
    expect(await clock.run(failure(round))).toMatchObject({ code: 'unavailable' });
    expect(calls()).toHaveLength(2);
  });
});
