import {
  type Connector,
  type ConnectorOptions,
  createConnector,
  type Hooks,
  memoryArchive,
  memoryDirectory,
  memoryStorage,
  type Permission,
} from '../src/index.ts';
import { virtualClock } from '../src/testing/index.ts';
import { scriptedProvider } from './scripted-provider.ts';

export const BASE = 'https://app.example/connect';

/** A host with a scripted service, everything in memory, and a clock that stands still. */
export function createHost(
  overrides: Partial<
    Pick<ConnectorOptions, 'slice' | 'encryption' | 'pages' | 'logger' | 'directorySync' | 'mailSync'>
  > & {
    readonly hooks?: Partial<Hooks>;
    readonly permissions?: readonly Permission[];
  } = {},
) {
  const { hooks, permissions, ...options } = overrides;
  const { provider, service } = scriptedProvider(permissions);
  const clock = virtualClock();
  const storage = memoryStorage();
  const directory = memoryDirectory();
  const archive = memoryArchive();
  const create = (ownClock = clock, more: typeof options = {}) =>
    createConnector({
      providers: [provider],
      storage,
      directory,
      archive,
      baseUrl: BASE,
      hooks: { authorize: (request) => request.headers.get('x-user') ?? undefined, ...hooks },
      clock: ownClock,
      ...options,
      ...more,
    });
  return { provider, service, clock, storage, directory, archive, create, connector: create() };
}

/** A browser of one person: keeps its cookie, follows nothing by itself. */
export function createBrowser(connector: Connector, user: string | undefined = 'anna', ownCookie?: string) {
  let cookie = ownCookie;
  const send = async (url: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    if (user !== undefined) headers.set('x-user', user);
    if (cookie !== undefined) headers.set('cookie', cookie);
    const response = await connector.handler(new Request(new URL(url, BASE), { ...init, headers }));
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie;
    return response;
  };
  return {
    send,
    get cookie() {
      return cookie;
    },
    async begin(connectionId: string, returnTo = '/done') {
      const response = await send(`${BASE}/begin?${new URLSearchParams({ connectionId, returnTo })}`);
      return new URL(response.headers.get('location') ?? 'about:blank').searchParams.get('state') ?? '';
    },
    /** The service's answer to the sign-in. Resolves with the state of the consent. */
    async signedIn(state: string) {
      const response = await send(`${BASE}/callback?${new URLSearchParams({ state, code: 'good' })}`);
      return new URL(response.headers.get('location') ?? 'about:blank').searchParams.get('state') ?? '';
    },
    /** The service's answer to the consent. Resolves with the address of the confirmation. */
    async consented(state: string) {
      const response = await send(
        `${BASE}/callback?${new URLSearchParams({ state, admin_consent: 'True', tenant: 'ignored' })}`,
      );
      return response.headers.get('location') ?? '';
    },
    async confirm(attempt: string, headers: Record<string, string> = {}) {
      return send(`${BASE}/confirm`, {
        method: 'POST',
        body: new URLSearchParams({ attempt }),
        headers,
      });
    },
  };
}

export const attemptOf = (location: string) => new URL(location).searchParams.get('attempt') ?? '';

/** The whole way of an administrator, from `begin` to `active`. */
export async function connect(connector: Connector, organizationId = 'org-1', tenant = 'contoso') {
  const { id } = await connector.connections.register({ organizationId, tenant });
  const browser = createBrowser(connector);
  const location = await browser.consented(await browser.signedIn(await browser.begin(id)));
  await browser.send(location);
  await browser.confirm(attemptOf(location));
  return id;
}
