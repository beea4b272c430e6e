/** The app's enterprise application inside one tenant: made by consent, and what grants hang on. */
export interface ServicePrincipal {
  readonly id: string;
  /**
   * `absent` until somebody consented; `deleted` after an administrator deleted the enterprise application; `stale` when an
   * old one is in the way of consent, until it is deleted.
   */
  state: 'absent' | 'present' | 'deleted' | 'stale';
  /** False after "Enabled for users to sign in" was set to No. */
  accountEnabled: boolean;
  /** The grants by permission value. */
  readonly grants: Map<string, AppRoleGrant>;
  /** What Exchange allows besides, for some mailboxes only; no token shows it. */
  exchangeRoles?: ExchangeRoles;
}

/** Permissions that hold for some mailboxes ("Role Based Access Control for Applications in Exchange Online"). */
export interface ExchangeRoles {
  readonly permissions: ReadonlySet<string>;
  /** Ids of the users. */
  readonly mailboxes: ReadonlySet<string>;
}

/** One application permission that was granted. */
export interface AppRoleGrant {
  readonly id: string;
  readonly permission: string;
  readonly grantedAt: number;
  /** From then on tokens carry the role. */
  readonly effectiveAt: number;
}

/** The permissions that a token issued now carries, sorted. */
export function effectiveRoles(principal: ServicePrincipal, now: number): readonly string[] {
  const roles: string[] = [];
  for (const grant of principal.grants.values()) if (grant.effectiveAt <= now) roles.push(grant.permission);
  return roles.sort();
}
