import { createHash } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Tenant } from '../directory/tenant.ts';
import type { DirectoryUser } from '../directory/user.ts';
import type { World } from '../world.ts';
import { forgeToken } from './token-forgery.ts';

// The two values that Entra puts in `wids` for everybody: an ordinary member, and a guest.
const MEMBER_WID = 'b79fbf4d-3ef9-4689-8143-76b194e85509';
const GUEST_WID = '10dae51f-b6af-4016-8d66-8c2a99b929b3';

/** Issues an id token (RS256) for somebody who signed in; it lives an hour. A forgery that waits makes it wrong. */
export async function issueIdToken(
  world: World,
  tenant: Tenant,
  user: DirectoryUser,
  nonce: string | undefined,
): Promise<string> {
  const forgery = world.forgeries.take();
  const tid = forgery?.tenantId ?? tenant.id;
  const seconds = Math.floor(world.clock.now() / 1000);
  const claims = {
    ...personalClaims(world, tenant, user),
    aud: world.app.clientId,
    iss: `${world.settings.loginOrigin}/${tid}/v2.0`,
    iat: seconds,
    nbf: seconds,
    exp: seconds + 3_600,
    rh: `1.${world.random.text(40)}`,
    tid,
    uti: world.random.text(22),
    ver: '2.0',
    ...(nonce === undefined ? {} : { nonce }),
  };
  if (forgery !== undefined) return forgeToken(world.keys, claims, forgery);
  const key = await (tenant === world.personal ? world.keys.personal() : world.keys.current());
  return new SignJWT(claims)
    .setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid: key.kid })
    .sign(key.privateKey);
}

function personalClaims(world: World, tenant: Tenant, user: DirectoryUser): Record<string, unknown> {
  const { app } = world;
  const guest = user.userType === 'Guest';
  const eligible = world.settings.quirks.eligibleRolesInWids ? (user.eligibleRoles ?? []) : [];
  return {
    // Pairwise: another app sees another subject for the same person.
    sub: createHash('sha256').update(`${app.clientId}${tenant.id}${user.id}`).digest('base64url'),
    name: user.displayName,
    oid: user.id,
    preferred_username: user.userPrincipalName,
    ...(app.acct ? { acct: guest ? 1 : 0 } : {}),
    // A personal account has no roles in any directory.
    ...(app.groupMembershipClaims === 'DirectoryRole' && tenant !== world.personal
      ? { wids: [...user.roles, ...eligible, guest ? GUEST_WID : MEMBER_WID] }
      : {}),
  };
}
