import { createHash } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Tenant } from '../directory/tenant.ts';
import type { DirectoryUser } from '../directory/user.ts';
import type { World } from '../world.ts';

// The two values that Entra puts in `wids` for everybody: an ordinary member, and a guest.
const MEMBER_WID = 'b79fbf4d-3ef9-4689-8143-76b194e85509';
const GUEST_WID = '10dae51f-b6af-4016-8d66-8c2a99b929b3';

/** Issues an id token (RS256) for somebody who signed in; it lives an hour. */
export async function issueIdToken(
  world: World,
  tenant: Tenant,
  user: DirectoryUser,
  nonce: string | undefined,
): Promise<string> {
  const key = await world.keys.current();
  const seconds = Math.floor(world.clock.now() / 1000);
  const guest = user.userType === 'Guest';
  // Pairwise: another app sees another subject for the same person.
  const sub = createHash('sha256').update(`${world.app.clientId}${tenant.id}${user.id}`).digest('base64url');
  return new SignJWT({
    name: user.displayName,
    oid: user.id,
    preferred_username: user.userPrincipalName,
    rh: `1.${world.random.text(40)}`,
    tid: tenant.id,
    uti: world.random.text(22),
    ver: '2.0',
    ...(nonce === undefined ? {} : { nonce }),
    ...(world.app.acct ? { acct: guest ? 1 : 0 } : {}),
    ...(world.app.groupMembershipClaims === 'DirectoryRole'
      ? { wids: [...user.roles, guest ? GUEST_WID : MEMBER_WID] }
      : {}),
  })
    .setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid: key.kid })
    .setAudience(world.app.clientId)
    .setIssuer(`${world.settings.loginOrigin}/${tenant.id}/v2.0`)
    .setSubject(sub)
    .setIssuedAt(seconds)
    .setNotBefore(seconds)
    .setExpirationTime(seconds + 3_600)
    .sign(key.privateKey);
}
