import { X509Certificate } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { ConfidentialClientApplication, CryptoProvider } from '@azure/msal-node';
import { createSimulator } from '@mailsphere/simulator';
import { handlers } from '@mailsphere/simulator/msw';
import { startServer } from '@mailsphere/simulator/server';
import { decodeJwt } from 'jose';
import { setupServer } from 'msw/node';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createBrowser, tenantOf } from './support.ts';

const SCOPES = ['https://graph.microsoft.com/.default'];

describe('msal-node as it is, at Microsoft’s own addresses', () => {
  const network = setupServer();
  beforeAll(() => network.listen({ onUnhandledFrame: 'error' }));
  afterAll(() => network.close());
  let simulator = createSimulator();
  let certificate: { thumbprintSha256: string; privateKey: string };

  beforeAll(async () => {
    const pair = await generate([{ name: 'commonName', value: 'app' }], { keySize: 2048 });
    certificate = {
      thumbprintSha256: new X509Certificate(pair.cert).fingerprint256.replaceAll(':', ''),
      privateKey: pair.private,
    };
    simulator = createSimulator({
      app: { certificates: [{ certificatePem: pair.cert }] },
      tenants: [{ name: 'contoso', consented: true }, { name: 'fabrikam' }],
    });
  });
  beforeEach(() => {
    network.resetHandlers(...handlers(simulator));
    simulator.resetCounts();
  });

  const authority = () => `https://login.microsoftonline.com/${tenantOf(simulator).id}`;

  it('gets an app-only token with a secret, by one POST (entra-and-msal 6.2)', async () => {
    const { clientId, secret } = simulator.app;
    const app = new ConfidentialClientApplication({
      auth: { clientId, clientSecret: secret, authority: authority() },
    });
    const result = await app.acquireTokenByClientCredential({ scopes: SCOPES });
    expect(decodeJwt(result?.accessToken ?? '').roles).toContain('Mail.Read');
    const life = ((result?.expiresOn?.getTime() ?? 0) - Date.now()) / 60_000;
    expect(life).toBeGreaterThan(58);
    expect(life).toBeLessThan(91);
    expect(simulator.counts).toMatchObject({ total: 1, byRoute: { token: 1 } });
  });

  it('gets one with a certificate (entra-and-msal 2.3, 6.7)', async () => {
    const auth = { clientId: simulator.app.clientId, clientCertificate: certificate, authority: authority() };
    const app = new ConfidentialClientApplication({ auth });
    const first = await app.acquireTokenByClientCredential({ scopes: SCOPES });
    expect(first?.accessToken).toMatch(/^ey/);
    // Once more past the cache: msal sends the same assertion again.
    expect(
      (await app.acquireTokenByClientCredential({ scopes: SCOPES, skipCache: true }))?.accessToken,
    ).toMatch(/^ey/);
  });

  it('sees the errors of a real tenant: wrong secret, never consented (entra-and-msal 6.6)', async () => {
    const { clientId, secret } = simulator.app;
    const wrong = new ConfidentialClientApplication({
      auth: { clientId, clientSecret: 'wrong', authority: authority() },
    });
    await expect(wrong.acquireTokenByClientCredential({ scopes: SCOPES })).rejects.toMatchObject({
      errorCode: 'invalid_client',
      errorNo: 7000215,
      status: 401,
    });
    const other = `https://login.microsoftonline.com/${tenantOf(simulator, 1).id}`;
    const stranger = new ConfidentialClientApplication({
      auth: { clientId, clientSecret: secret, authority: other },
    });
    await expect(stranger.acquireTokenByClientCredential({ scopes: SCOPES })).rejects.toMatchObject({
      errorCode: 'unauthorized_client',
      errorNo: 700016,
      status: 400,
    });
  });

  it('signs somebody in by authorisation code with PKCE and nonce (entra-and-msal 6.8)', async () => {
    const { clientId, secret } = simulator.app;
    const { administrator } = tenantOf(simulator);
    const app = new ConfidentialClientApplication({
      auth: { clientId, clientSecret: secret, authority: authority() },
    });
    const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
    const redirectUri = 'http://localhost:3000/callback';
    const url = await app.getAuthCodeUrl({
      scopes: ['openid', 'profile'],
      redirectUri,
      state: 'abc',
      nonce: 'n1',
      codeChallenge: challenge,
      codeChallengeMethod: 'S256',
    });
    const browser = createBrowser(simulator);
    const back = new URL((await browser.submit(url, { username: administrator.username })).url).searchParams;
    expect(back.get('state')).toBe('abc');
    const request = {
      code: back.get('code') ?? '',
      codeVerifier: verifier,
      redirectUri,
      scopes: ['openid', 'profile'],
    };
    const result = await app.acquireTokenByCode({ ...request, nonce: 'n1' });
    expect(result.idTokenClaims).toMatchObject({
      oid: administrator.id,
      tid: tenantOf(simulator).id,
      nonce: 'n1',
    });
    expect(result.account?.username).toBe(administrator.username);
  });
});

describe('msal-node as it is, at a server on this machine', () => {
  it('is pointed there by authorityMetadata (entra-and-msal 6.2)', async () => {
    const pair = await generate([{ name: 'commonName', value: 'app' }], { keySize: 2048 });
    await using server = await startServer({
      app: { certificates: [{ certificatePem: pair.cert }] },
      tenants: [{ name: 'contoso', consented: true }],
    });
    const { clientId, secret } = server.simulator.app;
    const authorityMetadata = JSON.stringify({
      authorization_endpoint: `${server.login}/{tenantid}/oauth2/v2.0/authorize`,
      token_endpoint: `${server.login}/{tenantid}/oauth2/v2.0/token`,
      issuer: `${server.login}/{tenantid}/v2.0`,
      jwks_uri: `${server.login}/{tenantid}/discovery/v2.0/keys`,
    });
    const authority = `https://login.microsoftonline.com/${tenantOf(server.simulator).id}`;
    const thumbprintSha256 = new X509Certificate(pair.cert).fingerprint256.replaceAll(':', '');
    for (const credential of [
      { clientSecret: secret },
      { clientCertificate: { thumbprintSha256, privateKey: pair.private } },
    ]) {
      const app = new ConfidentialClientApplication({
        auth: { clientId, authority, authorityMetadata, ...credential },
      });
      const result = await app.acquireTokenByClientCredential({ scopes: [`${server.graph}/.default`] });
      const headers = { authorization: `Bearer ${result?.accessToken}` };
      expect((await fetch(`${server.graph}/v1.0/organization`, { headers })).status).toBe(200);
    }
    expect(server.simulator.counts.byRoute).toMatchObject({ token: 2, 'organization.list': 2 });
  });

  it('finds everything by discovery at an https server (entra-and-msal 6.2)', async () => {
    const altNames = [{ type: 2 as const, value: 'localhost' }];
    const pair = await generate([{ name: 'commonName', value: 'localhost' }], {
      keySize: 2048,
      extensions: [{ name: 'subjectAltName', altNames }],
    });
    await using server = await startServer(
      { tenants: [{ name: 'contoso', consented: true }] },
      { host: 'localhost', tls: { key: pair.private, cert: pair.cert } },
    );
    const { clientId, secret } = server.simulator.app;
    const tenant = tenantOf(server.simulator);
    const host = new URL(server.login).host;
    // Only this network module trusts the certificate of the test.
    const send = (method: string, url: string, headers: Record<string, string> = {}, body = '') =>
      new Promise<{ status: number; headers: Record<string, string>; body: never }>((resolve, reject) => {
        const sent = httpsRequest(url, { method, headers, ca: pair.cert }, (response) => {
          text(response).then((answer) => {
            const shown = response.headers as Record<string, string>;
            resolve({ status: response.statusCode ?? 0, headers: shown, body: JSON.parse(answer) as never });
          }, reject);
        });
        sent.on('error', reject).end(body);
      });
    const app = new ConfidentialClientApplication({
      auth: {
        clientId,
        clientSecret: secret,
        authority: `${server.login}/${tenant.id}`,
        knownAuthorities: [host],
      },
      system: {
        networkClient: {
          sendGetRequestAsync: (url, options) => send('GET', url, options?.headers),
          sendPostRequestAsync: (url, options) => send('POST', url, options?.headers, options?.body),
        },
      },
    });
    const result = await app.acquireTokenByClientCredential({ scopes: SCOPES });
    expect(decodeJwt(result?.accessToken ?? '').tid).toBe(tenant.id);
    expect(server.simulator.counts.byRoute).toMatchObject({ 'openid-configuration': 1, token: 1 });
  });
});
