import type { CallOptions } from './call-options.ts';
import type { ConnectorError } from './connector-error.ts';
import type { DirectorySource } from './directory.ts';
import type { MailSource } from './mail.ts';
import type { Tenant, TenantRef } from './tenant.ts';

/**
 * What a permission is for. A capability that lacks an optional permission of its own is switched off; one that lacks a
 * required permission takes the whole connection along.
 */
export type Capability = 'connect' | 'directory' | 'hidden_members' | 'mail' | 'mailbox_kinds';

/** A permission as the administrator will be shown it. */
export interface Permission {
  /** The service's own name, such as `Mail.Read`. */
  readonly id: string;
  readonly title: string;
  /** One sentence for the administrator. */
  readonly reason: string;
  readonly capability: Capability;
  readonly required: boolean;
}

/** What has really been granted, as the service says. */
export interface Grant {
  /** The tenant's own name, for people to recognise it. */
  readonly displayName: string;
  readonly granted: readonly string[];
  /** Required or optional permissions that are not granted. */
  readonly missing: readonly Permission[];
  /** Granted, but not asked for. */
  readonly unexpected: readonly string[];
  /** Of `granted`: what holds for a part of the mailboxes only, because the tenant narrowed it. @default none */
  readonly partial?: readonly string[] | undefined;
}

export interface AccessToken {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

export interface TokenOptions extends CallOptions {
  /** Ask the service even if a valid token is at hand: after a consent, roles of an older token are stale. @default false */
  readonly fresh?: boolean | undefined;
}

export interface VerifyOptions extends CallOptions {
  /**
   * What held for a part of the mailboxes when the service was last asked. Whether it still does can only be found out by trying some,
   * so that trying in vain does not take it back.
   */
  readonly partialBefore?: readonly string[] | undefined;
}

/** Is asked before, and told after, each request for a token. */
export interface TokenWatcher {
  /** Awaited before the service is asked. When it rejects, nothing is sent and the error reaches whoever needed the token. */
  before(tenant: TenantRef): Promise<void>;
  /** Awaited once the service has answered, when the new token is already in use. Does not reject. */
  after(
    tenant: TenantRef,
    outcome: { readonly expiresAt: number } | { readonly error: ConnectorError },
  ): Promise<void>;
}

/** The person who signed in, proved by the service. */
export interface SignedInPerson extends TenantRef {
  readonly personId: string;
  /** Whether the person holds a role that may grant; `undefined`: the sign-in could not tell. */
  readonly mayGrant: boolean | undefined;
  /** Whether the person is a member of the tenant, and no guest. @default the sign-in could not tell */
  readonly isMember?: boolean | undefined;
  /** Whether the person holds a role that may grant, guest or not. @default the sign-in could not tell */
  readonly holdsRole?: boolean | undefined;
}

/** The two legs: a person signs in, and an administrator consents. */
export interface ProviderAuthorization {
  /** Where the browser goes to sign in to exactly this tenant. */
  signInUrl(
    tenant: TenantRef,
    parameters: {
      readonly redirectUri: string;
      readonly state: string;
      readonly nonce: string;
      /** PKCE, S256. */
      readonly codeChallenge: string;
    },
  ): string;
  /**
   * Redeems the code and validates who signed in.
   * @throws ConnectorError `attempt_invalid` when the answer is not for this tenant and attempt, `consent_refused`
   * when the person is a guest of the tenant or signed in with a personal account.
   */
  completeSignIn(
    tenant: TenantRef,
    parameters: {
      readonly redirectUri: string;
      readonly code: string;
      readonly nonce: string;
      readonly codeVerifier: string;
    },
    options?: CallOptions,
  ): Promise<SignedInPerson>;
  /** Where the browser goes so that an administrator of exactly this tenant can consent. */
  consentUrl(tenant: TenantRef, parameters: { readonly redirectUri: string; readonly state: string }): string;
  /**
   * What it means that the service sent the browser back with an error instead: `consent_refused`, `unavailable` or
   * `credential_invalid`, with one sentence on what to do. @default `consent_refused`
   *
   * @param description As it came: only a code in it may be kept.
   */
  refusal?(error: string, description: string | undefined): ConnectorError;
  /** Asks the service whether the person holds a role that may grant; for when the sign-in could not tell. */
  mayGrant(person: SignedInPerson, options?: CallOptions): Promise<boolean>;
}

/**
 * What a directory-and-mail service must offer.
 *
 * A provider makes pages; it never loops over a whole tenant by itself, stores nothing, and schedules nothing.
 * It is the only one that waits or repeats a call to its service.
 */
export interface Provider {
  /** Such as `office365`. */
  readonly id: string;
  readonly permissions: readonly Permission[];
  /** When the host's own credential ends, in epoch milliseconds; `undefined` when that is not known. */
  readonly credentialExpiresAt?: number | undefined;
  /**
   * The tenant behind what an administrator typed: a name, a domain or an id.
   * @throws ConnectorError `invalid_request` when it can be none of these, `tenant_not_found`
   */
  resolveTenant(input: string, options?: CallOptions): Promise<Tenant>;
  readonly authorization: ProviderAuthorization;
  /** @throws ConnectorError `credential_invalid`, `reauthorization_required`, `unavailable` */
  acquireToken(tenant: TenantRef, options?: TokenOptions): Promise<AccessToken>;
  /**
   * Asks the service what has been granted, with a fresh token.
   * @throws ConnectorError `consent_pending` when the grant is not visible yet.
   */
  verify(tenant: TenantRef, options?: VerifyOptions): Promise<Grant>;
  readonly directory: DirectorySource;
  readonly mail: MailSource;
  /** From now on the watcher is asked and told, until the returned function is called. Several may watch. */
  watchTokens?(watcher: TokenWatcher): () => void;
  /** Drops what is remembered of the tenant, tokens above all: nobody may use them any more. */
  forget?(tenant: TenantRef): void;
  close?(): Promise<void>;
}
