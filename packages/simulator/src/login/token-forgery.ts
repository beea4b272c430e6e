import { createHmac, createPublicKey, webcrypto } from 'node:crypto';
import type { SigningKey, SigningKeys } from './signing-key.ts';

/** How the next id tokens are to be wrong, for tests that attack a client. */
export interface TokenForgery {
  /** Claims that differ, such as `nonce`, `aud`, `iss`, `exp` or `tid`; null leaves one out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Header parameters that differ; null leaves one out. They are signed as they are. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** Makes `tid` and `iss` those of another tenant; the signature stays as `sign` says. */
  readonly tenantId?: string;
  /** @default 'key' */
  readonly sign?: ForgedSignature;
  /** How many id tokens are made so. @default 1 */
  readonly times?: number;
}

/**
 * Who signs a forged token:
 *
 * - `key`: the right key;
 * - `none`: nobody, with `alg: none`;
 * - `publicKey`: HS256 with the text (PEM) of the public key as the secret;
 * - `unknownKey`: a key that no key set has, under an id of its own;
 * - `wrongKey`: the same, under the id of the right key;
 * - `otherIssuerKey`: a key of the key set that is for the issuer of personal accounts.
 */
export type ForgedSignature = 'key' | 'none' | 'publicKey' | 'unknownKey' | 'wrongKey' | 'otherIssuerKey';

/** @internal The forgeries that wait for their tokens. */
export interface TokenForgeries {
  add(forgery: TokenForgery): void;
  clear(): void;
  take(): TokenForgery | undefined;
}

/** @internal Creates an empty list of forgeries. */
export function createTokenForgeries(): TokenForgeries {
  const waiting: { readonly forgery: TokenForgery; left: number }[] = [];
  return {
    add: (forgery) => {
      waiting.push({ forgery, left: forgery.times ?? 1 });
    },
    clear: () => {
      waiting.length = 0;
    },
    take: () => {
      const [first] = waiting;
      if (first === undefined) return undefined;
      first.left -= 1;
      if (first.left <= 0) waiting.shift();
      return first.forgery;
    },
  };
}

type Part = Readonly<Record<string, unknown>>;

/** @internal Puts a forged token together by hand, because no library signs such things. */
export async function forgeToken(keys: SigningKeys, claims: Part, forgery: TokenForgery): Promise<string> {
  const { sign = 'key' } = forgery;
  const right = await keys.current();
  const key = sign === 'otherIssuerKey' ? await keys.personal() : right;
  const stranger = sign === 'unknownKey' || sign === 'wrongKey' ? await keys.stranger() : key;
  const alg = sign === 'none' ? 'none' : sign === 'publicKey' ? 'HS256' : 'RS256';
  const kid = sign === 'unknownKey' ? stranger.kid : key.kid;
  const header = changed({ typ: 'JWT', alg, kid }, forgery.header);
  const content = `${encode(header)}.${encode(changed(claims, forgery.claims))}`;
  return `${content}.${await signatureOf(content, sign, stranger)}`;
}

async function signatureOf(content: string, sign: ForgedSignature, key: SigningKey): Promise<string> {
  if (sign === 'none') return '';
  if (sign === 'publicKey') {
    const pem = createPublicKey({ key: { ...key.jwk }, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    });
    return createHmac('sha256', pem).update(content).digest('base64url');
  }
  const bytes = await webcrypto.subtle.sign('RSASSA-PKCS1-v1_5', key.privateKey, Buffer.from(content));
  return Buffer.from(bytes).toString('base64url');
}

function changed(part: Part, changes: Part = {}): Part {
  return Object.fromEntries(Object.entries({ ...part, ...changes }).filter(([, value]) => value !== null));
}

function encode(part: Part): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
