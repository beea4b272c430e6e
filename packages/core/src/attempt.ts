import { hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Cipher, Opened, SealContext } from './cipher.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import { ConnectorError } from './connector-error.ts';
import { keyring } from './keyring.ts';
import type { Grant, SignedInPerson } from './provider.ts';
import { createRecords } from './records.ts';
import { sha256 } from './sha256.ts';
import type { StorageAdapter } from './storage-adapter.ts';

/** One leg of an authorization under way. What names it is a secret of the browser, and is stored as a hash only. */
export interface Attempt extends AttemptSecrets {
  readonly leg: 'sign_in' | 'consent' | 'confirm' | 'done';
  readonly connectionId: string;
  /** When the tenant was registered: an attempt does not outlive its registration. */
  readonly registeredAt: string;
  /** Who started it, by the host's word. */
  readonly actor: string;
  /** The invitation that it came from: the browser is not one of the host's users. */
  readonly invitation?: string | undefined;
  /** SHA-256 of the cookie that binds the attempt to one browser. */
  readonly browser: string;
  /** Absent: the browser ends at a page of the connector's own. */
  readonly returnTo?: string | undefined;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** What is sealed before it is stored. */
interface AttemptSecrets {
  /** Leg `sign_in` only. */
  readonly nonce?: string | undefined;
  /** Leg `sign_in` only: the PKCE verifier. */
  readonly codeVerifier?: string | undefined;
  /** From the sign-in on. */
  readonly person?: SignedInPerson | undefined;
  /** Leg `confirm`, once the service has answered. */
  readonly grant?: Grant | undefined;
  /** Epoch milliseconds: when the service answered so. */
  readonly grantedAt?: number | undefined;
}

type StoredAttempt = Omit<Attempt, keyof AttemptSecrets> & { readonly sealed: string };

/** A secret for a browser: 256 random bits. */
export const randomSecret = (): string => randomBytes(32).toString('base64url');

/** The same for every reason: whoever tries states learns nothing. */
export const attemptInvalid = (cause?: unknown): ConnectorError =>
  new ConnectorError(
    'attempt_invalid',
    'This sign-in is unknown, expired, already used, or belongs to another browser or person. Start again.',
    { cause },
  );

// Long enough to sign in with a second factor; Entra's own code lives as long.
const LIFE = 10 * 60_000;
// Expired attempts are looked for so often at most: looking reads all of them.
const PRUNE_INTERVAL = 60_000;

export interface Attempts {
  /** Stores the attempt and returns its secret name, for use as `state`. */
  create(
    attempt: Omit<Attempt, 'connectionId' | 'registeredAt' | 'createdAt' | 'expiresAt'>,
    connection: Connection,
  ): Promise<string>;
  /**
   * The attempt, if it is of this leg and this browser, with its connection.
   * @throws ConnectorError `attempt_invalid`
   */
  find(
    secret: string,
    expected: { readonly leg?: Attempt['leg']; readonly cookie: string | undefined },
  ): Promise<{ readonly attempt: Attempt; readonly connection: Connection }>;
  /** Uses the attempt up. @throws ConnectorError `attempt_invalid` when somebody else did */
  consume(secret: string): Promise<void>;
  /** Ends the last leg: the same browser still finds the attempt. @throws ConnectorError `attempt_invalid` when somebody else did */
  finish(secret: string): Promise<void>;
  /** Adds what the service granted. */
  addGrant(
    secret: string,
    attempt: Attempt,
    connection: Connection,
    granted: Required<Pick<AttemptSecrets, 'grant' | 'grantedAt'>>,
  ): Promise<void>;
  /** Ends all attempts of a connection. */
  cancel(connectionId: string): Promise<void>;
}

export function createAttempts(context: {
  readonly storage: StorageAdapter;
  readonly clock: Clock;
  readonly findConnection: (connectionId: string) => Promise<Connection | undefined>;
  /** @default a key made from the attempt's own secret, which only the browser has */
  readonly cipher: Cipher | undefined;
}): Attempts {
  const { storage, clock, findConnection } = context;
  const attempts = createRecords<StoredAttempt>(storage, 'attempts');
  const cipherOf = (secret: string) => context.cipher ?? keyring({ active: 'state', keys: keyOf(secret) });

  const sealed = async (secret: string, attempt: Attempt, connection: Connection): Promise<StoredAttempt> => {
    const { nonce, codeVerifier, person, grant, grantedAt, ...open } = attempt;
    const text = JSON.stringify({ nonce, codeVerifier, person, grant, grantedAt });
    return { ...open, sealed: await sealing(() => cipherOf(secret).seal(text, sealContext(connection))) };
  };
  const store = async (secret: string, attempt: Attempt, connection: Connection) => {
    const value = await sealed(secret, attempt, connection);
    await attempts.update(sha256(secret), (current) => current && value);
  };

  let pruneAt = 0;
  const prune = async () => {
    if (clock.now() < pruneAt) return;
    pruneAt = clock.now() + PRUNE_INTERVAL;
    for await (const { id, value, version } of attempts.list())
      if (value.expiresAt <= clock.now()) await attempts.delete(id, version);
  };

  return {
    async create(fields, connection) {
      await prune();
      const secret = randomSecret();
      const createdAt = clock.now();
      const attempt = {
        ...fields,
        connectionId: connection.id,
        registeredAt: connection.registeredAt,
        createdAt,
        expiresAt: createdAt + LIFE,
      };
      await attempts.put(sha256(secret), await sealed(secret, attempt, connection), null);
      return secret;
    },
    async find(secret, { leg, cookie }) {
      const stored = (await attempts.get(sha256(secret)))?.value;
      if (!stored || cookie === undefined) throw attemptInvalid();
      const sameBrowser = timingSafeEqual(Buffer.from(sha256(cookie)), Buffer.from(stored.browser));
      if (!sameBrowser || stored.expiresAt <= clock.now()) throw attemptInvalid();
      if (leg !== undefined && stored.leg !== leg) throw attemptInvalid();
      const connection = await findConnection(stored.connectionId);
      if (!connection || connection.status === 'disconnected') throw attemptInvalid();
      if (connection.registeredAt !== stored.registeredAt) throw attemptInvalid();
      const { sealed: text, ...open } = stored;
      const { secrets, stale } = await opening(() => cipherOf(secret).open(text, sealContext(connection)));
      const attempt: Attempt = { ...open, ...secrets };
      if (stale) await store(secret, attempt, connection);
      return { attempt, connection };
    },
    async consume(secret) {
      if (!(await attempts.delete(sha256(secret)))) throw attemptInvalid();
    },
    async finish(secret) {
      let isOurs = false;
      await attempts.update(sha256(secret), (current) => {
        isOurs = current?.leg === 'confirm';
        return isOurs && current ? { ...current, leg: 'done' } : undefined;
      });
      if (!isOurs) throw attemptInvalid();
    },
    addGrant: (secret, attempt, connection, granted) => store(secret, { ...attempt, ...granted }, connection),
    async cancel(connectionId) {
      for await (const { id, value } of attempts.list())
        if (value.connectionId === connectionId) await attempts.delete(id);
    },
  };
}

async function opening(
  open: () => Opened | Promise<Opened>,
): Promise<{ readonly secrets: AttemptSecrets; readonly stale: boolean }> {
  try {
    const { text, stale } = await open();
    return { secrets: JSON.parse(text) as AttemptSecrets, stale };
  } catch (cause) {
    throw attemptInvalid(cause);
  }
}

async function sealing(seal: () => string | Promise<string>): Promise<string> {
  try {
    const sealed: unknown = await seal();
    if (typeof sealed === 'string' && sealed !== '') return sealed;
    throw new TypeError('Something else than a text came back.');
  } catch (cause) {
    throw new ConnectorError('storage_failed', 'encryption: the cipher did not seal: see its own error.', {
      cause,
      field: 'encryption',
    });
  }
}

const sealContext = ({ organizationId, tenant }: Connection): SealContext => ({
  kind: 'attempt',
  organizationId,
  tenantId: tenant.tenantId,
});

const keyOf = (secret: string) => ({
  state: new Uint8Array(hkdfSync('sha256', secret, '', 'mailsphere attempt', 32)),
});
