import { createPrivateKey, generateKeyPairSync, randomUUID, X509Certificate } from 'node:crypto';
import { createSimulator, type FederatedCredential } from '@mailsphere/simulator';
import { SignJWT } from 'jose';
import { generate } from 'selfsigned';
import { describe, expect, it } from 'vitest';
import { type Json, requestToken, tenantOf } from './support.ts';

const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const credential: FederatedCredential = {
  issuer: 'https://token.example/',
  subject: 'repo:contoso/connector',
  publicKeyPem: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
};

async function federated(
  change: { iss?: string; sub?: string; aud?: string; expiresIn?: number } = {},
  key = pair,
) {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT()
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .setIssuer(change.iss ?? credential.issuer)
    .setSubject(change.sub ?? credential.subject)
    .setAudience(change.aud ?? 'api://AzureADTokenExchange')
    .setExpirationTime(now + (change.expiresIn ?? 600))
    .sign(key.privateKey);
}

function setup(app: NonNullable<Parameters<typeof createSimulator>[0]>['app'] = {}) {
  const simulator = createSimulator({ app, tenants: [{ name: 'contoso', consented: true }] });
  const ask = async (assertion: string) => {
    const fields = { client_assertion_type: TYPE, client_assertion: assertion };
    return (await (await requestToken(simulator, tenantOf(simulator).id, fields)).json()) as Json;
  };
  return { simulator, ask };
}

describe('a federated assertion', () => {
  it('stands for the app when issuer, subject and audience are registered (entra-and-msal 2.3, 10.4)', async () => {
    const { ask } = setup({ federatedCredentials: [credential] });
    expect(await ask(await federated())).toHaveProperty('access_token');
  });

  it.each([
    ['another issuer', { iss: 'https://other.example/' }, 700213],
    ['another subject, by case alone', { sub: 'repo:Contoso/connector' }, 700213],
    ['another audience', { aud: 'api://AzureADTokenExchangeUSGov' }, 700213],
    ['a past end', { expiresIn: -400 }, 700024],
  ])('is refused with %s (entra-and-msal 2.3, 4)', async (_, change, code) => {
    const { ask } = setup({ federatedCredentials: [credential] });
    expect(await ask(await federated(change))).toMatchObject({
      error: 'invalid_client',
      error_codes: [code],
    });
  });

  it('is refused with a signature of somebody else, and where nothing is registered (entra-and-msal 2.3, 4)', async () => {
    const { ask } = setup({ federatedCredentials: [credential] });
    expect(await ask(await federated({}, stranger))).toMatchObject({ error_codes: [50012] });
    expect(await setup().ask(await federated())).toMatchObject({ error_codes: [700213] });
  });
});

describe('a certificate', () => {
  it('is refused once it is past its end, and its successor is not (entra-and-msal 2.3, 4)', async () => {
    const [first, second] = await Promise.all(
      [1, 2].map(() => generate([{ name: 'commonName', value: 'app' }], { keySize: 2048 })),
    );
    if (first === undefined || second === undefined) throw new Error('no certificates');
    const { simulator, ask } = setup({ certificates: [{ certificatePem: first.cert }] });
    const assertion = async (made: typeof first) => {
      const { clientId } = simulator.app;
      const hex = new X509Certificate(made.cert).fingerprint256.replaceAll(':', '');
      return new SignJWT({ jti: randomUUID() })
        .setProtectedHeader({ alg: 'PS256', 'x5t#S256': Buffer.from(hex, 'hex').toString('base64url') })
        .setIssuer(clientId)
        .setSubject(clientId)
        .setAudience(`${simulator.login.origin}/${tenantOf(simulator).id}/oauth2/v2.0/token`)
        .setExpirationTime(Math.floor(Date.now() / 1000) + 600)
        .sign(createPrivateKey(made.private));
    };
    expect(await ask(await assertion(first))).toHaveProperty('access_token');
    simulator.expireCertificates();
    expect(await ask(await assertion(first))).toMatchObject({
      error: 'invalid_client',
      error_codes: [700027],
    });
    const certificates = [...simulator.app.certificates, { certificatePem: second.cert }];
    simulator.updateApp({ certificates });
    expect(await ask(await assertion(second))).toHaveProperty('access_token');
    simulator.advanceClock(10 * 365 * 86_400_000);
    expect(await ask(await assertion(second))).toMatchObject({ error_codes: [700027] });
  });
});
