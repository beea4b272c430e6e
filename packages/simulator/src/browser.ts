/** A page, as far as a person needs it to go on. */
export interface View {
  readonly url: URL;
  readonly status: number;
  readonly title: string;
  readonly html: string;
}

export interface Browser {
  open(url: string): Promise<View>;
  reload(view: View): Promise<View>;
  /**
   * Fills in the form that has a button with these words on it, and presses the button.
   * @throws Error when the page has no such button
   */
  submit(view: View, button: string, values?: Readonly<Record<string, string>>): Promise<View>;
}

interface Form {
  readonly action: URL;
  readonly method: string;
  readonly fields: URLSearchParams;
}

const HOPS = 20;

/**
 * Just enough of a browser to walk through sign-in and consent in a test: it keeps cookies, follows redirects and sends
 * forms. It runs no scripts.
 *
 * @param options.fetch Answers every request; redirects are followed here. @default the global fetch
 * @param options.stopAt A redirect to such an address is not followed: the view is then of that address, and empty.
 */
export function createBrowser(
  options: {
    readonly fetch?: (request: Request) => Promise<Response>;
    readonly stopAt?: (url: URL) => boolean;
  } = {},
): Browser {
  const { fetch = globalThis.fetch, stopAt = () => false } = options;
  // By origin, which is stricter than what browsers do with cookies.
  const cookies = new Map<string, Map<string, string>>();

  const load = async (first: URL, init: RequestInit = {}): Promise<View> => {
    let url = first;
    let next: RequestInit = init;
    for (let hops = 0; hops < HOPS; hops++) {
      const jar = cookies.get(url.origin) ?? new Map<string, string>();
      cookies.set(url.origin, jar);
      const headers = new Headers(next.headers);
      if (jar.size > 0) headers.set('cookie', [...jar].map((pair) => pair.join('=')).join('; '));
      const response = await fetch(new Request(url, { ...next, headers, redirect: 'manual' }));
      for (const cookie of response.headers.getSetCookie()) {
        const [pair = ''] = cookie.split(';');
        const equals = pair.indexOf('=');
        jar.set(pair.slice(0, equals), pair.slice(equals + 1));
      }
      const html = await response.text();
      const location = response.headers.get('location');
      if (location === null) return { url, status: response.status, title: titleOf(html), html };
      url = new URL(location, url);
      if (stopAt(url)) return { url, status: response.status, title: '', html: '' };
      next = {};
    }
    throw new Error('The pages redirect in a circle.');
  };

  return {
    open: (url) => load(new URL(url)),
    reload: (view) => load(view.url),
    submit(view, button, values = {}) {
      const { action, method, fields } = formWith(view, button);
      for (const [name, value] of Object.entries(values)) fields.set(name, value);
      if (method === 'post') return load(action, { method: 'POST', body: fields });
      action.search = fields.toString();
      return load(action);
    },
  };
}

function formWith(view: View, words: string): Form {
  for (const [, tag = '', content = ''] of view.html.matchAll(/<form([^>]*)>(.*?)<\/form>/gs)) {
    const buttons = [...content.matchAll(/<button([^>]*)>(.*?)<\/button>/gs)];
    const pressed = buttons.find(([, , label = '']) => decodeHtml(label).trim() === words);
    if (!pressed) continue;
    const fields = new URLSearchParams();
    for (const [input] of content.matchAll(/<input[^>]*>/g))
      fields.set(attribute(input, 'name'), attribute(input, 'value'));
    const [, button = ''] = pressed;
    if (attribute(button, 'name') !== '') fields.set(attribute(button, 'name'), attribute(button, 'value'));
    const action = new URL(attribute(tag, 'action') || view.url.href, view.url);
    return { action, method: attribute(tag, 'method').toLowerCase() || 'get', fields };
  }
  throw new Error(`The page "${view.title}" has no button "${words}".`);
}

const titleOf = (html: string) => decodeHtml(/<title>([^<]*)<\/title>/.exec(html)?.[1] ?? '');
const attribute = (tag: string, name: string) =>
  decodeHtml(new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? '');
/** @internal The text behind what stands in HTML. */
export const decodeHtml = (text: string): string =>
  text
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&');
