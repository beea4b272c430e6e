import type { Tenant } from './directory/tenant.ts';
import type { World } from './world.ts';

/**
 * Records an administrator's consent: from now on the grants are exactly these. Earlier ones that are not among them are
 * gone, as "Grant tenant-wide admin consent" warns.
 */
export function grantConsent(world: World, tenant: Tenant, permissions: readonly string[]): void {
  const { servicePrincipal } = tenant;
  const now = world.clock.now();
  servicePrincipal.state = 'present';
  for (const permission of servicePrincipal.grants.keys()) {
    if (!permissions.includes(permission)) servicePrincipal.grants.delete(permission);
  }
  for (const permission of permissions) {
    if (servicePrincipal.grants.has(permission)) continue;
    servicePrincipal.grants.set(permission, {
      id: world.random.text(43),
      permission,
      grantedAt: now,
      effectiveAt: now + world.settings.propagationMs,
    });
  }
}
