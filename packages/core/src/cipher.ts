/** What a sealed text belongs to; it opens for nothing else. */
export interface SealContext {
  /** What the text is, such as `attempt`. */
  readonly kind: string;
  readonly organizationId: string;
  readonly tenantId: string;
}

export interface Opened {
  readonly text: string;
  /** It was sealed with a retired key, and should be sealed again. */
  readonly stale: boolean;
}

/** Seals what is secret before it reaches a storage adapter: `keyring(...)`, or the host's own, such as a key service. */
export interface Cipher {
  /** What comes back is stored in its place. */
  seal(text: string, context: SealContext): string | Promise<string>;
  /** @throws any error when it cannot be opened, as when the context is another one than it was sealed with */
  open(sealed: string, context: SealContext): Opened | Promise<Opened>;
}
