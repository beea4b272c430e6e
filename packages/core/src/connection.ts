import type { Tenant } from './tenant.ts';

/**
 * - `registered`: the tenant is known, nobody authorised yet.
 * - `active`: work goes on.
 * - `reauthorization_required`: consent is gone; work rests, nothing is lost.
 * - `disconnected`: ended by the host.
 */
export type ConnectionStatus = 'registered' | 'active' | 'reauthorization_required' | 'disconnected';

/** An organization of the host, and the tenant that it is connected to. */
export interface Connection {
  readonly id: string;
  /** The host's own id of its customer. */
  readonly organizationId: string;
  /** What people call the customer; shown to the administrator who confirms. */
  readonly organizationName: string;
  readonly partnerId?: string | undefined;
  readonly providerId: string;
  readonly tenant: Tenant;
  /** The tenant's own name, known from the first authorisation on. */
  readonly tenantName?: string | undefined;
  readonly status: ConnectionStatus;
  /** Permissions that the service listed at the last authorisation. */
  readonly granted: readonly string[];
  /** ISO 8601. */
  readonly registeredAt: string;
  /** ISO 8601: the first authorisation of this tenant. */
  readonly activeSince?: string | undefined;
  /** ISO 8601: since when the service has refused, as if consent were gone. One refusal alone changes nothing. */
  readonly refusedSince?: string | undefined;
}
