import { createHash, createPrivateKey, randomUUID, X509Certificate } from 'node:crypto';
import type { Clock } from '@mailsphere/core';
import { SignJWT } from 'jose';
import { z } from 'zod';

/** A certificate that the app registration knows, with its private key. */
export interface Certificate {
  /** PEM, RSA, not encrypted. */
  readonly privateKey: string;
  /** PEM. The SHA-256 thumbprint is computed from it. */
  readonly certificate: string;
}

/** How the host's application proves who it is. One credential serves all tenants. */
export type Credential =
  /** The secret's value, not its id. Microsoft advises against secrets in production. */
  | { readonly secret: string }
  | { readonly certificate: Certificate }
  /** Called for every token that is asked for, so keep the assertion while it is valid. */
  | { readonly assertion: () => Promise<string> };

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const certificateSchema = z
  .strictObject({ privateKey: z.string(), certificate: z.string() })
  .superRefine((pair, context) => {
    const key = attempt(() => createPrivateKey(pair.privateKey));
    const certificate = attempt(() => new X509Certificate(pair.certificate));
    const issue = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (!key) issue('privateKey', 'must be an unencrypted private key in PEM');
    else if (key.asymmetricKeyType !== 'rsa') issue('privateKey', 'must be an RSA key');
    if (!certificate) issue('certificate', 'must be a certificate in PEM');
    else if (key && !certificate.checkPrivateKey(key))
      issue('privateKey', 'does not belong to the certificate');
  });

export const credentialSchema = z
  .strictObject({
    secret: z
      .string()
      .min(1, 'must not be empty')
      .refine((secret) => !GUID.test(secret), "looks like the secret's id: use its value")
      .optional(),
    certificate: certificateSchema.optional(),
    assertion: z
      .custom<() => Promise<string>>((value) => typeof value === 'function', 'must be a function')
      .optional(),
  })
  .superRefine((credential, context) => {
    const given = Object.values(credential).filter((value) => value !== undefined).length;
    if (given !== 1)
      context.addIssue({
        code: 'custom',
        message: 'must hold exactly one of secret, certificate, assertion',
      });
  });

/** What goes with a request for a token. */
export type ClientProof = { readonly secret: string } | { readonly assertion: string };

/** Proves the application to one token endpoint. */
export type ClientAuthentication = (tokenEndpoint: string) => Promise<ClientProof>;

const LIFETIME = 600;

export function clientAuthentication(
  clientId: string,
  credential: z.output<typeof credentialSchema>,
  clock: Clock,
): ClientAuthentication {
  const { secret, certificate, assertion } = credential;
  if (secret !== undefined) return async () => ({ secret });
  if (assertion) return async () => ({ assertion: await assertion() });
  if (!certificate) throw new Error('A credential is needed.');

  const key = createPrivateKey(certificate.privateKey);
  // "Microsoft identity platform application authentication certificate credentials": PS256 and x5t#S256.
  const thumbprint = createHash('sha256').update(new X509Certificate(certificate.certificate).raw);
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

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
