import { isRegistered } from '../app-registration.ts';
import { mayConsent } from '../directory/role.ts';
import { grantConsent } from '../grants.ts';
import type { World } from '../world.ts';
import { errorPage, redirect, tenantOfPath } from './authorize.ts';
import {
  type ConsentCallback,
  grantedCallback,
  personalAccountCallback,
  refusedCallback,
} from './consent-callback.ts';
import { approvalPage, consentPage, requestSentPage } from './consent-page.ts';
import { fileConsentRequest } from './consent-workflow.ts';
import { personIn, type Sessions, signInPage } from './session.ts';

/**
 * `GET|POST /{tenant}/v2.0/adminconsent` and `/{tenant}/adminconsent`: shows the permissions to an administrator. The page
 * posts `decision` (`accept`, `cancel` or `request`) to the address at which it was shown.
 */
export async function adminConsent(
  world: World,
  sessions: Sessions,
  request: Request,
  url: URL,
  segment: string,
  version: 1 | 2,
): Promise<Response> {
  const query = url.searchParams;
  const tenant = tenantOfPath(world, segment, version === 1 ? ['common'] : ['organizations']);
  if (tenant instanceof Response) return tenant;
  const clientId = query.get('client_id');
  const redirectUri = query.get('redirect_uri');
  if (clientId === null) return errorPage(world, 900144, "'client_id'.");
  if (clientId !== world.app.clientId)
    return errorPage(world, 700016, `Application with identifier '${clientId}'.`);
  if (redirectUri === null || !isRegistered(world.app, redirectUri))
    return errorPage(world, 50011, redirectUri ?? '');
  if (version === 2) {
    const scope = query.get('scope');
    if (scope === null) return errorPage(world, 900144, "'scope'.");
    if (!scope.split(' ').some((one) => one.toLowerCase().endsWith('/.default')))
      return errorPage(world, 70011, 'Application permissions can only be asked for through /.default.');
  }

  const form = new URLSearchParams(request.method === 'POST' ? await request.text() : '');
  const typed = form.get('username');
  const headers: Record<string, string> = typed === null ? {} : { 'set-cookie': sessions.start(typed) };
  const username = typed ?? sessions.username(request);
  if (username === undefined) return signInPage(world, tenant, '');
  // At `common` a personal account gets as far as an error that speaks of something else.
  const person = personIn(world, tenant, username, version === 1 && tenant === undefined);
  if ('code' in person) {
    if (person.code === 50034) return signInPage(world, tenant, username, 'This username may be incorrect.');
    return errorPage(world, person.code, username);
  }
  const decision = form.get('decision');
  if (decision === null && typed !== null)
    return new Response(null, { status: 302, headers: { location: url.pathname + url.search, ...headers } });

  const state = query.get('state');
  const back = ({ parameters, suffix }: ConsentCallback) =>
    redirect(redirectUri, { ...parameters }, headers, suffix);
  if (person.tenant === world.personal) return back(personalAccountCallback(world, state));
  if (decision === 'cancel') return back(refusedCallback(world, version, state));
  const { user } = person;
  if (!mayConsent(user.roles)) {
    const { policy } = person.tenant;
    if (decision !== 'request' || !policy.consentWorkflow)
      return approvalPage(world, policy, user.displayName, headers);
    fileConsentRequest(world, person.tenant, user);
    return requestSentPage(world, headers);
  }
  if (decision !== 'accept') return consentPage(world, person.tenant.displayName, user.displayName);
  // The old service principal is in the way until an administrator deletes it; nobody comes back from here either.
  if (person.tenant.servicePrincipal.state === 'stale') return errorPage(world, 650051);
  grantConsent(world, person.tenant, world.app.requiredPermissions);
  return back(grantedCallback(world, person.tenant, version, state));
}
