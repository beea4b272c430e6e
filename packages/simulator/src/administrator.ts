import { createBrowser, decodeHtml, type View } from './browser.ts';

export interface AdministratorOptions {
  /** Who signs in, such as the `administrator` of a simulated tenant. */
  readonly username: string;
  /** Answers the requests to the host and to the simulator. @default the global fetch */
  readonly fetch?: (request: Request) => Promise<Response>;
  /** What is pressed on the page that asks for consent; `request` is for people who may not accept. @default 'accept' */
  readonly decision?: 'accept' | 'cancel' | 'request';
  /** The words on the button of the host's page that asks for the last confirmation. @default 'Connect' */
  readonly confirm?: string;
  /** Told of each page before it is answered. */
  readonly onPage?: (view: View) => void;
}

/**
 * Does what an administrator does in a browser: follows the host's link, goes on to Microsoft where a page asks first, signs
 * in, accepts, waits, and confirms.
 *
 * @param link Where the host begins its connect flow, or the link of an invitation.
 * @returns The last page: where the host sends the browser in the end, without loading it, or the page that says why not.
 */
export async function authorizeAsAdministrator(link: string, options: AdministratorOptions): Promise<View> {
  const { username, decision = 'accept', confirm = 'Connect', onPage = () => {}, fetch } = options;
  // After the last button the host's own pages begin, which are none of our business.
  let isDone = false;
  const browser = createBrowser({ ...(fetch && { fetch }), stopAt: () => isDone });

  let view = await browser.open(link);
  if (has(view, LEAVE)) {
    onPage(view);
    view = await browser.submit(view, LEAVE);
    const { location } = refreshOf(view) ?? {};
    if (location !== undefined) view = await browser.open(location.href);
  }
  if (!has(view, 'Next')) return view;
  onPage(view);
  view = await browser.submit(view, 'Next', { username });
  if (has(view, decisions[decision])) {
    onPage(view);
    view = await browser.submit(view, decisions[decision]);
  }
  for (let wait = refreshOf(view); wait !== undefined; wait = refreshOf(view)) {
    await new Promise((resolve) => setTimeout(resolve, wait.seconds * 1000));
    view = await (wait.location ? browser.open(wait.location.href) : browser.reload(view));
  }
  if (!has(view, confirm)) return view;
  onPage(view);
  isDone = true;
  return browser.submit(view, confirm);
}

const LEAVE = 'Continue to Microsoft';
const decisions = { accept: 'Accept', cancel: 'Cancel', request: 'Request approval' } as const;
const has = ({ html }: View, button: string) => html.includes(`>${button}</button>`);

/** When the page goes on by itself, and where to; without a location it is loaded again. */
function refreshOf({ url, html }: View): { seconds: number; location: URL | undefined } | undefined {
  const [, seconds, location] = /http-equiv="refresh" content="(\d+)(?:;\s*url=([^"]*))?"/.exec(html) ?? [];
  if (seconds === undefined) return undefined;
  return {
    seconds: Number(seconds),
    location: location === undefined ? undefined : new URL(decodeHtml(location), url),
  };
}
