import { isRegistered } from '../app-registration.ts';
import type { Tenant } from '../directory/tenant.ts';
import { escapeHtml, htmlPage } from '../html-page.ts';
import type { World } from '../world.ts';
import { aadstsError } from './aadsts-error.ts';
import { type Authorizations, CODE_LIFETIME } from './authorization-code.ts';
import { personIn, type Sessions, signInPage } from './session.ts';

// What stands behind the errors of a silent sign-in: no session, multi-factor authentication, consent of the person.
const SILENT = { login_required: 50058, interaction_required: 50076, consent_required: 65001 } as const;

/** A page of the sign-in service that ends the flow: no redirect, because there is nowhere safe to go. */
export function errorPage(world: World, code: number, detail?: string): Response {
  const error = aadstsError(world, code, detail);
  return htmlPage(
    'Sign in',
    `<p>Sorry, but we’re having trouble signing you in.</p><p>${escapeHtml(error.description)}</p>`,
    400,
  );
}

/** The tenant that a path names: undefined for the multi-tenant names, an error page for an unknown one. */
export function tenantOfPath(
  world: World,
  segment: string,
  multiTenant: readonly string[],
): Tenant | undefined | Response {
  if (multiTenant.includes(segment.toLowerCase())) return undefined;
  return world.tenant(segment) ?? errorPage(world, 90002, `Tenant '${segment}' was not found.`);
}

/** `GET|POST /{tenant}/oauth2/v2.0/authorize`: signs somebody in and sends the browser back with a code. */
export async function authorize(
  world: World,
  sessions: Sessions,
  authorizations: Authorizations,
  request: Request,
  url: URL,
  segment: string,
): Promise<Response> {
  const query = url.searchParams;
  const tenant = tenantOfPath(world, segment, ['common', 'organizations']);
  if (tenant instanceof Response) return tenant;
  const clientId = query.get('client_id');
  const redirectUri = query.get('redirect_uri');
  if (clientId === null) return errorPage(world, 900144, "'client_id'.");
  if (clientId !== world.app.clientId)
    return errorPage(world, 700016, `Application with identifier '${clientId}'.`);
  if (redirectUri === null || !isRegistered(world.app, redirectUri))
    return errorPage(world, 50011, redirectUri ?? '');

  const answer = (parameters: Record<string, string>, headers: Record<string, string> = {}) =>
    respond(
      redirectUri,
      query.get('response_mode') ?? 'query',
      { ...parameters, ...stateOf(query) },
      headers,
    );
  const refuse = (error: string, description: string) => answer({ error, error_description: description });
  const wrong = problem(query);
  if (wrong !== undefined) return refuse('invalid_request', `AADSTS900144: ${wrong}`);

  const prompt = query.get('prompt') ?? '';
  const form = new URLSearchParams(request.method === 'POST' ? await request.text() : '');
  if (form.get('decision') === 'cancel')
    return answer({
      error: 'access_denied',
      error_subcode: 'cancel',
      error_description: aadstsError(world, 65004).description,
    });
  const typed = form.get('username');
  const session = sessions.username(request);
  const username = typed ?? (prompt === '' || prompt === 'none' ? session : undefined);
  if (username === undefined) {
    if (prompt !== 'none') return signInPage(world, tenant, query.get('login_hint') ?? session ?? '');
    return refuse('login_required', aadstsError(world, 50058).description);
  }
  const personal = world.app.signInAudience === 'AzureADandPersonalMicrosoftAccount';
  const person = personIn(world, tenant, username, personal && segment.toLowerCase() !== 'organizations');
  if ('code' in person) {
    if (prompt === 'none') return refuse('interaction_required', aadstsError(world, person.code).description);
    if (person.code === 50034) return signInPage(world, tenant, username, 'This username may be incorrect.');
    return errorPage(world, person.code, username);
  }
  const { silentSignIn } = person.tenant.policy;
  if (prompt === 'none' && silentSignIn !== 'code')
    return refuse(silentSignIn, aadstsError(world, SILENT[silentSignIn]).description);
  const code = `1.${world.random.text(120)}`;
  authorizations.addCode(code, {
    tenant: person.tenant,
    user: person.user,
    clientId,
    redirectUri,
    scope: query.get('scope') ?? '',
    nonce: query.get('nonce') ?? undefined,
    challenge: query.get('code_challenge') ?? undefined,
    expiresAt: world.clock.now() + CODE_LIFETIME,
  });
  const cookie: Record<string, string> = typed === null ? {} : { 'set-cookie': sessions.start(typed) };
  return answer({ code, session_state: world.random.guid() }, cookie);
}

function problem(query: URLSearchParams): string | undefined {
  if (query.get('response_type') !== 'code')
    return "The request must contain 'response_type' with the value 'code'.";
  if (query.get('scope') === null) return "The request must contain 'scope'.";
  const mode = query.get('response_mode');
  if (mode !== null && mode !== 'query' && mode !== 'form_post')
    return `response_mode '${mode}' is not simulated.`;
  const method = query.get('code_challenge_method');
  if (query.get('code_challenge') !== null && method !== 'S256')
    return 'Only the code_challenge_method S256 is simulated.';
  return undefined;
}

function stateOf(query: URLSearchParams): Record<string, string> {
  const state = query.get('state');
  return state === null ? {} : { state };
}

function respond(
  redirectUri: string,
  mode: string,
  parameters: Record<string, string>,
  headers: Record<string, string>,
): Response {
  if (mode !== 'form_post') return redirect(redirectUri, parameters, headers);
  const fields = Object.entries(parameters).map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  );
  const form = `<form method="post" action="${escapeHtml(redirectUri)}">${fields.join('')}<button>Continue</button></form>`;
  return htmlPage('Working…', `${form}<script>document.forms[0].submit()</script>`, 200, headers);
}

/** Sends the browser back; the address may have a query of its own. */
export function redirect(
  address: string,
  parameters: Record<string, string>,
  headers: Record<string, string> = {},
  suffix = '',
): Response {
  const query = new URLSearchParams(parameters).toString();
  const location = `${address}${address.includes('?') ? '&' : '?'}${query}${suffix}`;
  return new Response(null, { status: 302, headers: { location, 'cache-control': 'no-store', ...headers } });
}
