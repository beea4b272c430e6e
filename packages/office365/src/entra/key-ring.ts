import type { Clock } from '@mailsphere/core';
import { type CryptoKey, importJWK } from 'jose';
import { z } from 'zod';
import { unlessAborted } from '../aborted.ts';
import type { Cloud } from '../cloud.ts';
import { loginError } from './login-answer.ts';
import type { LoginClient } from './login-client.ts';
import { readTenantMetadata, type TenantMetadata } from './tenant-metadata.ts';

/** A tenant's issuer and the keys that sign for it. */
export interface SigningKeys {
  readonly issuer: string;
  /** `undefined` when no key of this issuer has that id. */
  key(kid: string): Promise<CryptoKey | undefined>;
}

export interface KeyRing {
  of(tenantId: string, signal: AbortSignal | undefined): Promise<SigningKeys>;
}

interface Entry {
  readonly metadata: TenantMetadata;
  keys: ReadonlyMap<string, z.output<typeof keySchema>>;
  readAt: number;
  /** After a look for an unknown id; one that failed is what they are told who come meanwhile. */
  rest: { readonly until: number; readonly error?: unknown };
  /** Under way for everybody who met an unknown id meanwhile. */
  rereading?: Promise<void> | undefined;
}

// "Signing key rollover in the Microsoft identity platform": keep keys for a day; for an unknown id look again, but not
// more often than every five minutes, or a forged id could make us ask without end.
const LIFETIME = 24 * 3_600_000;
const REST_BETWEEN_MISSES = 300_000;
const REST_AFTER_FAILURE = 5_000;
const MOST_TENANTS = 1_000;

const keySchema = z.object({
  kty: z.literal('RSA'),
  use: z.literal('sig').optional(),
  kid: z.string(),
  n: z.string(),
  e: z.string(),
  issuer: z.string(),
});
const documentSchema = z.object({ keys: z.array(z.unknown()) });

export function createKeyRing(options: {
  readonly cloud: Cloud;
  readonly login: LoginClient;
  readonly clock: Clock;
}): KeyRing {
  const { cloud, login, clock } = options;
  const entries = new Map<string, Entry>();
  const loading = new Map<string, Promise<Entry>>();

  const read = async ({ tenantId, issuer }: TenantMetadata) => {
    const url = new URL(`/${tenantId}/discovery/v2.0/keys`, cloud.login);
    const answer = await login.send({ url });
    if (answer.status !== 200) throw loginError(answer, 'sign_in');
    const rows = documentSchema.safeParse(answer.json).data?.keys ?? [];
    const keys = new Map<string, z.output<typeof keySchema>>();
    for (const row of rows) {
      const key = keySchema.safeParse(row).data;
      // A key signs for its own issuer only: a key for personal accounts must never vouch for a tenant.
      if (key && (key.issuer === issuer || key.issuer.replace('{tenantid}', tenantId) === issuer))
        keys.set(key.kid, key);
    }
    return keys;
  };

  const load = async (tenantId: string): Promise<Entry> => {
    const metadata = await readTenantMetadata(login, cloud, tenantId, undefined);
    const keys = await read(metadata);
    const entry: Entry = { metadata, keys, readAt: clock.now(), rest: { until: 0 } };
    entries.delete(tenantId);
    const [oldest] = entries.keys();
    if (oldest !== undefined && entries.size >= MOST_TENANTS) entries.delete(oldest);
    entries.set(tenantId, entry);
    return entry;
  };
  // Many may sign in at once, and one of them who leaves must not take the answer from the others: what is read is read once, and
  // without anybody's signal.
  const entryOf = (tenantId: string): Promise<Entry> => {
    const entry = entries.get(tenantId);
    if (entry && clock.now() - entry.readAt < LIFETIME) return Promise.resolve(entry);
    const current = loading.get(tenantId) ?? load(tenantId).finally(() => loading.delete(tenantId));
    loading.set(tenantId, current);
    return current;
  };
  const reread = (entry: Entry): Promise<void> => {
    entry.rereading ??= read(entry.metadata)
      .then(
        (keys) => {
          entry.keys = keys;
          entry.readAt = clock.now();
          entry.rest = { until: clock.now() + REST_BETWEEN_MISSES };
        },
        (error: unknown) => {
          entry.rest = { until: clock.now() + REST_AFTER_FAILURE, error };
          throw error;
        },
      )
      .finally(() => {
        entry.rereading = undefined;
      });
    return entry.rereading;
  };

  return {
    async of(tenantId, signal) {
      const entry = await unlessAborted(entryOf(tenantId), signal);
      return {
        issuer: entry.metadata.issuer,
        async key(kid) {
          if (!entry.keys.has(kid)) {
            if (clock.now() >= entry.rest.until) await unlessAborted(reread(entry), signal);
            else if (entry.rest.error !== undefined) throw entry.rest.error;
          }
          const found = entry.keys.get(kid);
          if (!found) return undefined;
          const key = await importJWK({ kty: found.kty, n: found.n, e: found.e }, 'RS256');
          return key instanceof Uint8Array ? undefined : key;
        },
      };
    },
  };
}
