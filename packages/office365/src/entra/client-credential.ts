import { createPrivateKey, X509Certificate } from 'node:crypto';
import { z } from 'zod';

/** A certificate that the app registration knows, with its private key. */
export interface Certificate {
  /** PEM, RSA, not encrypted. */
  readonly privateKey: string;
  /**
   * PEM. The SHA-256 thumbprint is computed from it, and the end is read from it. One that is past its end, or before its
   * beginning, is accepted here and refused by the sign-in service: so a host starts, and says what is wrong.
   */
  readonly certificate: string;
}

/** Who asks for an assertion, and of whom. */
export interface AssertionRequest {
  /** The application (client) id: issuer and subject of an assertion that the host signs by itself. */
  readonly clientId: string;
  /** The tenant's token endpoint: the audience of such an assertion. That of a federated one is another, and fixed. */
  readonly tokenEndpoint: string;
  /** Ends after 30 seconds, when the assertion is not waited for any longer. */
  readonly signal: AbortSignal;
}

/** How the host's application proves who it is. One credential serves all tenants. */
export type Credential =
  | {
      /** The secret's value, not its id. Microsoft advises against secrets in production. */
      readonly secret: string;
      /** When the secret ends, as the app registration shows it: ISO 8601 with a zone, such as `2027-01-31T00:00:00Z`. */
      readonly expiresAt?: string | undefined;
    }
  | { readonly certificate: Certificate }
  | {
      /**
       * A JWT of a federated identity, or one that a key vault signs. Called for every request for a token and every
       * sign-in, because it may differ from tenant to tenant: a federated one may be kept by the host while it is valid.
       */
      readonly assertion: (request: AssertionRequest) => Promise<string>;
      /** When what is behind it ends, as with a secret. */
      readonly expiresAt?: string | undefined;
    };

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
      .custom<(request: AssertionRequest) => Promise<string>>(
        (value) => typeof value === 'function',
        'must be a function',
      )
      .optional(),
    expiresAt: z.iso
      .datetime({
        offset: true,
        error: 'must be a time in ISO 8601 with a zone, such as 2027-01-31T00:00:00Z',
      })
      .optional(),
  })
  .superRefine(({ secret, certificate, assertion, expiresAt }, context) => {
    const given = [secret, certificate, assertion].filter((value) => value !== undefined).length;
    if (given !== 1)
      context.addIssue({
        code: 'custom',
        message: 'must hold exactly one of secret, certificate, assertion',
      });
    if (certificate && expiresAt !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['expiresAt'],
        message: 'must be left out: it is read from the certificate',
      });
  });

/** When the credential ends, in epoch milliseconds; `undefined` where nobody said. */
export function credentialEnd(credential: z.output<typeof credentialSchema>): number | undefined {
  const { certificate, expiresAt } = credential;
  if (certificate) return Date.parse(new X509Certificate(certificate.certificate).validTo);
  return expiresAt === undefined ? undefined : Date.parse(expiresAt);
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
