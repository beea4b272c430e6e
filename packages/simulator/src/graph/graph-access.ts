import type { IssuedToken } from '../login/access-token.ts';
import type { World } from '../world.ts';
import type { GraphCall, Route } from './graph-call.ts';
import { GraphFailure } from './graph-failure.ts';
import { permits } from './permission.ts';

/** The token of a request. @throws GraphFailure 401 */
export function tokenOf(world: World, authorization: string | null): IssuedToken {
  const text = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
  if (text === undefined)
    throw new GraphFailure(401, 'InvalidAuthenticationToken', 'Access token is empty.', challenge(world));
  const token = world.tokens.find(text);
  if (token === undefined)
    throw new GraphFailure(
      401,
      'InvalidAuthenticationToken',
      'Access token validation failure. Invalid signature.',
      challenge(world),
    );
  if (token.expiresAt <= world.clock.now())
    throw new GraphFailure(
      401,
      'InvalidAuthenticationToken',
      'Lifetime validation failed, the token is expired.',
      challenge(world),
    );
  if (token.continuous && token.generation < token.tenant.tokenGeneration) throw claimsChallenge(world);
  if (token.userId !== undefined) return token;
  const { servicePrincipal } = token.tenant;
  const gone = token.tenant.deleted || servicePrincipal.state !== 'present';
  // Only a client that declared cp1 is asked for a fresh token ("Claims challenges"); others run on until their token ends.
  if (token.continuous && (gone || !servicePrincipal.accountEnabled)) throw claimsChallenge(world);
  if (gone)
    throw new GraphFailure(
      401,
      'Authorization_IdentityNotFound',
      'The identity of the calling application could not be established.',
    );
  return token;
}

/** Refuses a token without the permission for a route. @throws GraphFailure 403 */
export function checkPermission(call: GraphCall, route: Route): void {
  const { token } = call;
  if (route.name === 'me' || (token.userId === undefined && permits(token.roles, route.name))) return;
  if (route.limit === 'mailbox') {
    if (token.userId === undefined && isAssigned(call, route)) return;
    throw new GraphFailure(403, 'ErrorAccessDenied', 'Access is denied. Check credentials and try again.');
  }
  throw new GraphFailure(
    403,
    'Authorization_RequestDenied',
    'Insufficient privileges to complete the operation.',
  );
}

// Exchange's own roles add to those of the token, for the mailboxes of their scope ("RBAC for Applications").
function isAssigned({ tenant }: GraphCall, route: Route): boolean {
  const { exchangeRoles } = tenant.servicePrincipal;
  const userId = tenant.user(route.user ?? '')?.id;
  if (exchangeRoles === undefined || userId === undefined) return false;
  return exchangeRoles.mailboxes.has(userId) && permits(exchangeRoles.permissions, route.name);
}

function challenge(world: World): Record<string, string> {
  return {
    'www-authenticate': `Bearer realm="", authorization_uri="${world.settings.loginOrigin}/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`,
  };
}

/** 401 that asks for a token made later than this moment ("Claims challenges"). */
export function claimsChallenge(world: World): GraphFailure {
  const nbf = String(Math.floor(world.clock.now() / 1000));
  const claims = Buffer.from(
    JSON.stringify({ access_token: { nbf: { essential: true, value: nbf } } }),
  ).toString('base64');
  const header = `Bearer realm="", authorization_uri="${world.settings.loginOrigin}/common/oauth2/authorize", error="insufficient_claims", claims="${claims}"`;
  return new GraphFailure(
    401,
    'InvalidAuthenticationToken',
    'Continuous access evaluation resulted in challenge.',
    {
      'www-authenticate': header,
    },
  );
}
