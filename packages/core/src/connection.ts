import type { Capability } from './provider.ts';
import type { Tenant } from './tenant.ts';

/**
 * - `registered`: the tenant is known, nobody authorised yet.
 * - `active`: work goes on.
 * - `reauthorization_required`: consent is gone; work rests, nothing is lost.
 * - `disconnected`: ended by the host.
 */
export type ConnectionStatus = 'registered' | 'active' | 'reauthorization_required' | 'disconnected';

/** A capability that the tenant has not granted, while the rest of the connection works. */
export interface DisabledCapability {
  readonly capability: Capability;
  /** The permissions that it lacks. */
  readonly missing: readonly string[];
  /** One sentence for people. */
  readonly reason: string;
}

/** Why an administrator must authorise again. */
export interface Reauthorization {
  /** The service's own word, such as `AADSTS7000112`, or `permission_missing`. */
  readonly code: string;
  /** One sentence: what the administrator must do. */
  readonly message: string;
  /** ISO 8601. */
  readonly since: string;
}

/** Who authorised the connection last. */
export interface Authorized {
  /** The host's id of the person who started it: who confirmed it, or who sent the link to the one who did. */
  readonly actor: string;
  /** Whether an administrator who is no user of the host confirmed it, through a link. */
  readonly byLink: boolean;
  /** ISO 8601. */
  readonly at: string;
}

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
  /** Permissions that were granted when the service was last asked. */
  readonly granted: readonly string[];
  /** Of `granted`: what holds for a part of the mailboxes only. */
  readonly partial?: readonly string[] | undefined;
  /** ISO 8601: when the service was last asked what is granted. */
  readonly checkedAt?: string | undefined;
  /** What the tenant has not granted, while the rest works. */
  readonly disabled?: readonly DisabledCapability[] | undefined;
  /** With status `reauthorization_required`. */
  readonly reauthorization?: Reauthorization | undefined;
  /** From the first authorisation on. */
  readonly authorized?: Authorized | undefined;
  /** ISO 8601. */
  readonly registeredAt: string;
  /** ISO 8601: when a member of the tenant last signed in to authorise, of whatever role. */
  readonly signedInAt?: string | undefined;
  /** ISO 8601: the first authorisation of this tenant. */
  readonly activeSince?: string | undefined;
  /** ISO 8601: since when the service has refused, as if consent were gone. One refusal alone changes nothing. */
  readonly refusedSince?: string | undefined;
  /** What was refused: some work, or the question what is granted. */
  readonly refusedBy?: 'work' | 'verification' | undefined;
}
