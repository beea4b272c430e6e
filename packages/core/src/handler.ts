import type { AuthorizationFlow, Browser } from './authorization.ts';
import type { BaseUrl } from './base-url.ts';
import type { ConnectionRegistry } from './connections.ts';
import { ConnectorError } from './connector-error.ts';
import type { Logger } from './logger.ts';
import { confirmationPage, errorPage, waitingPage } from './pages.ts';

export type Handler = (request: Request) => Promise<Response>;

const COOKIE = 'mailsphere_connect';
// The longest thing that comes back is an authorization code, below 2 KB.
const LONGEST_VALUE = 4096;

/**
 * The pages of the connect flow, below `baseUrl`:
 * `GET begin?connectionId&returnTo`, `GET callback`, `GET confirm`, `POST confirm`.
 */
export function createHandler(context: {
  readonly authorization: AuthorizationFlow;
  readonly connections: ConnectionRegistry;
  readonly baseUrl: BaseUrl;
  readonly logger: Logger;
}): Handler {
  const { authorization, connections, baseUrl, logger } = context;

  const routes: Readonly<Record<string, (request: Request, query: URLSearchParams) => Promise<Response>>> = {
    async 'GET /begin'(request, query) {
      const connectionId = single(query, 'connectionId') ?? '';
      const connection = await connections.require(connectionId);
      const actor = await authorization.askActor(request, connection);
      if (actor === undefined) throw new ConnectorError('refused', 'Sign in to connect this organization.');
      const begun = await authorization.begin({
        connectionId,
        actor,
        returnTo: single(query, 'returnTo'),
        cookie: cookieOf(request),
      });
      return redirect(302, begun.location, cookieHeader(begun.cookie, baseUrl));
    },
    async 'GET /callback'(request, query) {
      const step = await authorization.callback(
        {
          state: single(query, 'state') ?? '',
          code: single(query, 'code'),
          error: single(query, 'error'),
          adminConsent: single(query, 'admin_consent'),
        },
        browser(request),
        { signal: request.signal },
      );
      if ('location' in step) return redirect(302, step.location);
      return redirect(302, `${baseUrl.href}/confirm?attempt=${step.confirm}`);
    },
    async 'GET /confirm'(request, query) {
      const attempt = single(query, 'attempt') ?? '';
      const confirmation = await authorization.review(attempt, browser(request), {
        signal: request.signal,
        // The page comes again by itself, so the browser need not wait here.
        maxWait: 2_000,
      });
      if (!confirmation.grant) return waitingPage();
      return confirmationPage(confirmation, { action: `${baseUrl.path}/confirm`, attempt });
    },
    async 'POST /confirm'(request) {
      const origin = request.headers.get('origin');
      if (origin !== null && origin !== 'null' && origin !== baseUrl.origin)
        throw new ConnectorError('attempt_invalid', 'The form was sent from another site. Start again.');
      const form = new URLSearchParams(await request.text());
      return redirect(303, await authorization.confirm(single(form, 'attempt') ?? '', browser(request)));
    },
  };

  return async (request) => {
    // Only path and query are read: the origin of a request is the client's word.
    const { pathname, searchParams } = new URL(request.url);
    const path = pathname.startsWith(`${baseUrl.path}/`) ? pathname.slice(baseUrl.path.length) : pathname;
    const route = routes[`${request.method === 'HEAD' ? 'GET' : request.method} ${path}`];
    try {
      if (!route) throw new ConnectorError('not_found', 'There is no such page.');
      return await route(request, searchParams);
    } catch (error) {
      if (ConnectorError.is(error)) {
        logger.info(
          { code: error.code, serviceCode: error.serviceCode, path },
          'A step of the authorization was refused.',
        );
        return errorPage(error);
      }
      logger.error(
        { error: error instanceof Error ? error.name : 'unknown', path },
        'A step of the authorization failed.',
      );
      return errorPage(
        new ConnectorError('unexpected', 'Something went wrong on our side. Try again in a minute.'),
      );
    }
  };
}

const browser = (request: Request): Browser => ({ request, cookie: cookieOf(request) });

/** @throws ConnectorError `invalid_request` when the parameter comes twice, or is longer than any that we use */
function single(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  const [value] = values;
  if (values.length <= 1 && (value ?? '').length <= LONGEST_VALUE) return value;
  throw new ConnectorError(
    'invalid_request',
    `${name}: must come once, with at most ${LONGEST_VALUE} characters`,
    {
      field: name,
    },
  );
}

function cookieOf(request: Request): string | undefined {
  for (const pair of (request.headers.get('cookie') ?? '').split(';')) {
    const [name, value] = pair.trim().split('=');
    if (name === COOKIE && value !== undefined && /^[\w-]{43}$/.test(value)) return value;
  }
  return undefined;
}

const cookieHeader = (value: string, baseUrl: BaseUrl) =>
  [
    `${COOKIE}=${value}`,
    `Path=${baseUrl.path || '/'}`,
    'Max-Age=3600',
    'HttpOnly',
    // Lax: the callback is a navigation from the service's site.
    'SameSite=Lax',
    ...(baseUrl.secure ? ['Secure'] : []),
  ].join('; ');

const redirect = (status: 302 | 303, location: string, cookie?: string) =>
  new Response(null, {
    status,
    headers: { location, 'cache-control': 'no-store', ...(cookie ? { 'set-cookie': cookie } : {}) },
  });
