import { virtualClock } from '@mailsphere/core/testing';
import { HttpResponse, http } from 'msw';
import { describe, expect, it } from 'vitest';
import { createTokenManager } from '../src/entra/token-manager.ts';
import { createTokenWatchers } from '../src/entra/token-watchers.ts';
import { connect, tenant, tokenUrl, wire } from './wire.ts';

const { server, requests } = wire();

/** A sign-in service that answers when it is told to, with `token-1` for the request that came first, and so on. */
function service() {
  const answers: { give(): void; fail(): void }[] = [];
  const tokens = createTokenManager({
    watchers: createTokenWatchers(),
    request: () =>
      new Promise((resolve, reject) => {
        const token = `token-${answers.length + 1}`;
        answers.push({
          give: () => resolve({ token, lifetime: 3_600_000 }),
          fail: () => reject(new Error('no')),
        });
      }),
    clock: virtualClock(),
    random: () => 0,
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { tokens, answers, settle };
}

describe('the roles of a new consent are not lost', () => {
  it('to an older token that comes later', async () => {
    const { tokens, answers, settle } = service();
    const old = tokens.acquire('tenant');
    const fresh = tokens.acquire('tenant', { fresh: true });
    await settle();
    answers[1]?.give();
    expect(await fresh).toMatchObject({ token: 'token-2' });
    answers[0]?.give();
    expect(await old).toMatchObject({ token: 'token-1' });
    expect(await tokens.acquire('tenant')).toMatchObject({ token: 'token-2' });
  });

  it('by joining a request that left before the consent', async () => {
    const { tokens, answers, settle } = service();
    const first = tokens.acquire('tenant', { fresh: true });
    await settle();
    const later = [1, 2, 3].map(() => tokens.acquire('tenant', { fresh: true }));
    await settle();
    // One after the other: the service is not asked by everybody at once.
    expect(answers).toHaveLength(1);
    answers[0]?.give();
    expect(await first).toMatchObject({ token: 'token-1' });
    await settle();
    expect(answers).toHaveLength(2);
    answers[1]?.give();
    for (const work of later) expect(await work).toMatchObject({ token: 'token-2' });
    expect(await tokens.acquire('tenant')).toMatchObject({ token: 'token-2' });
  });

  it('by a request before it that fails', async () => {
    const { tokens, answers, settle } = service();
    const first = tokens.acquire('tenant', { fresh: true });
    const later = tokens.acquire('tenant', { fresh: true });
    await settle();
    answers[0]?.fail();
    await expect(first).rejects.toThrow();
    await settle();
    answers[1]?.give();
    expect(await later).toMatchObject({ token: 'token-2' });
  });
});

describe('a tenant that was forgotten', () => {
  it('does not come back with a request that was under way', async () => {
    const { tokens, answers, settle } = service();
    const old = tokens.acquire('tenant');
    await settle();
    tokens.forget('tenant');
    answers[0]?.give();
    await old;
    const next = tokens.acquire('tenant');
    await settle();
    expect(answers).toHaveLength(2);
    answers[1]?.give();
    expect(await next).toMatchObject({ token: 'token-2' });
  });

  it('has no token left that a disconnected host could use', async () => {
    const { provider } = connect();
    await provider.acquireToken(tenant);
    provider.forget?.({ tenantId: tenant.tenantId.toUpperCase() });
    server.use(
      http.post(tokenUrl, () =>
        HttpResponse.json({ error: 'unauthorized_client', error_codes: [700016] }, { status: 400 }),
      ),
    );
    await expect(provider.acquireToken(tenant)).rejects.toMatchObject({ code: 'reauthorization_required' });
    expect(requests).toHaveLength(2);
  });
});
