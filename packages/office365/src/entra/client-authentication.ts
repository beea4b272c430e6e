import { createHash, createPrivateKey, randomUUID, X509Certificate } from 'node:crypto';
import { type Clock, ConnectorError } from '@mailsphere/core';
import { SignJWT } from 'jose';
import type { z } from 'zod';
import { unlessAborted } from '../aborted.ts';
import type { AssertionRequest, Certificate, credentialSchema } from './client-credential.ts';

/** What goes with a request for a token. */
export type ClientProof = { readonly secret: string } | { readonly assertion: string };

/**
 * Proves the application to one token endpoint.
 * @throws ConnectorError `credential_invalid` when the host's own assertion cannot be made
 */
export type ClientAuthentication = (tokenEndpoint: string) => Promise<ClientProof>;

const LIFETIME = 600;
const LONGEST_WAIT = 30_000;

export function clientAuthentication(
  clientId: string,
  credential: z.output<typeof credentialSchema>,
  clock: Clock,
): ClientAuthentication {
  const { secret, certificate, assertion } = credential;
  if (secret !== undefined) return async () => ({ secret });
  if (assertion)
    return async (tokenEndpoint) => ({ assertion: await hostAssertion(assertion, clientId, tokenEndpoint) });
  if (!certificate) throw new Error('A credential is needed.');
  return signedAssertion(clientId, certificate, clock);
}

async function hostAssertion(
  assertion: (request: AssertionRequest) => Promise<string>,
  clientId: string,
  tokenEndpoint: string,
): Promise<string> {
  // Real time, whatever the clock: one that never comes would hold up every token of the tenant.
  const signal = AbortSignal.timeout(LONGEST_WAIT);
  try {
    const made = (async () => assertion({ clientId, tokenEndpoint, signal }))();
    const text: unknown = await unlessAborted(made, signal);
    if (typeof text === 'string' && text !== '') return text;
    throw new TypeError('The assertion is not text, or empty.');
  } catch (cause) {
    throw new ConnectorError(
      'credential_invalid',
      "The application's own assertion cannot be made: the operator must see to it.",
      { cause },
    );
  }
}

function signedAssertion(
  clientId: string,
  { privateKey, certificate }: Certificate,
  clock: Clock,
): ClientAuthentication {
  const key = createPrivateKey(privateKey);
  // "Microsoft identity platform application authentication certificate credentials": PS256 and x5t#S256.
  const thumbprint = createHash('sha256').update(new X509Certificate(certificate).raw);
  const header = { alg: 'PS256', typ: 'JWT', 'x5t#S256': thumbprint.digest('base64url') };

  return async (audience) => {
    const seconds = Math.floor(clock.now() / 1000);
    const token = await new SignJWT()
      .setProtectedHeader(header)
      .setAudience(audience)
      .setIssuer(clientId)
      .setSubject(clientId)
      .setJti(randomUUID())
      .setNotBefore(seconds)
      .setExpirationTime(seconds + LIFETIME)
      .sign(key);
    return { assertion: token };
  };
}
