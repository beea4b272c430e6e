import { X509Certificate } from 'node:crypto';
import { virtualClock } from '@mailsphere/core/testing';
import { exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { generate } from 'selfsigned';
import { describe, expect, it, vi } from 'vitest';
import type { AssertionRequest } from '../src/index.ts';
import { house, signIn } from './house.ts';
import { clientId, connect, failure, login, secret, tenant, tenantId, wire } from './wire.ts';

const { requests } = wire();
const day = 24 * 3_600_000;

describe('when the credential ends is known before it ends', () => {
  it('of a secret and an assertion, where the host says so', () => {
    const expiresAt = '2027-01-31T01:00:00+01:00';
    const end = Date.parse('2027-01-31T00:00:00Z');
    expect(connect({ credential: { secret, expiresAt } }).provider.credentialExpiresAt).toBe(end);
    const assertion = async () => 'a';
    expect(connect({ credential: { assertion, expiresAt } }).provider.credentialExpiresAt).toBe(end);
    expect(connect({ credential: { secret } }).provider.credentialExpiresAt).toBeUndefined();
  });

  it.each([
    ['valid', 0, 30],
    ['past its end', -60, -30],
    ['before its beginning', 30, 60],
  ])('of a certificate that is %s, and the process starts all the same', async (_name, from, to) => {
    const pair = await generate([{ name: 'commonName', value: 'connector' }], {
      keySize: 2048,
      notBeforeDate: new Date(Date.now() + from * day),
      notAfterDate: new Date(Date.now() + to * day),
    });
    const certificate = { privateKey: pair.private, certificate: pair.cert };
    const { provider } = connect({ credential: { certificate } });
    const end = new X509Certificate(pair.cert).validToDate.getTime();
    expect(provider.credentialExpiresAt).toBe(end);
    expect(Math.abs(end - Date.now() - to * day)).toBeLessThan(60_000);
  });
});

describe('an assertion of the host', () => {
  it('is told for whom and for which endpoint it is made', async () => {
    const asked: AssertionRequest[] = [];
    const { provider } = connect({
      credential: {
        async assertion(request) {
          asked.push(request);
          return 'signed';
        },
      },
    });
    await provider.acquireToken(tenant);
    await provider.acquireToken(tenant);
    expect(asked).toEqual([
      { clientId, tokenEndpoint: `${login}/${tenantId}/oauth2/v2.0/token`, signal: expect.any(AbortSignal) },
    ]);
  });

  it('that never comes is given up, so that the tokens of the tenant do not hang', async () => {
    const limit = new AbortController();
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(limit.signal);
    try {
      const { provider } = connect({ credential: { assertion: () => new Promise(() => {}) } });
      const waiting = failure(provider.acquireToken(tenant));
      await new Promise((resolve) => setImmediate(resolve));
      limit.abort();
      expect(await waiting).toMatchObject({ code: 'credential_invalid' });
      expect(timeout).toHaveBeenCalledExactlyOnceWith(30_000);
    } finally {
      timeout.mockRestore();
    }
  });

  it.each<[string, () => Promise<string>]>([
    ['empty', async () => ''],
    ['no text', async () => undefined as unknown as string],
    [
      'thrown instead of rejected',
      () => {
        throw new Error('no identity');
      },
    ],
  ])('that is %s is the operator’s matter, and nothing is sent', async (_name, assertion) => {
    const { provider } = connect({ credential: { assertion } });
    expect(await failure(provider.acquireToken(tenant))).toMatchObject({ code: 'credential_invalid' });
    expect(requests).toHaveLength(0);
  });

  it('of a federated identity gets tokens and redeems sign-ins, and one of another identity does not', async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
    const federated = { issuer: 'https://token.example', subject: 'system:serviceaccount:mail:connector' };
    const clock = virtualClock();
    let subject = federated.subject;
    const { simulator, provider, tenant, ref } = house(
      {
        clock,
        tenants: [{ name: 'contoso', consented: true }],
        app: { federatedCredentials: [{ ...federated, publicKeyPem: await exportSPKI(publicKey) }] },
      },
      {
        clock,
        credential: {
          assertion: () =>
            new SignJWT()
              .setProtectedHeader({ alg: 'RS256' })
              .setIssuer(federated.issuer)
              .setSubject(subject)
              .setAudience('api://AzureADTokenExchange')
              .setExpirationTime(Math.floor(clock.now() / 1000) + 600)
              .sign(privateKey),
        },
      },
    );
    expect((await provider.verify(ref)).missing).toEqual([]);
    const attempt = await signIn(simulator, provider, tenant.id, tenant.administrator.username);
    expect(await provider.authorization.completeSignIn(ref, attempt)).toMatchObject({ mayGrant: true });
    subject = 'System:serviceaccount:mail:connector';
    expect(await failure(provider.acquireToken(ref, { fresh: true }))).toMatchObject({
      code: 'credential_invalid',
      serviceCode: 'AADSTS700213',
    });
  });
});
