import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from './clock.ts';
import { ConnectorError } from './connector-error.ts';
import type { Grant, SignedInPerson } from './provider.ts';
import { createRecords } from './records.ts';
import { sha256 } from './sha256.ts';
import type { StorageAdapter } from './storage-adapter.ts';

/** One leg of an authorization under way. What names it is a secret of the browser, and is stored as a hash only. */
export interface Attempt {
  readonly leg: 'sign_in' | 'consent' | 'confirm';
  readonly connectionId: string;
  /** Who started it, by the host's word. */
  readonly actor: string;
  /** SHA-256 of the cookie that binds the attempt to one browser. */
  readonly browser: string;
  readonly returnTo: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** Leg `sign_in` only. */
  readonly nonce?: string | undefined;
  /** Leg `sign_in` only: the PKCE verifier. */
  readonly codeVerifier?: string | undefined;
  /** From the sign-in on. */
  readonly person?: SignedInPerson | undefined;
  /** Leg `confirm`, once the service has answered. */
  readonly grant?: Grant | undefined;
}

/** A secret for a browser: 256 random bits. */
export const randomSecret = (): string => randomBytes(32).toString('base64url');

// Long enough to sign in with a second factor; Entra's own code lives as long.
const LIFE = 10 * 60_000;

export interface Attempts {
  /** Stores the attempt and returns its secret name, for use as `state`. */
  create(attempt: Omit<Attempt, 'createdAt' | 'expiresAt'>): Promise<string>;
  /**
   * The attempt, if it is of this leg and this browser.
   * @throws ConnectorError `attempt_invalid`, the same for every reason
   */
  find(
    secret: string,
    expected: { readonly leg?: Attempt['leg']; readonly cookie: string | undefined },
  ): Promise<Attempt>;
  /** Uses the attempt up. @throws ConnectorError `attempt_invalid` when somebody else did */
  consume(secret: string): Promise<void>;
  update(secret: string, fields: Partial<Attempt>): Promise<void>;
}

export function createAttempts(storage: StorageAdapter, clock: Clock): Attempts {
  const attempts = createRecords<Attempt>(storage, 'attempts');
  const invalid = () =>
    new ConnectorError(
      'attempt_invalid',
      'This sign-in is unknown, expired, already used, or belongs to another browser or person. Start again.',
    );

  return {
    async create(attempt) {
      for await (const { id, value, version } of attempts.list())
        if (value.expiresAt <= clock.now()) await attempts.delete(id, version);
      const secret = randomSecret();
      const createdAt = clock.now();
      await attempts.put(sha256(secret), { ...attempt, createdAt, expiresAt: createdAt + LIFE }, null);
      return secret;
    },
    async find(secret, { leg, cookie }) {
      const attempt = (await attempts.get(sha256(secret)))?.value;
      if (!attempt || cookie === undefined) throw invalid();
      const sameBrowser = timingSafeEqual(Buffer.from(sha256(cookie)), Buffer.from(attempt.browser));
      if (!sameBrowser || attempt.expiresAt <= clock.now()) throw invalid();
      if (leg !== undefined && attempt.leg !== leg) throw invalid();
      return attempt;
    },
    async consume(secret) {
      if (!(await attempts.delete(sha256(secret)))) throw invalid();
    },
    async update(secret, fields) {
      await attempts.update(sha256(secret), (current) => current && { ...current, ...fields });
    },
  };
}
