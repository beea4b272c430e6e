import type { Handler } from '@mailsphere/core';
import type { LeakWatch } from './leak-watch.ts';

const OF_THE_BROWSER = /(?<=^|; *)(?:__Secure-)?mailsphere_connect=([\w-]+)/;

interface HandlerContext {
  readonly baseUrl: string;
  /** What pages of the host's own were given to go on with. */
  readonly handed: ReadonlySet<string>;
}

/** Looks at what goes to the browser. Each secret may be there in the one place that the protocol has for it. */
export const watchHandler =
  (handler: Handler, watch: LeakWatch, { baseUrl, handed }: HandlerContext): Handler =>
  async (request) => {
    if (!(request instanceof Request)) return handler(request);
    const withoutHanded = (text: string) => {
      let rest = text;
      for (const value of handed) if (value !== '') rest = rest.replaceAll(value, '');
      return rest;
    };
    const query = new URL(request.url).searchParams;
    for (const name of ['code', 'state', 'attempt', 'link'])
      for (const value of query.getAll(name)) watch.learn(`the browser's ${name}`, value);
    const [, cookie] = OF_THE_BROWSER.exec(request.headers.get('cookie') ?? '') ?? [];
    if (cookie !== undefined) watch.learn("the browser's cookie", cookie);

    const response = await handler(request);
    for (const [name, value] of response.headers)
      watch.see(`the header ${name} of an answer`, withoutHanded(withoutRightful(name, value, baseUrl)));
    if (response.body) {
      const text = response.clone().text();
      const isError = response.status >= 400;
      watch.seeLater(
        isError ? 'an error page' : 'a page',
        isError ? text : text.then((html) => withoutHanded(withoutForm(html, baseUrl))),
      );
    }
    return response;
  };

function withoutRightful(header: string, value: string, baseUrl: string): string {
  if (header === 'set-cookie') return value.replace(OF_THE_BROWSER, '');
  return header === 'location' ? withoutStep(value, baseUrl) : value;
}

/** The address without what leads to the next step. */
function withoutStep(address: string, baseUrl: string): string {
  const url = URL.parse(address);
  if (!url) return address;
  const isOurs = url.href.startsWith(`${new URL(baseUrl).href.replace(/\/$/, '')}/confirm?`);
  const isOfService = url.origin !== new URL(baseUrl).origin;
  for (const name of isOurs ? ['attempt'] : isOfService ? ['state', 'nonce'] : [])
    if (url.searchParams.getAll(name).length === 1) url.searchParams.delete(name);
  return url.href;
}

/** A page without the hidden field of its form, and with its link to the service as above. */
const withoutForm = (html: string, baseUrl: string) =>
  html
    .replace(/(<input type="hidden" name="(?:attempt|link)" value=")[\w-]+(?=">)/, '$1')
    .replace(
      /((?:href="|;url=))([^"]*)(?=")/g,
      (_, before: string, address: string) =>
        before + withoutStep(address.replaceAll('&amp;', '&').replaceAll('&#39;', "'"), baseUrl),
    );
