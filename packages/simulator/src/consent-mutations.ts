import type { ConsentRequest } from './directory/consent-request.ts';
import type { Tenant } from './directory/tenant.ts';
import type { TenantPolicy } from './directory/tenant-policy.ts';
import { grantConsent } from './grants.ts';
import { pendingRequest } from './login/consent-workflow.ts';
import type { World } from './world.ts';

/** What a customer's administrators do about the app. */
export interface ConsentMutations {
  /** An administrator consents without a browser. @default the permissions that the app asks for */
  grantConsent(tenantId: string, permissions?: readonly string[]): void;
  /** Takes one permission away, or all; the service principal stays, and so do tokens that are out. */
  revokeGrant(tenantId: string, permission?: string): void;
  /**
   * An administrator approves a request that somebody filed; the app is not told. @default the oldest pending one
   * @throws RangeError when there is none
   */
  approveRequest(tenantId: string, requestId?: string): ConsentRequest;
  /** The same, and refuses. */
  denyRequest(tenantId: string, requestId?: string): ConsentRequest;
  updatePolicy(tenantId: string, patch: Partial<TenantPolicy>): void;
  disableServicePrincipal(tenantId: string): void;
  enableServicePrincipal(tenantId: string): void;
  deleteServicePrincipal(tenantId: string): void;
  /** An old service principal is in the way: consent ends at AADSTS650051 until it is deleted. */
  staleServicePrincipal(tenantId: string): void;
  /**
   * Lets the app into these mailboxes, by user id or name, without any grant ("RBAC for Applications"); into the others
   * it still needs a role in its token. An empty list takes it back. @default Mail.Read and MailboxSettings.Read
   */
  assignMailboxes(tenantId: string, users: readonly string[], permissions?: readonly string[]): void;
  /** Makes the roles that a user holds eligible only (PIM). */
  deactivateRoles(tenantId: string, user: string): void;
  /** Makes the roles that a user is eligible for active. */
  activateRoles(tenantId: string, user: string): void;
  deleteTenant(tenantId: string): void;
}

/** @internal */
export function createConsentMutations(world: World, tenantOf: (id: string) => Tenant): ConsentMutations {
  const userOf = (tenantId: string, name: string) => {
    const user = tenantOf(tenantId).user(name);
    if (user === undefined) throw new RangeError(`There is no user '${name}'.`);
    return user;
  };
  return {
    grantConsent: (tenantId, permissions) =>
      grantConsent(world, tenantOf(tenantId), permissions ?? world.app.requiredPermissions),
    revokeGrant: (tenantId, permission) => {
      const { grants } = tenantOf(tenantId).servicePrincipal;
      if (permission === undefined) grants.clear();
      else grants.delete(permission);
    },
    approveRequest: (tenantId, requestId) => {
      const tenant = tenantOf(tenantId);
      const request = pendingRequest(tenant, requestId);
      request.state = 'approved';
      grantConsent(world, tenant, request.permissions);
      return request;
    },
    denyRequest: (tenantId, requestId) => {
      const request = pendingRequest(tenantOf(tenantId), requestId);
      request.state = 'denied';
      return request;
    },
    updatePolicy: (tenantId, patch) => {
      const tenant = tenantOf(tenantId);
      tenant.policy = { ...tenant.policy, ...patch };
    },
    disableServicePrincipal: (tenantId) => {
      tenantOf(tenantId).servicePrincipal.accountEnabled = false;
    },
    enableServicePrincipal: (tenantId) => {
      tenantOf(tenantId).servicePrincipal.accountEnabled = true;
    },
    deleteServicePrincipal: (tenantId) => {
      const { servicePrincipal } = tenantOf(tenantId);
      servicePrincipal.state = 'deleted';
      servicePrincipal.grants.clear();
      delete servicePrincipal.exchangeRoles;
    },
    staleServicePrincipal: (tenantId) => {
      const { servicePrincipal } = tenantOf(tenantId);
      servicePrincipal.state = 'stale';
      servicePrincipal.grants.clear();
    },
    assignMailboxes: (tenantId, users, permissions = ['Mail.Read', 'MailboxSettings.Read']) => {
      const { servicePrincipal } = tenantOf(tenantId);
      const mailboxes = new Set(users.map((name) => userOf(tenantId, name).id));
      if (mailboxes.size === 0) delete servicePrincipal.exchangeRoles;
      else servicePrincipal.exchangeRoles = { permissions: new Set(permissions), mailboxes };
    },
    deactivateRoles: (tenantId, name) => {
      const user = userOf(tenantId, name);
      user.eligibleRoles = [...(user.eligibleRoles ?? []), ...user.roles];
      user.roles = [];
    },
    activateRoles: (tenantId, name) => {
      const user = userOf(tenantId, name);
      user.roles = [...user.roles, ...(user.eligibleRoles ?? [])];
      user.eligibleRoles = [];
    },
    deleteTenant: (tenantId) => {
      tenantOf(tenantId).deleted = true;
    },
  };
}
