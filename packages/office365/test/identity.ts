import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { HttpResponse, http } from 'msw';
import { clientId, login, tenantId, tokenUrl } from './wire.ts';

export const nonce = 'the nonce';
export const personId = '55555555-5555-4555-8555-555555555555';
const issuer = `${login}/${tenantId}/v2.0`;
const own = await generateKeyPair('RS256', { extractable: true });
export const foreign = await generateKeyPair('RS256', { extractable: true });
export const ownSpki = await exportSPKI(own.publicKey);

export interface Forgery {
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
  readonly key?: CryptoKey | Uint8Array;
}

/** A genuine token, but for what is given. */
export function idToken(seconds: number, { claims, header, key }: Forgery = {}): Promise<string> {
  return new SignJWT({
    iss: issuer,
    aud: clientId,
    iat: seconds,
    nbf: seconds,
    exp: seconds + 3600,
    tid: tenantId,
    oid: personId,
    acct: 0,
    sub: 'subject',
    nonce,
    ...claims,
  })
    .setProtectedHeader({ alg: 'RS256', kid: 'own', ...header })
    .sign(key ?? own.privateKey);
}

/** A sign-in service that redeems any code for this token. */
export function identityService(token: string | (() => string)) {
  const seen = { keys: 0, form: new URLSearchParams() };
  const handlers = [
    http.get(`${login}/:name/v2.0/.well-known/openid-configuration`, () => HttpResponse.json({ issuer })),
    http.get(`${login}/:name/discovery/v2.0/keys`, async () => {
      seen.keys++;
      return HttpResponse.json({
        keys: [
          { ...(await exportJWK(own.publicKey)), kid: 'own', use: 'sig', issuer: `${login}/{tenantid}/v2.0` },
          {
            ...(await exportJWK(foreign.publicKey)),
            kid: 'foreign',
            use: 'sig',
            issuer: `${login}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0`,
          },
          { ...(await exportJWK(foreign.publicKey)), kid: 'nobody', use: 'sig' },
          { kty: 'EC', kid: 'odd', issuer },
        ],
      });
    }),
    http.post(tokenUrl, async ({ request }) => {
      seen.form = new URLSearchParams(await request.text());
      return HttpResponse.json({
        token_type: 'Bearer',
        id_token: typeof token === 'string' ? token : token(),
      });
    }),
  ];
  return { handlers, seen };
}
