import { type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose';

/** A key that signs tokens, and the public half as it stands in the key set. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

/** The keys of the sign-in service; made when they are first needed, never the same in two simulators. */
export interface SigningKeys {
  current(): Promise<SigningKey>;
  /** The current key and those before it: tokens signed with an old one stay valid. */
  all(): Promise<readonly SigningKey[]>;
  /** The key of personal accounts: it is in every key set, and says that it is for their issuer. */
  personal(): Promise<SigningKey>;
  /** A key that is in no key set. */
  stranger(): Promise<SigningKey>;
  /** Signs with a new key from now on; `forget` drops the old ones from the key set. */
  rotate(forget?: boolean): void;
}

/** Creates an empty set of keys. */
export function createSigningKeys(): SigningKeys {
  let keys: Promise<SigningKey>[] = [];
  let personal: Promise<SigningKey> | undefined;
  let stranger: Promise<SigningKey> | undefined;
  const current = (): Promise<SigningKey> => {
    const last = keys.at(-1);
    if (last !== undefined) return last;
    const made = make();
    keys.push(made);
    return made;
  };
  return {
    current,
    all: async () => {
      await current();
      return Promise.all(keys);
    },
    personal: () => {
      personal ??= make();
      return personal;
    },
    stranger: () => {
      stranger ??= make();
      return stranger;
    },
    rotate: (forget = false) => {
      if (forget) keys = [];
      keys.push(make());
    },
  };
}

async function make(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { modulusLength: 2048 });
  const jwk = await exportJWK(publicKey);
  const kid = (jwk.n ?? '').slice(0, 27);
  return { kid, privateKey, jwk: { ...jwk, kid, use: 'sig', alg: 'RS256', x5t: kid } };
}
