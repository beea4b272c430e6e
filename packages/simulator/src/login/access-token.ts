import { SignJWT } from 'jose';
import type { Tenant } from '../directory/tenant.ts';
import type { World } from '../world.ts';

/** What Graph knows about a token that was issued. */
export interface IssuedToken {
  readonly tenant: Tenant;
  /** Application permissions; frozen for the life of the token. */
  readonly roles: ReadonlySet<string>;
  /** Id of the signed-in user of a delegated token, or undefined for an app-only one. */
  readonly userId: string | undefined;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** Whether the client declared that it can handle claims challenges (`cp1`). */
  readonly continuous: boolean;
  /** Graph challenges continuous tokens of an earlier generation than the tenant's. */
  readonly generation: number;
}

/** The tokens that are out. Graph accepts exactly those: a token that was not issued here is refused, whatever it says. */
export interface TokenStore {
  add(token: string, issued: IssuedToken, now: number): void;
  find(token: string): IssuedToken | undefined;
}

/** Creates an empty store; tokens stay for an hour after their end, so that Graph can say that they expired. */
export function createTokenStore(): TokenStore {
  const tokens = new Map<string, IssuedToken>();
  let sweepAt = 1_000;
  return {
    add: (token, issued, now) => {
      tokens.set(token, issued);
      if (tokens.size < sweepAt) return;
      for (const [text, old] of tokens) if (old.expiresAt + 3_600_000 < now) tokens.delete(text);
      sweepAt = Math.max(1_000, tokens.size * 2);
    },
    find: (token) => tokens.get(token),
  };
}

/** What to issue. */
export interface TokenRequest {
  readonly tenant: Tenant;
  readonly roles: readonly string[];
  readonly user?: { readonly id: string; readonly name: string; readonly username: string };
  readonly scope?: string;
  readonly continuous: boolean;
}

/** Issues an access token for Graph; it lives 60 to 90 minutes at random, or a day when `cp1` was declared ("Access tokens"). */
export async function issueAccessToken(
  world: World,
  request: TokenRequest,
): Promise<{ readonly token: string; readonly expiresIn: number }> {
  const { tenant } = request;
  const now = world.clock.now();
  const expiresIn = request.continuous ? 86_399 : 3_600 + world.random.integer(1_800);
  const seconds = Math.floor(now / 1000);
  const key = await world.keys.current();
  const principal = tenant.servicePrincipal.id;
  const claims = {
    appid: world.app.clientId,
    app_displayname: world.app.displayName,
    idtyp: request.user === undefined ? 'app' : 'user',
    oid: request.user?.id ?? principal,
    tid: tenant.id,
    uti: world.random.text(22),
    ver: '1.0',
    ...(request.roles.length === 0 ? {} : { roles: request.roles }),
    ...(request.user === undefined
      ? {}
      : { scp: request.scope, upn: request.user.username, name: request.user.name }),
    ...(request.continuous ? { xms_cc: ['CP1'] } : {}),
  };
  const token = await new SignJWT(claims)
    .setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid: key.kid, x5t: key.kid })
    .setAudience('https://graph.microsoft.com')
    .setIssuer(`https://sts.windows.net/${tenant.id}/`)
    .setSubject(request.user?.id ?? principal)
    .setIssuedAt(seconds)
    .setNotBefore(seconds)
    .setExpirationTime(seconds + expiresIn)
    .sign(key.privateKey);
  world.tokens.add(
    token,
    {
      tenant,
      roles: new Set(request.roles),
      userId: request.user?.id,
      expiresAt: now + expiresIn * 1000,
      continuous: request.continuous,
      generation: tenant.tokenGeneration,
    },
    now,
  );
  return { token, expiresIn };
}
