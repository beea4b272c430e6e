import type { Confirmation } from './authorization.ts';
import type { ConnectorError } from './connector-error.ts';

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
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">${head}<title>${escapeHtml(title)}</title></head>
<body><main><h1>${escapeHtml(title)}</h1>
${body}
</main></body>
</html>
`;
  return new Response(html, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy':
        "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  });
}

/** While the grant spreads through the service; loads itself again. */
export const waitingPage = () =>
  page(
    200,
    'Waiting for Microsoft',
    '<p>The consent was given. It takes up to a minute until it can be used. This page follows by itself.</p>',
    '<meta http-equiv="refresh" content="3">',
  );

/** Names both sides before anything is bound. */
export function confirmationPage(
  { connection, grant }: Confirmation,
  form: { readonly action: string; readonly attempt: string },
) {
  const tenant = [grant?.displayName, connection.tenant.domain, connection.tenant.tenantId].filter(
    (name): name is string => name !== undefined && name !== '',
  );
  const [tenantName = ''] = tenant;
  return page(
    200,
    `Connect ${tenantName} to ${connection.organizationName}?`,
    `<dl>
<dt>Microsoft 365 tenant</dt><dd>${tenant.map(escapeHtml).join('<br>')}</dd>
<dt>Organization</dt><dd>${escapeHtml(connection.organizationName)}</dd>
<dt>Permissions</dt><dd>${(grant?.granted ?? []).map(escapeHtml).join('<br>')}</dd>
</dl>
<form method="post" action="${escapeHtml(form.action)}">
<input type="hidden" name="attempt" value="${escapeHtml(form.attempt)}">
<button type="submit">Connect</button>
</form>`,
  );
}

const statuses: Partial<Record<ConnectorError['code'], number>> = {
  not_found: 404,
  invalid_request: 400,
  attempt_invalid: 400,
  consent_refused: 403,
  refused: 403,
  tenant_already_bound: 409,
  consent_pending: 409,
  permission_missing: 403,
};

/** What went wrong, by its code and one sentence; nothing that came from outside is repeated. */
export const errorPage = (error: ConnectorError) =>
  page(
    statuses[error.code] ?? 502,
    'The connection was not made',
    `<p>${escapeHtml(error.message)}</p>\n<p>Code: <code>${escapeHtml(error.code)}</code></p>`,
  );
