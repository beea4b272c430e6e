import { type Browser, createBrowser, type View } from '@mailsphere/simulator';
import { expect } from 'vitest';
import type { House } from '../connect-house.ts';

/** A browser that stops before an answer of Microsoft reaches the host, and before any third place: `view.url` is where it was sent. */
export interface CarefulBrowser extends Browser {
  /** Opens the host's own link to connect: Microsoft's page, or the answer where that asks nothing. */
  begin(connectionId: string, parameters?: Readonly<Record<string, string>>): Promise<View>;
  /** Ends at the answer to the sign-in. */
  signIn(view: View, username: string): Promise<View>;
  /** The whole first leg: ends at the page that asks for consent, or where it was refused. */
  reachConsent(connectionId: string, username: string): Promise<View>;
  /** Opens the host's callback with these parameters. */
  answer(parameters: Readonly<Record<string, string>>): Promise<View>;
  /** Sends a form to the host that no page has shown. */
  post(path: string, fields: Readonly<Record<string, string>>): Promise<View>;
  /** What the host has set, as a header. */
  cookies(): string;
}

/** @param user Who is signed in at the host; nobody when left out. */
export async function carefulBrowser(house: House, user?: string): Promise<CarefulBrowser> {
  let cookies = '';
  const isAnswer = ({ origin, pathname }: URL) => origin === house.origin && pathname === '/connect/callback';
  const browser = createBrowser({
    fetch: async (request) => {
      if (new URL(request.url).origin !== house.origin) return house.simulator.fetch(request);
      const response = await fetch(request);
      const [set] = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
      const sent = request.headers.get('cookie');
      cookies = [sent, set].filter(Boolean).join('; ');
      return response;
    },
    stopAt: (url) => isAnswer(url) || ![house.origin, house.simulator.login.origin].includes(url.origin),
  });
  if (user !== undefined) await browser.open(`${house.origin}/session/${user}`);
  const begin: CarefulBrowser['begin'] = (connectionId, parameters = {}) =>
    browser.open(`${house.origin}/connect/begin?${new URLSearchParams({ connectionId, ...parameters })}`);
  const signIn: CarefulBrowser['signIn'] = async (view, username) =>
    // Whoever is signed in at Microsoft is not asked again.
    isAnswer(view.url) ? view : browser.submit(view, 'Next', { username });
  return {
    ...browser,
    begin,
    signIn,
    async reachConsent(connectionId, username) {
      const answer = await signIn(await begin(connectionId), username);
      return browser.open(answer.url.href);
    },
    answer: (parameters) =>
      browser.open(`${house.origin}/connect/callback?${new URLSearchParams(parameters)}`),
    post(path, fields) {
      const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`);
      const html = `<form method="post" action="${path}">${inputs.join('')}<button>Send</button></form>`;
      return browser.submit({ url: new URL(house.origin), status: 200, title: '', html }, 'Send');
    },
    cookies: () => cookies,
  };
}

export const stateOf = (view: View): string => view.url.searchParams.get('state') ?? '';
export const attemptOf = (view: View): string => view.url.searchParams.get('attempt') ?? '';

/** Nothing came of it: nobody has the tenant through this connection, and no token of it is given out. */
export async function expectUnbound(house: House, connectionId: string): Promise<void> {
  expect((await house.get(connectionId)).status).toBe('registered');
  const bindings = await house.storage.list('bindings');
  expect(bindings.filter(({ value }) => JSON.stringify(value).includes(connectionId))).toEqual([]);
  await expect(house.connector.accessToken(connectionId)).rejects.toMatchObject({ code: 'refused' });
}

/** An organization whose administrator has connected Fabrikam as it should be. */
export async function connectFabrikam(house: House, organizationId = 'victim'): Promise<string> {
  const connectionId = await house.register(organizationId, 'fabrikam');
  const vera = await house.person('vera');
  await vera.authorize(connectionId, house.fabrikam.administrator.username);
  expect((await house.get(connectionId)).status).toBe('active');
  return connectionId;
}
