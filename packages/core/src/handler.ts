import type { AuthorizationFlow, Browser } from './authorization.ts';
import type { AuthorizationBegin, Begun } from './authorization-begin.ts';
import type { BaseUrl } from './base-url.ts';
import { cookieOf } from './browser-cookie.ts';
import type { ConnectionRegistry } from './connections.ts';
import { ConnectorError } from './connector-error.ts';
import type { Logger } from './logger.ts';
import { guarded, type Pages, plainPages, statusOf } from './pages.ts';

export type Handler = (request: Request) => Promise<Response>;

// The longest thing that comes back is an authorization code, below 2 KB.
const LONGEST_VALUE = 4096;

/**
 * The pages of the connect flow, below `baseUrl`: `GET begin?connectionId&returnTo`, `GET callback`, `GET confirm` and `POST confirm`,
 * and for links `GET invitation` and `POST invitation`.
 */
export function createHandler(context: {
  readonly begin: AuthorizationBegin;
  readonly authorization: AuthorizationFlow;
  readonly connections: ConnectionRegistry;
  readonly pages: Pages;
  readonly baseUrl: BaseUrl;
  readonly logger: Logger;
}): Handler {
  const { begin, authorization, connections, pages, baseUrl, logger } = context;
  const browser = (request: Request): Browser => ({ request, cookie: cookieOf(request, baseUrl) });
  const permissionsOf = (connection: Parameters<ConnectionRegistry['provider']>[0]) =>
    connections.provider(connection).permissions;
  const formOf = async (request: Request) => {
    const origin = request.headers.get('origin');
    const site = request.headers.get('sec-fetch-site');
    if (site !== null && site !== 'same-origin')
      throw new ConnectorError('attempt_invalid', 'The form was sent from another site. Start again.');
    // Our own pages send no referrer, and then a browser names no origin either.
    if (origin !== null && origin !== 'null' && origin !== baseUrl.origin)
      throw new ConnectorError('attempt_invalid', 'The form was sent from another site. Start again.');
    return new URLSearchParams(await request.text());
  };

  /** A page of the host's, or the plain one where the host's is of no use. */
  const show = async <Name extends keyof Pages>(
    name: Name,
    content: Parameters<Pages[Name]>[0],
  ): Promise<Response> => {
    const draw = (from: Pages) => (from[name] as (content: unknown) => Response | Promise<Response>)(content);
    try {
      return guarded(await draw(pages));
    } catch (error) {
      logger.error({ page: name, error: nameOf(error) }, 'A page of the host failed.');
      return guarded(await draw(plainPages));
    }
  };

  const routes: Readonly<Record<string, (request: Request, query: URLSearchParams) => Promise<Response>>> = {
    async 'GET /begin'(request, query) {
      const connectionId = single(query, 'connectionId') ?? '';
      const connection = await connections.get(connectionId);
      const actor = connection && (await authorization.askActor(request, connection));
      // The same for a connection that does not exist: ids can be guessed, and who uses this host is nobody's business.
      if (actor === undefined)
        throw new ConnectorError('refused', 'Sign in as somebody who may connect this organization.');
      const begun = await begin.begin({
        connectionId,
        actor,
        returnTo: single(query, 'returnTo'),
        cookie: cookieOf(request, baseUrl),
      });
      return withCookie(redirect(302, begun.location), begun);
    },
    async 'GET /invitation'(_request, query) {
      const link = single(query, 'link') ?? '';
      const connection = await begin.invited(link);
      return show('invitation', {
        connection,
        permissions: permissionsOf(connection),
        form: { action: `${baseUrl.path}/invitation`, fields: { link } },
      });
    },
    async 'POST /invitation'(request) {
      const link = single(await formOf(request), 'link') ?? '';
      const connection = await begin.invited(link);
      const begun = await begin.accept(link, cookieOf(request, baseUrl));
      return withCookie(await show('leaving', { connection, location: begun.location }), begun);
    },
    async 'GET /callback'(request, query) {
      const step = await authorization.callback(
        {
          state: single(query, 'state') ?? '',
          code: single(query, 'code'),
          error: single(query, 'error'),
          errorDescription: single(query, 'error_description'),
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
      const { connection, grant } = await authorization.review(attempt, browser(request), {
        signal: request.signal,
        // The page comes again by itself, so the browser need not wait here.
        maxWait: 2_000,
      });
      if (!grant) return show('waiting', { connection });
      return show('confirmation', {
        connection,
        grant,
        permissions: permissionsOf(connection),
        form: { action: `${baseUrl.path}/confirm`, fields: { attempt } },
      });
    },
    async 'POST /confirm'(request) {
      const attempt = single(await formOf(request), 'attempt') ?? '';
      const { connection, returnTo } = await authorization.confirm(attempt, browser(request));
      return returnTo === undefined ? show('connected', { connection }) : redirect(303, returnTo);
    },
  };

  const answer = async (request: Request): Promise<Response> => {
    // Only path and query are read: the origin of a request is the client's word.
    const { pathname, searchParams } = new URL(request.url);
    const path = pathname.startsWith(`${baseUrl.path}/`) ? pathname.slice(baseUrl.path.length) : pathname;
    const route = routes[`${request.method} ${path}`];
    // A state is good for one look. Whoever only wants to see whether there is a page must not have it.
    if (isSpeculative(request)) return new Response(null, { status: 503 });
    if (request.method === 'HEAD')
      return new Response(null, { status: 405, headers: { allow: 'GET, POST' } });
    try {
      if (!route) throw new ConnectorError('not_found', 'There is no such page.');
      return await route(request, searchParams);
    } catch (thrown) {
      const error = understood(thrown);
      const { code, serviceCode, cause } = error;
      const about = { code, serviceCode, cause: nameOf(cause), path: route ? path : 'unknown' };
      const isOurs = code === 'unexpected' || (code === 'attempt_invalid' && cause !== undefined);
      if (isOurs) logger.error(about, 'A step of the authorization failed.');
      else logger.info(about, 'A step of the authorization was refused.');
      return show('error', { error, status: statusOf(error) });
    }
  };
  return async (request) => guarded(await answer(request));
}

/** A browser that loads a page before anybody wants it; it has the cookie. */
const isSpeculative = ({ headers }: Request) =>
  ['sec-purpose', 'purpose', 'x-moz'].some((name) =>
    /prefetch|prerender|preview/i.test(headers.get(name) ?? ''),
  );

const understood = (thrown: unknown) =>
  ConnectorError.is(thrown)
    ? thrown
    : new ConnectorError('unexpected', 'Something went wrong on our side. Try again in a minute.', {
        cause: thrown,
      });

/** What a log may say of a cause: our own codes and the names of others' errors, never their texts. */
const nameOf = (cause: unknown) =>
  ConnectorError.is(cause) ? cause.code : cause instanceof Error ? cause.name : undefined;

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

const redirect = (status: 302 | 303, location: string) =>
  new Response(null, { status, headers: { location } });

function withCookie(response: Response, { setCookie }: Begun): Response {
  const headers = new Headers(response.headers);
  headers.append('set-cookie', setCookie);
  return new Response(response.body, { status: response.status, headers });
}
