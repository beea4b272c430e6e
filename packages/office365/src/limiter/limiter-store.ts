import type { Json } from '@mailsphere/core';

/**
 * Where the limiter keeps what it counted and learned, so that a restart does not cost a refusal: two methods that a host
 * puts on a table, or on files.
 *
 * A key is 43 characters of base64url, the SHA-256 of the app, the tenant and the mailbox; there is one for each mailbox,
 * and one for each tenant's directory. A value has numbers only and takes less than a kilobyte. What fails or takes longer
 * than five seconds costs no more than having no store.
 */
export interface LimiterStore {
  /** What was saved last under the key, or `undefined`. Called when a mailbox is first used. */
  load(key: string): Promise<Json | undefined>;
  /** Called every ten seconds, or 250 requests, while a mailbox is used, after each refusal, and when the provider is closed. */
  save(key: string, value: Json): Promise<void>;
}
