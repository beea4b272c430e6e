import { ConnectorError, type TokenWatcher } from '@mailsphere/core';
import { HttpResponse, http } from 'msw';
import { describe, expect, it, vi } from 'vitest';
import { connect, failure, graph, tenant, tenantId, tokenUrl, wire } from './wire.ts';

const { server, requests } = wire();
const hour = 3_600_000;
const tokenRequests = () => requests.filter(({ method }) => method === 'POST').length;
const settle = () => new Promise((resolve) => setImmediate(resolve));

function watcher(part: Partial<TokenWatcher> = {}) {
  const told: unknown[] = [];
  return {
    told,
    async before(asked: { readonly tenantId: string }) {
      told.push(['before', asked.tenantId]);
      await part.before?.(asked);
    },
    async after(asked: { readonly tenantId: string }, outcome: Parameters<TokenWatcher['after']>[1]) {
      told.push(['after', asked.tenantId, outcome]);
      await part.after?.(asked, outcome);
    },
  };
}

/** A provider with this watcher. */
function watched(part?: Partial<TokenWatcher>) {
  const house = connect();
  const seen = watcher(part);
  const end = house.provider.watchTokens?.(seen);
  if (!end) throw new Error('Tokens can be watched.');
  return { ...house, told: seen.told, end };
}

describe('a host is asked before each request for a token, and told after it', () => {
  it('once for all who need it', async () => {
    const { provider, told, clock } = watched();
    await Promise.all(Array.from({ length: 20 }, () => provider.acquireToken(tenant)));
    expect(told).toEqual([
      ['before', tenantId],
      ['after', tenantId, { expiresAt: clock.now() + 3_599_000 }],
    ]);
  });

  it('once, however often the request is repeated, and with the error in the end', async () => {
    server.use(http.post(tokenUrl, () => new HttpResponse('busy', { status: 503 })));
    const { provider, told, clock } = watched();
    const error = await clock.run(failure(provider.acquireToken(tenant)));
    expect(tokenRequests()).toBe(3);
    expect(told).toEqual([
      ['before', tenantId],
      ['after', tenantId, { error }],
    ]);
  });

  it('also when the token is renewed beside the old one, or asked for anew', async () => {
    const { provider, told, clock } = watched();
    await provider.acquireToken(tenant);
    await clock.advance(0.8 * hour);
    await provider.acquireToken(tenant);
    await clock.advance(0);
    await provider.acquireToken(tenant, { fresh: true });
    expect(told.filter((each) => Array.isArray(each) && each[0] === 'before')).toHaveLength(3);
    expect(told).toHaveLength(6);
  });

  it('and not when no request is made', async () => {
    server.use(
      http.post(tokenUrl, () => new HttpResponse('', { status: 429, headers: { 'retry-after': '300' } })),
    );
    const { provider, told } = watched();
    await failure(provider.acquireToken(tenant));
    await failure(provider.acquireToken(tenant));
    expect(told).toHaveLength(2);
  });

  it('several of them, until each one leaves', async () => {
    const { provider, told, end } = watched();
    const other = watcher();
    const leave = provider.watchTokens?.(other);
    await provider.acquireToken(tenant);
    end();
    end();
    await provider.acquireToken(tenant, { fresh: true });
    leave?.();
    await provider.acquireToken(tenant, { fresh: true });
    expect(told).toHaveLength(2);
    expect(other.told).toHaveLength(4);
  });
});

describe('a host that refuses', () => {
  const no = () => Promise.reject(new Error('canary of the host'));

  it('stops the request, and everybody who needed the token is told why', async () => {
    const { provider, told } = watched({ before: no });
    const errors = await Promise.all([1, 2, 3].map(() => failure(provider.acquireToken(tenant))));
    for (const error of errors) {
      expect(ConnectorError.is(error, 'refused')).toBe(true);
      expect(error.cause).toMatchObject({ message: 'canary of the host' });
      expect(error.message).not.toContain('canary');
    }
    expect(requests).toHaveLength(0);
    expect(told).toEqual([['before', tenantId]]);
  });

  it('with an error of its own is heard in its own words', async () => {
    const own = new ConnectorError('unavailable', 'The storage does not answer.');
    const { provider } = watched({ before: () => Promise.reject(own) });
    expect(await failure(provider.acquireToken(tenant))).toBe(own);
    // Nothing is known of the sign-in service, so nothing is put off.
    expect(await failure(provider.acquireToken(tenant))).toBe(own);
  });

  it('once, is asked again at the next call', async () => {
    const before = vi.fn<TokenWatcher['before']>().mockImplementationOnce(no).mockResolvedValue();
    const { provider } = watched({ before });
    expect(await failure(provider.acquireToken(tenant))).toMatchObject({ code: 'refused' });
    expect(await provider.acquireToken(tenant)).toMatchObject({ token: 'token-1' });
  });

  it('does not break the token that still is valid, and is not asked with every call', async () => {
    const before = vi.fn<TokenWatcher['before']>().mockResolvedValueOnce().mockImplementation(no);
    const { provider, clock } = watched({ before });
    await provider.acquireToken(tenant);
    await clock.advance(0.8 * hour);
    for (let call = 0; call < 10; call++) {
      expect(await provider.acquireToken(tenant)).toMatchObject({ token: 'token-1' });
      await settle();
    }
    expect(before).toHaveBeenCalledTimes(2);
    await clock.advance(15_000);
    await provider.acquireToken(tenant);
    await settle();
    expect(before).toHaveBeenCalledTimes(3);
  });

  it('stops those watchers that come after it', async () => {
    const { provider } = watched({ before: no });
    const other = watcher();
    provider.watchTokens?.(other);
    await failure(provider.acquireToken(tenant));
    expect(other.told).toEqual([]);
  });
});

describe('what a host does when it was told', () => {
  it('may need the token itself, a fresh one too', async () => {
    const seen: string[] = [];
    let told = 0;
    const { provider } = watched({
      async after() {
        if (++told > 1) return;
        seen.push((await provider.acquireToken(tenant)).token);
        seen.push((await provider.acquireToken(tenant, { fresh: true })).token);
      },
    });
    const [one, other] = await Promise.all([
      provider.acquireToken(tenant, { fresh: true }),
      provider.acquireToken(tenant, { fresh: true }),
    ]);
    // The second token was asked for before the call of the watcher began.
    expect(seen).toEqual(['token-1', 'token-3']);
    expect([one.token, other.token]).toEqual(['token-1', 'token-2']);
  });

  it('may go wrong without anybody else noticing', async () => {
    const { provider, clock } = watched({ after: () => Promise.reject(new Error('no')) });
    const other = watcher();
    provider.watchTokens?.(other);
    expect(await provider.acquireToken(tenant)).toMatchObject({ token: 'token-1' });
    expect(other.told).toHaveLength(2);
    server.use(http.post(tokenUrl, () => HttpResponse.json({ error: 'invalid_client' }, { status: 401 })));
    expect(await clock.run(failure(provider.acquireToken(tenant, { fresh: true })))).toMatchObject({
      code: 'credential_invalid',
    });
  });

  it('is waited for, but holds up nobody who comes later', async () => {
    let finish = () => {};
    const { provider } = watched({
      after: () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    });
    let isThere = false;
    const first = provider.acquireToken(tenant).then(() => {
      isThere = true;
    });
    await vi.waitFor(() => expect(tokenRequests()).toBe(1));
    await vi.waitFor(async () =>
      expect(await provider.acquireToken(tenant)).toMatchObject({ token: 'token-1' }),
    );
    expect(isThere).toBe(false);
    finish();
    await first;
  });
});

it('a token that was refused is not handed out again, also when no other one can be had', async () => {
  server.use(http.get(`${graph}/users/delta`, () => new HttpResponse(null, { status: 401 })));
  const { provider, clock } = connect();
  await provider.acquireToken(tenant);
  server.use(
    http.post(tokenUrl, () =>
      HttpResponse.json({ error: 'unauthorized_client', error_codes: [7000112] }, { status: 400 }),
    ),
  );
  const read = async () => {
    for await (const _ of provider.directory.changes(tenant, 'user'));
  };
  expect(await clock.run(failure(read()))).toMatchObject({ code: 'reauthorization_required' });
  expect(await failure(provider.acquireToken(tenant))).toMatchObject({ code: 'reauthorization_required' });
});
