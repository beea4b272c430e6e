import type { Tenant } from '../directory/tenant.ts';
import type { DirectoryUser } from '../directory/user.ts';

/** What a code or a refresh token stands for. */
export interface Authorization {
  readonly tenant: Tenant;
  readonly user: DirectoryUser;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scope: string;
  readonly nonce: string | undefined;
  /** S256 challenge, when the client sent one. */
  readonly challenge: string | undefined;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Codes live ten minutes and once; refresh tokens 90 days and as often as wished ("Refresh tokens"). */
export interface Authorizations {
  addCode(code: string, authorization: Authorization): void;
  /** Takes a code: `used` when it was taken before. */
  takeCode(code: string): Authorization | 'used' | undefined;
  addRefreshToken(token: string, authorization: Authorization): void;
  refreshToken(token: string): Authorization | undefined;
}

/** Lifetime of a code in milliseconds. */
export const CODE_LIFETIME = 600_000;
/** Lifetime of a refresh token in milliseconds. */
export const REFRESH_LIFETIME = 90 * 86_400_000;

/** Creates an empty store. */
export function createAuthorizations(): Authorizations {
  const codes = new Map<string, Authorization | 'used'>();
  const refreshTokens = new Map<string, Authorization>();
  return {
    addCode: (code, authorization) => {
      codes.set(code, authorization);
    },
    takeCode: (code) => {
      const found = codes.get(code);
      if (found !== undefined) codes.set(code, 'used');
      return found;
    },
    addRefreshToken: (token, authorization) => {
      refreshTokens.set(token, authorization);
    },
    refreshToken: (token) => refreshTokens.get(token),
  };
}
