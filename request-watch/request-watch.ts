import type { Transport, TransportRequest } from '@mailsphere/office365';

/** Looks at every request that the provider sends to Microsoft Graph. */
export interface RequestWatch {
  sent(request: TransportRequest): void;
  /** The directory had no units left for the request with this id. Requests that somebody else sent do not count. */
  refused(clientRequestId: string | null): void;
  /** What was wrong since the last call, each once. */
  takeFaults(): readonly string[];
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
// What a page of the service leads on with: the selection is in the token, or comes along in the link.
const LEADS_ON = ['$skiptoken', '$deltatoken', '$skip'];
const WORD = /^(?:[a-z]{1,24}|\$value)$/i;

export function createRequestWatch(): RequestWatch {
  const routes = new Map<string, string>();
  let faults = new Set<string>();
  const fault = (route: string, problem: string) => faults.add(`${route} ${problem}`);

  return {
    sent(request) {
      const route = routeOf(request);
      if (!selects(request)) fault(route, 'selects no properties');
      const id = request.headers['client-request-id'];
      if (id === undefined) return void fault(route, 'has no client-request-id');
      if (!GUID.test(id)) fault(route, 'has a client-request-id that is no GUID');
      if (routes.has(id)) fault(route, 'has the client-request-id of an earlier request');
      routes.set(id, route);
    },
    refused(clientRequestId) {
      const route = routes.get(clientRequestId ?? '');
      if (route !== undefined) fault(route, 'was more than the quota of the directory');
    },
    takeFaults() {
      const taken = [...faults];
      faults = new Set();
      return taken;
    },
  };
}

/** A transport whose requests are looked at on their way out. */
export const watchRequests =
  (transport: Transport, watch: RequestWatch): Transport =>
  (request) => {
    watch.sent(request);
    return transport(request);
  };

/** What a test fails with. */
export const careless = (faults: readonly string[]): Error =>
  new Error(`Requests that Microsoft Graph is not to get: ${faults.join('; ')}.`);

/** The one of this process, which the setup of all tests asks. */
export const requestWatch: RequestWatch = createRequestWatch();

/** A path has ids of people and mailboxes in it. */
const routeOf = ({ method, url }: TransportRequest) =>
  `${method} ${url.pathname
    .split('/')
    .slice(2)
    .map((segment) => (WORD.test(segment) ? segment : '{id}'))
    .join('/')}`;

function selects({ method, url: { pathname, searchParams } }: TransportRequest): boolean {
  if (method !== 'GET' || pathname.endsWith('/$value')) return true;
  return LEADS_ON.some((name) => searchParams.has(name)) || Boolean(searchParams.get('$select'));
}
