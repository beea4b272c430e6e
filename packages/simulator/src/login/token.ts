import { createHash } from 'node:crypto';
import { effectiveRoles } from '../directory/service-principal.ts';
import type { Tenant } from '../directory/tenant.ts';
import type { World } from '../world.ts';
import { aadstsResponse } from './aadsts-error.ts';
import { issueAccessToken } from './access-token.ts';
import { type Authorization, type Authorizations, REFRESH_LIFETIME } from './authorization-code.ts';
import { checkClient } from './client-authentication.ts';
import { issueIdToken } from './id-token.ts';

const MULTI_TENANT: ReadonlySet<string> = new Set(['common', 'organizations']);
const OPENID: ReadonlySet<string> = new Set(['openid', 'profile', 'email', 'offline_access']);

/** `POST /{tenant}/oauth2/v2.0/token`. Unknown fields and a query on the address are ignored, as MSAL sends both. */
export async function token(
  world: World,
  authorizations: Authorizations,
  request: Request,
  form: URLSearchParams,
  segment: string,
): Promise<Response> {
  const tenant = world.tenant(segment);
  const grant = form.get('grant_type');
  if (grant === null) return aadstsResponse(world, 900144, "'grant_type'.");
  // A code that was issued there is redeemed there; an app-only token is always for one tenant.
  const anyTenant = MULTI_TENANT.has(segment.toLowerCase()) && grant !== 'client_credentials';
  if (tenant === undefined && !anyTenant) {
    const shaped = /^[a-z0-9-]+(\.[a-z0-9-]+)+$|^[0-9a-f-]{36}$/i.test(segment);
    return aadstsResponse(world, shaped ? 90002 : 900023, `Tenant '${segment}' was not found.`);
  }
  const wrong = await checkClient(world, tenant, request, form);
  if (wrong !== undefined) return aadstsResponse(world, wrong, `App: '${form.get('client_id') ?? ''}'.`);
  switch (grant) {
    case 'client_credentials':
      return tenant === undefined ? aadstsResponse(world, 900023) : clientCredentials(world, tenant, form);
    case 'authorization_code':
      return authorizationCode(world, authorizations, tenant, form);
    case 'refresh_token':
      return refreshToken(world, authorizations, tenant, form);
    default:
      return aadstsResponse(world, 70003, `'${grant}'.`);
  }
}

async function clientCredentials(world: World, tenant: Tenant, form: URLSearchParams): Promise<Response> {
  const principal = tenant.servicePrincipal;
  if (principal.state === 'absent' || principal.state === 'stale')
    return aadstsResponse(world, 700016, `Directory: '${tenant.displayName}'.`);
  if (principal.state === 'deleted') return aadstsResponse(world, 7000229, `Tenant: '${tenant.id}'.`);
  if (!principal.accountEnabled) return aadstsResponse(world, 7000112);
  const scopes = (form.get('scope') ?? '').split(' ').filter((scope) => scope !== '' && !OPENID.has(scope));
  if (scopes.length !== 1 || !isGraphDefault(world, scopes[0] ?? ''))
    return aadstsResponse(world, 70011, `'${scopes.join(' ')}'.`);
  const continuous = declaresCapability(form.get('claims'));
  const roles = effectiveRoles(principal, world.clock.now());
  const issued = await issueAccessToken(world, { tenant, roles, continuous });
  return tokenResponse(world, {
    token_type: 'Bearer',
    expires_in: issued.expiresIn,
    ext_expires_in: issued.expiresIn,
    ...(continuous ? { refresh_in: Math.floor(issued.expiresIn / 2) } : {}),
    access_token: issued.token,
  });
}

async function authorizationCode(
  world: World,
  authorizations: Authorizations,
  tenant: Tenant | undefined,
  form: URLSearchParams,
): Promise<Response> {
  const code = form.get('code');
  if (code === null) return aadstsResponse(world, 900144, "'code'.");
  const authorization = authorizations.takeCode(code);
  if (authorization === 'used') return aadstsResponse(world, 54005);
  if (authorization === undefined || !isFor(authorization, tenant)) return aadstsResponse(world, 70000);
  if (authorization.expiresAt <= world.clock.now()) return aadstsResponse(world, 70008);
  if (form.get('redirect_uri') !== authorization.redirectUri)
    return aadstsResponse(world, 50011, undefined, 'invalid_grant');
  const verifier = form.get('code_verifier');
  if (
    (authorization.challenge !== undefined || verifier !== null) &&
    challengeOf(verifier ?? '') !== authorization.challenge
  )
    return aadstsResponse(world, 50148);
  return delegated(world, authorizations, authorization, form);
}

async function refreshToken(
  world: World,
  authorizations: Authorizations,
  tenant: Tenant | undefined,
  form: URLSearchParams,
): Promise<Response> {
  const authorization = authorizations.refreshToken(form.get('refresh_token') ?? '');
  if (authorization === undefined || !isFor(authorization, tenant)) return aadstsResponse(world, 70000);
  if (authorization.expiresAt <= world.clock.now()) return aadstsResponse(world, 70008);
  if (authorization.user.deleted !== undefined || !authorization.user.accountEnabled)
    return aadstsResponse(world, 50173);
  return delegated(world, authorizations, authorization, form);
}

async function delegated(
  world: World,
  authorizations: Authorizations,
  authorization: Authorization,
  form: URLSearchParams,
): Promise<Response> {
  const { tenant, user } = authorization;
  const scopes = new Set(authorization.scope.split(' '));
  const continuous = declaresCapability(form.get('claims'));
  const person = { id: user.id, name: user.displayName, username: user.userPrincipalName };
  const scope = 'openid profile email User.Read';
  const issued = await issueAccessToken(world, { tenant, roles: [], user: person, scope, continuous });
  const body: Record<string, unknown> = {
    token_type: 'Bearer',
    scope,
    expires_in: issued.expiresIn,
    ext_expires_in: issued.expiresIn,
    access_token: issued.token,
  };
  if (scopes.has('openid')) body.id_token = await issueIdToken(world, tenant, user, authorization.nonce);
  if (scopes.has('offline_access')) {
    // The old refresh token stays valid: the service only asks clients to forget it.
    const next = `1.${world.random.text(160)}`;
    authorizations.addRefreshToken(next, {
      ...authorization,
      expiresAt: world.clock.now() + REFRESH_LIFETIME,
    });
    body.refresh_token = next;
  }
  if (form.get('client_info') === '1')
    body.client_info = Buffer.from(JSON.stringify({ uid: user.id, utid: tenant.id })).toString('base64url');
  return tokenResponse(world, body);
}

function isFor(authorization: Authorization, tenant: Tenant | undefined): boolean {
  return tenant === undefined || authorization.tenant === tenant;
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}

// The scope of the simulator's own address, of Microsoft's, and of Graph's app id all mean Graph.
function isGraphDefault(world: World, scope: string): boolean {
  const resources = [
    world.settings.graphOrigin,
    'https://graph.microsoft.com',
    '00000003-0000-0000-c000-000000000000',
  ];
  return resources.some((resource) => scope === `${resource}/.default` || scope === `${resource}//.default`);
}

/** Whether the `claims` of a request declare `cp1`, in any case. */
function declaresCapability(claims: string | null): boolean {
  if (claims === null) return false;
  try {
    const parsed = JSON.parse(claims) as { access_token?: { xms_cc?: { values?: readonly string[] } } };
    return parsed.access_token?.xms_cc?.values?.some((value) => value.toLowerCase() === 'cp1') ?? false;
  } catch {
    return false;
  }
}

function tokenResponse(world: World, body: Record<string, unknown>): Response {
  return Response.json(body, {
    headers: {
      'cache-control': 'no-store, no-cache',
      pragma: 'no-cache',
      'x-ms-request-id': world.random.guid(),
      'x-ms-clitelem': '1,0,0,,',
    },
  });
}
