import type { Clock, Simulator, SimulatorOptions } from '@mailsphere/simulator';
import { createSimulator } from '@mailsphere/simulator';

/** A clock that stands still until it is moved; waits end when their time has come. */
export interface ManualClock extends Clock {
  advance(milliseconds: number): Promise<void>;
}

export function createManualClock(start = Date.UTC(2026, 10, 9, 10)): ManualClock {
  let time = start;
  const waiting = new Set<{ at: number; resolve(): void }>();
  return {
    now: () => time,
    wait: (milliseconds, options) =>
      new Promise((resolve, reject) => {
        const entry = { at: time + milliseconds, resolve };
        waiting.add(entry);
        options?.signal?.addEventListener('abort', () => {
          waiting.delete(entry);
          reject(options.signal?.reason);
        });
      }),
    advance: async (milliseconds) => {
      time += milliseconds;
      for (const entry of waiting) {
        if (entry.at > time) continue;
        waiting.delete(entry);
        entry.resolve();
      }
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

export type Json = Record<string, unknown>;

export function tenantOf(simulator: Simulator, index = 0) {
  const tenant = simulator.tenants[index];
  if (tenant === undefined) throw new Error('no tenant');
  return tenant;
}

/** Asks for an app-only token. */
export function requestToken(
  simulator: Simulator,
  tenant: string,
  fields: Record<string, string> = {},
): Promise<Response> {
  const body = new URLSearchParams({
    client_id: simulator.app.clientId,
    client_secret: simulator.app.secret,
    scope: 'https://graph.microsoft.com/.default',
    grant_type: 'client_credentials',
    ...fields,
  });
  return simulator.fetch(
    new Request(`${simulator.login.origin}/${tenant}/oauth2/v2.0/token`, { method: 'POST', body }),
  );
}

/** A simulator with a consented tenant, and a way to ask its Graph. */
export interface Connected {
  readonly simulator: Simulator;
  readonly tenantId: string;
  token(): Promise<string>;
  ask(path: string, init?: RequestInit): Promise<Response>;
  get(path: string, headers?: Record<string, string>): Promise<Json>;
  /** All rows of all pages, and the delta link at the end. */
  pages(
    path: string,
    headers?: Record<string, string>,
  ): Promise<{ rows: Json[]; deltaLink: string; pages: Json[] }>;
}

export async function connect(options: SimulatorOptions = {}): Promise<Connected> {
  const simulator = createSimulator(options);
  const tenantId = tenantOf(simulator).id;
  simulator.grantConsent(tenantId);
  let cached: string | undefined;
  const token = async () => {
    const body = (await (await requestToken(simulator, tenantId)).json()) as { access_token: string };
    return body.access_token;
  };
  const ask = async (path: string, init: RequestInit = {}) => {
    cached ??= await token();
    const url = path.startsWith('http') ? path : `${simulator.graph.origin}/v1.0${path}`;
    const headers = { authorization: `Bearer ${cached}`, ...(init.headers as Record<string, string>) };
    return simulator.fetch(new Request(url, { ...init, headers }));
  };
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await ask(path, { headers });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Json;
  };
  return {
    simulator,
    tenantId,
    token,
    ask,
    get,
    pages: async (path, headers = {}) => {
      const rows: Json[] = [];
      const pages: Json[] = [];
      let next: unknown = path;
      let page: Json = {};
      while (typeof next === 'string') {
        page = await get(next, headers);
        pages.push(page);
        rows.push(...(page.value as Json[]));
        next = page['@odata.nextLink'];
      }
      return { rows, pages, deltaLink: String(page['@odata.deltaLink']) };
    },
  };
}

export const IMMUTABLE = { prefer: 'IdType="ImmutableId"' };

/** The first member with a mailbox who is not the administrator. */
export function someMailbox(simulator: Simulator): string {
  const id = tenantOf(simulator).mailboxes[1];
  if (id === undefined) throw new Error('no mailbox');
  return id;
}

/** Signs somebody in with a browser of their own and redeems the code: the answer of the token endpoint. */
export async function signInTokens(
  simulator: Simulator,
  segment: string,
  username: string,
  fields: Record<string, string> = {},
): Promise<Json> {
  const redirect_uri = 'http://localhost/callback';
  const query = new URLSearchParams({
    client_id: simulator.app.clientId,
    response_type: 'code',
    redirect_uri,
    scope: 'openid profile',
    nonce: 'nonce-1',
  });
  const address = `${simulator.login.origin}/${segment}/oauth2/v2.0/authorize?${query}`;
  const { url } = await createBrowser(simulator).submit(address, { username });
  const code = new URL(url).searchParams.get('code') ?? '';
  const grant = { grant_type: 'authorization_code', code, redirect_uri, ...fields };
  return (await (await requestToken(simulator, segment, grant)).json()) as Json;
}

/** A browser: keeps cookies per origin and follows redirects between the simulator's pages. */
export function createBrowser(simulator: Simulator) {
  const jar = new Map<string, string>();
  const send = async (
    url: string,
    form?: Record<string, string>,
  ): Promise<{ url: string; response: Response }> => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const init: RequestInit = { headers: { cookie }, redirect: 'manual' };
    const request = new Request(
      url,
      form === undefined ? init : { ...init, method: 'POST', body: new URLSearchParams(form) },
    );
    const response = await simulator.fetch(request);
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      jar.set(name, value);
    }
    const location = response.headers.get('location');
    if (location === null) return { url, response };
    const next = new URL(location, url);
    // What leads away from the sign-in service is the callback of the app: the journey ends there.
    return next.origin === simulator.login.origin ? send(next.href) : { url: next.href, response };
  };
  return {
    open: (url: string) => send(url),
    submit: (url: string, form: Record<string, string>) => send(url, form),
  };
}
