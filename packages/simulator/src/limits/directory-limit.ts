import type { Clock } from '../clock.ts';
import type { Tenant } from '../directory/tenant.ts';
import type { Limits } from '../simulator-options.ts';
import { createTokenBucket, type TokenBucket } from './token-bucket.ts';

/** What came of a directory request. */
export interface Spending {
  readonly admitted: boolean;
  /** Milliseconds until the same request would be admitted. */
  readonly waitMs: number;
  /** Share of the quota in use, for `x-ms-throttle-limit-percentage`. */
  readonly used: number;
  readonly scope: 'Tenant_Application' | 'Application';
}

/** The ResourceUnits of "Identity and access service limits", per app and tenant and per app. */
export interface DirectoryLimit {
  spend(tenant: Tenant, units: number): Spending;
}

/** Units per app and tenant in 10 s: S under 50 users, M up to 500, L above. */
function quotaOf(users: number): number {
  if (users < 50) return 3_500;
  return users <= 500 ? 5_000 : 8_000;
}

/** Creates the limit. */
export function createDirectoryLimit(limits: Limits | false, clock: Clock): DirectoryLimit {
  const buckets = new Map<string, TokenBucket>();
  const application = createTokenBucket(150_000, 20);
  return {
    spend: (tenant, units) => {
      if (limits === false) return { admitted: true, waitMs: 0, used: 0, scope: 'Tenant_Application' };
      const now = clock.now();
      let bucket = buckets.get(tenant.id);
      if (bucket === undefined) {
        bucket = createTokenBucket(limits.directoryUnits ?? quotaOf(tenant.users.length), 10);
        buckets.set(tenant.id, bucket);
      }
      const inTenant = bucket.take(units, now);
      const inAll = application.take(units, now);
      const scope = inTenant ? 'Application' : 'Tenant_Application';
      const waitMs = Math.max(
        inTenant ? 0 : bucket.wait(units, now),
        inAll ? 0 : application.wait(units, now),
      );
      return { admitted: inTenant && inAll, waitMs, used: bucket.used(now), scope };
    },
  };
}

/** Base costs in ResourceUnits by route; every other directory read costs 1. */
const COSTS: Record<string, number> = {
  'users.list': 2,
  'users.get': 2,
  'groups.members': 3,
  'groups.transitiveMembers': 5,
  'users.transitiveMemberOf': 2,
  'directoryObjects.getByIds': 5,
};

/** What a read costs: `$select` makes it 1 cheaper, `$expand` 1 dearer, `$top` under 20 1 cheaper; never under 1. */
export function resourceUnits(route: string, query: URLSearchParams): number {
  let units = COSTS[route] ?? 1;
  if (query.has('$select')) units -= route === 'directoryObjects.getByIds' ? 3 : 1;
  if (query.has('$expand')) units += 1;
  const top = query.get('$top');
  if (top !== null && Number(top) < 20) units -= 1;
  return Math.max(1, units);
}
