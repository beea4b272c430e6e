import { createHash, X509Certificate } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { HttpResponse, http } from 'msw';
import { generate } from 'selfsigned';
import { expect, it } from 'vitest';
import { identityService, idToken, nonce } from './identity.ts';
import { clientId, connect, failure, login, tenant, tenantId, tokenUrl, wire } from './wire.ts';

const { server } = wire();
const pair = await generate([{ name: 'commonName', value: 'connector' }], { keySize: 2048 });
const certificate = new X509Certificate(pair.cert);

async function verifyAssertion(form: URLSearchParams, now: number) {
  expect(form.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
  expect(form.has('client_secret')).toBe(false);
  const assertion = form.get('client_assertion') ?? '';
  expect(decodeProtectedHeader(assertion)).toEqual({
    alg: 'PS256',
    typ: 'JWT',
    'x5t#S256': createHash('sha256').update(certificate.raw).digest('base64url'),
  });
  const { payload } = await jwtVerify(assertion, certificate.publicKey, {
    algorithms: ['PS256'],
    issuer: clientId,
    subject: clientId,
    audience: `${login}/${tenantId}/oauth2/v2.0/token`,
    currentDate: new Date(now),
  });
  expect((payload.exp ?? 0) * 1000 - now).toBeLessThanOrEqual(600_000);
  return payload.jti;
}

it('a certificate proves the application for tokens and for sign-ins, each time anew', async () => {
  const { provider, clock } = connect({
    credential: { certificate: { privateKey: pair.private, certificate: pair.cert } },
  });
  const forms: URLSearchParams[] = [];
  server.use(
    http.post(tokenUrl, async ({ request }) => {
      forms.push(new URLSearchParams(await request.text()));
      return HttpResponse.json({ access_token: 'a', expires_in: 3599 });
    }),
  );
  await provider.acquireToken(tenant);
  const { handlers, seen } = identityService(await idToken(clock.now() / 1000));
  server.use(...handlers);
  await provider.authorization.completeSignIn(tenant, {
    redirectUri: 'https://app.example/callback',
    code: 'code',
    nonce,
    codeVerifier: 'verifier',
  });
  const ids = [];
  for (const form of [...forms, seen.form]) ids.push(await verifyAssertion(form, clock.now()));
  expect(new Set(ids).size).toBe(2);
});

it('an assertion of the host is passed on, and one that cannot be made is the operator’s matter', async () => {
  const forms: URLSearchParams[] = [];
  server.use(
    http.post(tokenUrl, async ({ request }) => {
      forms.push(new URLSearchParams(await request.text()));
      return HttpResponse.json({ access_token: 'a', expires_in: 3599 });
    }),
  );
  await connect({ credential: { assertion: async () => 'federated' } }).provider.acquireToken(tenant);
  expect(forms[0]?.get('client_assertion')).toBe('federated');
  const broken = connect({
    credential: {
      assertion: async () => {
        throw new Error('no identity');
      },
    },
  });
  expect(await failure(broken.provider.acquireToken(tenant))).toMatchObject({ code: 'credential_invalid' });
});
