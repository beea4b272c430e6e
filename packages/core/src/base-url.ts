/** Where the pages are mounted, as browsers reach them. */
export interface BaseUrl {
  /** Without a slash at its end. */
  readonly href: string;
  readonly origin: string;
  /** Without a slash at its end: empty at the root. */
  readonly path: string;
  readonly secure: boolean;
}

export function parseBaseUrl(text: string): BaseUrl {
  const { origin, pathname, protocol } = new URL(text);
  const path = pathname.replace(/\/+$/, '');
  return { href: origin + path, origin, path, secure: protocol === 'https:' };
}

/** Cookies and codes pass through these pages, so that plain http is for this machine only. */
export function isBaseUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url?.username !== '' || url.password !== '' || /[?#]/.test(text)) return false;
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback);
}
