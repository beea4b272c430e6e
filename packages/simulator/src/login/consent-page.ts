import type { TenantPolicy } from '../directory/tenant-policy.ts';
import { permissionTitle } from '../graph/permission.ts';
import { escapeHtml, htmlPage } from '../html-page.ts';
import type { World } from '../world.ts';
import { aadstsError } from './aadsts-error.ts';

/** The page on which an administrator accepts or cancels. */
export function consentPage(world: World, tenant: string, person: string): Response {
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

/**
 * What somebody without the role sees. Nobody comes back from here unless they cancel: the app is not told that they
 * looked at the page, nor that they filed a request.
 */
export function approvalPage(
  world: World,
  policy: TenantPolicy,
  person: string,
  headers: Record<string, string>,
): Response {
  const who = `You are signed in as ${escapeHtml(person)}.`;
  const app = escapeHtml(world.app.displayName);
  if (policy.consentWorkflow)
    return htmlPage(
      'Need admin approval',
      `<p>${app} requires your admin’s approval. ${who} Ask for it here: an administrator will review the request.</p>
<form method="post"><button name="decision" value="cancel">Cancel</button> <button name="decision" value="request">Request approval</button></form>`,
      200,
      headers,
    );
  return htmlPage(
    'Need admin approval',
    `<p>${app} needs permission to access resources in your organization that only an admin can grant. ${who}</p>
<p>${escapeHtml(aadstsError(world, 90094).description)}</p>
<form method="post"><button name="decision" value="cancel">Return to the application without granting consent</button></form>`,
    200,
    headers,
  );
}

/** What is left after a request for approval was filed: a page without a way on. */
export function requestSentPage(world: World, headers: Record<string, string>): Response {
  return htmlPage(
    'Request sent',
    `<p>Your admin will be asked. You can close this page.</p><p>${escapeHtml(aadstsError(world, 90095).description)}</p>`,
    200,
    headers,
  );
}
