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
