import type { BaseUrl } from './base-url.ts';

/** What the cookie holds: 32 random bytes in base64url. */
export const COOKIE_VALUE = /^[\w-]{43}$/;

/** Browsers take a name of this prefix from https alone, so that no neighbouring page without it can plant one. */
const cookieName = ({ secure }: Pick<BaseUrl, 'secure'>): string =>
  secure ? '__Secure-mailsphere_connect' : 'mailsphere_connect';

/** The browser's cookie, if it has one that this connector can have made. */
export function cookieOf(request: Request, baseUrl: BaseUrl): string | undefined {
  const expected = cookieName(baseUrl);
  for (const pair of (request.headers.get('cookie') ?? '').split(';')) {
    const [name, value] = pair.trim().split('=');
    if (name === expected && value !== undefined && COOKIE_VALUE.test(value)) return value;
  }
  return undefined;
}

export const cookieHeader = (value: string, baseUrl: BaseUrl): string =>
  [
    `${cookieName(baseUrl)}=${value}`,
    `Path=${baseUrl.path || '/'}`,
    'Max-Age=3600',
    'HttpOnly',
    // Lax: the callback is a navigation from the service's site.
    'SameSite=Lax',
    ...(baseUrl.secure ? ['Secure'] : []),
  ].join('; ');
