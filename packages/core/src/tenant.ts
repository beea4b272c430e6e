/** A tenant by its immutable id. */
export interface TenantRef {
  readonly tenantId: string;
}

/** A tenant as the service names it. */
export interface Tenant extends TenantRef {
  /** What the administrator typed, normalised: a domain name or the id itself. */
  readonly domain: string | undefined;
}
