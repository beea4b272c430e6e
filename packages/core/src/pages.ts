import { createHash } from 'node:crypto';
import type { Connection } from './connection.ts';
import type { ConnectorError, ErrorCode } from './connector-error.ts';
import type { Grant, Permission } from './provider.ts';

/** A form that goes on with the flow: sent by POST, as it stands. */
export interface PageForm {
  readonly action: string;
  /** Hidden fields, by name. They are secrets of this browser. */
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * The pages of the connect flow. A host may replace each: it answers with a `Response` of its own, HTML or a redirect.
 *
 * A page that throws, or answers with something else, is replaced by the plain one. What the host does not set itself is added: `cache-control: no-store`, `referrer-policy: no-referrer`,
 * `x-content-type-options: nosniff`, and a `content-security-policy` that keeps the page out of frames.
 */
export interface Pages {
  /** What an administrator sees who came by a link: for whom, and what it will ask for. */
  invitation(context: {
    readonly connection: Connection;
    readonly permissions: readonly Permission[];
    readonly form: PageForm;
  }): Response | Promise<Response>;
  /** Leads from the link's page to the sign-in. It must send the browser on: a form may not be redirected to another site. */
  leaving(context: {
    readonly connection: Connection;
    readonly location: string;
  }): Response | Promise<Response>;
  /** While the grant spreads through the service. It must load itself again after a few seconds. */
  waiting(context: { readonly connection: Connection }): Response | Promise<Response>;
  /** Names both sides before anything is bound. */
  confirmation(context: {
    readonly connection: Connection;
    readonly grant: Grant;
    readonly permissions: readonly Permission[];
    readonly form: PageForm;
  }): Response | Promise<Response>;
  /** The end for an administrator who came by a link. */
  connected(context: { readonly connection: Connection }): Response | Promise<Response>;
  /** What went wrong. Show `error.message` and `error.code` only: nothing that came from outside may be repeated. */
  error(context: {
    readonly error: ConnectorError;
    /** The HTTP status that fits. */
    readonly status: number;
  }): Response | Promise<Response>;
}

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0; }
main { max-width: 38rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.5rem; line-height: 1.25; overflow-wrap: anywhere; }
dt { font-weight: 600; margin-top: 1rem; }
dd { margin: 0; overflow-wrap: anywhere; }
ul { padding-left: 1.25rem; }
button { font: inherit; font-weight: 600; padding: .6rem 1.5rem; margin-top: 1.5rem; }
`;
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => escapes[character] ?? '');

function page(status: number, title: string, body: string, head = ''): Response {
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">${head}<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>
${body}
</main></body>
</html>
`;
  return new Response(html, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
    },
  });
}

const form = (
  { action, fields }: PageForm,
  label: string,
) => `<form method="post" action="${escapeHtml(action)}">
${Object.entries(fields)
  .map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`)
  .join('\n')}
<button type="submit">${escapeHtml(label)}</button>
</form>`;

const refresh = (seconds: number, location?: string) =>
  `<meta http-equiv="refresh" content="${seconds}${location === undefined ? '' : `;url=${escapeHtml(location)}`}">`;

/** The tenant's own name, what was typed, and its id: the last cannot be made to look like another one's. */
const tenantLines = ({ tenant, tenantName }: Connection, displayName = tenantName) =>
  [...new Set([displayName, tenant.domain, tenant.tenantId])]
    .filter((line): line is string => line !== undefined && line !== '')
    .map(escapeHtml)
    .join('<br>');

const permissionList = (permissions: readonly Permission[]) =>
  `<ul>${permissions
    .map(
      ({ title, reason, required }) =>
        `<li>${escapeHtml(title)}${required ? '' : ' (optional)'}: ${escapeHtml(reason)}</li>`,
    )
    .join('\n')}</ul>`;

/** The pages that a host does not replace: plain, without scripts. */
export const plainPages: Pages = {
  invitation: ({ connection, permissions, form: next }) =>
    page(
      200,
      `Connect Microsoft 365 to ${connection.organizationName}`,
      `<p>${escapeHtml(connection.organizationName)} asks you, as an administrator, to connect this tenant:</p>
<dl><dt>Microsoft 365 tenant</dt><dd>${tenantLines(connection)}</dd></dl>
<p>You will sign in at Microsoft, be asked for these permissions, and confirm here once more:</p>
${permissionList(permissions)}
<p>Go on only if you know the organization and expect this request.</p>
${form(next, 'Continue to Microsoft')}`,
    ),
  leaving: ({ location }) =>
    page(
      200,
      'Continue to Microsoft',
      `<p><a href="${escapeHtml(location)}">Sign in at Microsoft</a></p>`,
      refresh(0, location),
    ),
  waiting: ({ connection }) =>
    page(
      200,
      'Waiting for Microsoft',
      `<p role="status">The consent for ${escapeHtml(connection.organizationName)} was given. It takes up to a minute until it can be used. This page follows by itself.</p>`,
      refresh(3),
    ),
  confirmation({ connection, grant, permissions, form: next }) {
    const granted = permissions.filter(({ id }) => grant.granted.includes(id));
    const named = granted.map(({ id }) => id);
    const more = [...grant.unexpected, ...grant.granted.filter((id) => !named.includes(id))];
    return page(
      200,
      `Connect ${grant.displayName || connection.tenant.domain || connection.tenant.tenantId} to ${connection.organizationName}?`,
      `<dl>
<dt>Microsoft 365 tenant</dt><dd>${tenantLines(connection, grant.displayName)}</dd>
<dt>Organization</dt><dd>${escapeHtml(connection.organizationName)}</dd>
<dt>Permissions</dt><dd>${permissionList(granted)}</dd>
${grant.missing.length > 0 ? `<dt>Not granted</dt><dd>${permissionList(grant.missing)}</dd>` : ''}
${more.length > 0 ? `<dt>Granted, though not asked for</dt><dd>${[...new Set(more)].map(escapeHtml).join('<br>')}</dd>` : ''}
</dl>
${form(next, 'Connect')}`,
    );
  },
  connected: ({ connection }) =>
    page(
      200,
      'Connected',
      `<p role="status">The tenant is connected to ${escapeHtml(connection.organizationName)}. You can close this page.</p>
<dl><dt>Microsoft 365 tenant</dt><dd>${tenantLines(connection)}</dd></dl>`,
    ),
  error: ({ error, status }) =>
    page(
      status,
      'The connection was not made',
      `<p role="alert">${escapeHtml(error.message)}</p>\n<p>Code: <code>${escapeHtml(error.code)}</code></p>`,
    ),
};

const statuses: Partial<Record<ErrorCode, number>> = {
  not_found: 404,
  invalid_request: 400,
  attempt_invalid: 400,
  consent_refused: 403,
  refused: 403,
  tenant_already_bound: 409,
  consent_pending: 409,
  permission_missing: 403,
  unexpected: 500,
};

export const statusOf = ({ code }: ConnectorError): number => statuses[code] ?? 502;

const headers: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "frame-ancestors 'none'",
  // The address of a page holds a secret of the browser.
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/**
 * Adds what a page of any author must have.
 * @throws TypeError when it is no response that can be sent
 */
export function guarded(response: Response): Response {
  if (!(response instanceof Response) || response.bodyUsed)
    throw new TypeError('No response that can be sent.');
  const all = new Headers(response.headers);
  for (const [name, value] of Object.entries(headers)) if (!all.has(name)) all.set(name, value);
  return new Response(response.body, { status: response.status, headers: all });
}
