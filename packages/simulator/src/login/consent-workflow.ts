import type { ConsentRequest } from '../directory/consent-request.ts';
import type { Tenant } from '../directory/tenant.ts';
import type { DirectoryUser } from '../directory/user.ts';
import type { World } from '../world.ts';

/** Files a request for consent; whoever has one that is pending does not get a second. */
export function fileConsentRequest(world: World, tenant: Tenant, user: DirectoryUser): ConsentRequest {
  const pending = tenant.consentRequests.find(
    (request) => request.userId === user.id && request.state === 'pending',
  );
  if (pending !== undefined) return pending;
  const request: ConsentRequest = {
    id: world.random.guid(),
    userId: user.id,
    username: user.userPrincipalName,
    permissions: world.app.requiredPermissions,
    requestedAt: world.clock.now(),
    state: 'pending',
  };
  tenant.consentRequests.push(request);
  return request;
}

/** The request with an id, or the oldest pending one. @throws RangeError when there is none that is pending */
export function pendingRequest(tenant: Tenant, requestId?: string): ConsentRequest {
  const found = tenant.consentRequests.find(
    (request) => request.state === 'pending' && (requestId === undefined || request.id === requestId),
  );
  if (found === undefined)
    throw new RangeError(
      `Tenant '${tenant.name}' has no pending request${requestId === undefined ? '' : ` '${requestId}'`}.`,
    );
  return found;
}
