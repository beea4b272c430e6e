import { isRegistered } from '../app-registration.ts';
import { mayConsent } from '../directory/role.ts';
import { grantConsent } from '../grants.ts';
import { permissionTitle } from '../graph/permission.ts';
import { escapeHtml, htmlPage } from '../html-page.ts';
import type { World } from '../world.ts';
import { aadstsError } from './aadsts-error.ts';
import { errorPage, redirect, tenantOfPath } from './authorize.ts';
import { personIn, type Sessions, signInPage } from './session.ts';

/**
 * `GET|POST /{tenant}/v2.0/adminconsent` and `/{tenant}/adminconsent`: shows the permissions to an administrator. The page
 * posts `decision` (`accept` or `cancel`) to the address at which it was shown.
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
  const person = personIn(world, tenant, username);
  if ('code' in person) {
    if (person.code === 50034) return signInPage(world, tenant, username, 'This username may be incorrect.');
    return errorPage(world, person.code, username);
  }
  const decision = form.get('decision');
  if (decision === null && typed !== null)
    return new Response(null, { status: 302, headers: { location: url.pathname + url.search, ...headers } });

  const state = query.get('state');
  const back = (parameters: Record<string, string>, suffix: string) =>
    redirect(redirectUri, { ...parameters, ...(state === null ? {} : { state }) }, headers, suffix);
  if (decision === 'cancel') {
    const declined = aadstsError(world, 65004);
    if (version === 1)
      return back(
        {
          error: 'permission_denied',
          error_description: 'The admin canceled the request',
          admin_consent: 'True',
        },
        '',
      );
    // As seen in real redirects: no tenant, admin_consent=True all the same, and an empty fragment at the end.
    return back(
      {
        error: declined.error,
        error_description: declined.description,
        error_uri: String(declined.body.error_uri),
        admin_consent: 'True',
      },
      '#',
    );
  }
  if (!mayConsent(person.user.roles)) return needApproval(world, person.user.displayName, headers);
  if (decision !== 'accept') return consentPage(world, person.tenant.displayName, person.user.displayName);

  const granted = world.app.requiredPermissions;
  grantConsent(world, person.tenant, granted);
  if (version === 1) {
    const parameters = {
      tenant: person.tenant.id,
      ...(state === null ? {} : { state }),
      admin_consent: 'True',
    };
    return redirect(redirectUri, parameters, headers, '#');
  }
  const scope = granted.map((permission) => `https://graph.microsoft.com/${permission}`).join(' ');
  return back({ admin_consent: 'True', tenant: person.tenant.id, scope }, '');
}

function consentPage(world: World, tenant: string, person: string): Response {
  const rows = world.app.requiredPermissions.map(
    (permission) =>
      `<li>${escapeHtml(permissionTitle(permission))} <small>(${escapeHtml(permission)})</small></li>`,
  );
  return htmlPage(
    'Permissions requested',
    `<p>Review for your organization, ${escapeHtml(tenant)}. You are signed in as ${escapeHtml(person)}.</p>
<p><strong>${escapeHtml(world.app.displayName)}</strong> would like to:</p>
<ul>${rows.join('')}</ul>
<p>If you accept, this app will get access to the specified resources for all users in your organization.</p>
<form method="post"><button name="decision" value="cancel">Cancel</button> <button name="decision" value="accept">Accept</button></form>`,
  );
}

// Nobody comes back from here: the app is not told that somebody without the role looked at the page.
function needApproval(world: World, person: string, headers: Record<string, string>): Response {
  const error = aadstsError(world, 90094);
  return htmlPage(
    'Need admin approval',
    `<p>${escapeHtml(world.app.displayName)} needs permission to access resources in your organization that only an admin can grant. You are signed in as ${escapeHtml(person)}.</p>
<p>${escapeHtml(error.description)}</p>
<form method="post"><button name="decision" value="cancel">Return to the application without granting consent</button></form>`,
    200,
    headers,
  );
}
