/** What a tenant's administrators decided about consent and sign-in. */
export interface TenantPolicy {
  /** Whether people without the role can file a request for consent ("Admin consent workflow"). @default false */
  readonly consentWorkflow: boolean;
  /**
   * What `prompt=none` comes back with for somebody who has a session: a code, or the error that asks for more than a
   * session. Without a session it is always `login_required`. @default 'code'
   */
  readonly silentSignIn: 'code' | 'login_required' | 'interaction_required' | 'consent_required';
}

/** @internal Fills in the defaults. */
export function tenantPolicy(given: Partial<TenantPolicy> = {}): TenantPolicy {
  return { consentWorkflow: false, silentSignIn: 'code', ...given };
}
