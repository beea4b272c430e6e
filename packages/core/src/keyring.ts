import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Cipher, SealContext } from './cipher.ts';
import { ConnectorError } from './connector-error.ts';
import { parseOptions } from './options.ts';

const ALGORITHM = 'aes-256-gcm';
const VERSION = 'v1';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
// Shorter than any key as text: a key in the place of an id is never taken for one, and never repeated.
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;

const schema = z
  .strictObject({
    active: z.string(),
    keys: z
      .custom<object>((keys) => typeof keys === 'object' && keys !== null, 'must be an object of keys by id')
      .transform((keys, issues) => {
        const ring = new Map<string, KeyObject>();
        for (const [id, key] of Object.entries(keys)) {
          if (!KEY_ID.test(id)) {
            issues.addIssue({
              code: 'custom',
              message: 'an id must be 1 to 32 letters, digits, "-" or "_"; the key itself is the value',
            });
            return z.NEVER;
          }
          const bytes = bytesOf(key);
          if (!bytes) {
            issues.addIssue({
              code: 'custom',
              path: [id],
              message: `must be ${KEY_BYTES} random bytes: a Uint8Array, or text in base64, base64url or hex`,
            });
            return z.NEVER;
          }
          ring.set(id, createSecretKey(bytes));
        }
        return ring;
      }),
  })
  .refine(({ active, keys }) => keys.has(active), {
    path: ['active'],
    message: 'must be the id of one of the keys',
  });

/**
 * AES-256-GCM with the active key; opens with any key of the ring.
 *
 * To rotate, add a key and make it active; the older ones open what they sealed, which comes back `stale`. Remove a key
 * when nothing that it sealed is left. One key is good for some 2^32 texts (NIST SP 800-38D, for random nonces).
 *
 * A sealed text is `v1:<key id>:<nonce>:<ciphertext>:<tag>`, in base64url.
 *
 * @param options.active The id of the key that seals.
 * @param options.keys By id (1 to 32 letters, digits, `-` or `_`): 32 random bytes each, as bytes or as text in base64,
 * base64url or hex.
 * @throws ConnectorError `invalid_options` that names the field, such as `keys.2026`; when opening `storage_failed`, for a key
 * that the ring does not have, and for a text that was altered or belongs to another record.
 */
export function keyring(options: {
  readonly active: string;
  readonly keys: Readonly<Record<string, string | Uint8Array>>;
}): Cipher {
  const { active, keys } = parseOptions('keyring', schema, options);
  const keyOf = (id: string) => {
    const key = keys.get(id);
    if (key) return key;
    throw new ConnectorError(
      'storage_failed',
      `The text was sealed with the key ${id}, which is unknown here: add it to keyring.keys.`,
      { field: `keys.${id}` },
    );
  };

  return {
    seal(text, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, keyOf(active), nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(boundTo(active, context));
      // As JSON: UTF-8 alone would replace half of a surrogate pair.
      const sealed = Buffer.concat([cipher.update(JSON.stringify(text), 'utf8'), cipher.final()]);
      const parts = [nonce, sealed, cipher.getAuthTag()].map((part) => part.toString('base64url'));
      return [VERSION, active, ...parts].join(':');
    },
    open(sealed, context) {
      const { id, nonce, ciphertext, tag } = partsOf(sealed);
      const decipher = createDecipheriv(ALGORITHM, keyOf(id), nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(boundTo(id, context));
      decipher.setAuthTag(tag);
      try {
        const text = Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8');
        return { text: JSON.parse(text) as string, stale: id !== active };
      } catch {
        throw doesNotOpen();
      }
    },
  };
}

/** What is authenticated beside the text. JSON, so that no two contexts look the same. */
const boundTo = (keyId: string, { kind, organizationId, tenantId }: SealContext) =>
  Buffer.from(JSON.stringify([VERSION, keyId, kind, organizationId, tenantId]), 'utf8');

function partsOf(sealed: string) {
  const [version, id = '', ...rest] = sealed.split(':');
  const [nonce, ciphertext, tag] = rest.map((part) => decode(part, 'base64url'));
  if (
    version === VERSION &&
    KEY_ID.test(id) &&
    rest.length === 3 &&
    nonce?.length === NONCE_BYTES &&
    ciphertext &&
    // A shorter tag would be easier to guess.
    tag?.length === TAG_BYTES
  )
    return { id, nonce, ciphertext, tag };
  throw doesNotOpen();
}

function bytesOf(key: unknown): Uint8Array | undefined {
  const bytes = key instanceof Uint8Array ? key : typeof key === 'string' ? bytesOfText(key) : undefined;
  return bytes?.length === KEY_BYTES ? bytes : undefined;
}

function bytesOfText(text: string): Uint8Array | undefined {
  const unpadded = text.replace(/=$/, '');
  return (
    decode(text.toLowerCase(), 'hex') ?? decode(unpadded, 'base64url') ?? decode(`${unpadded}=`, 'base64')
  );
}

/** Buffer skips what it does not understand; here only the one spelling of some bytes counts. */
function decode(text: string, encoding: 'hex' | 'base64' | 'base64url'): Buffer | undefined {
  const bytes = Buffer.from(text, encoding);
  return bytes.toString(encoding) === text ? bytes : undefined;
}

const doesNotOpen = () =>
  new ConnectorError(
    'storage_failed',
    'The sealed text does not open: it was altered, or it belongs to another record.',
  );
