import { increment } from '../request-counts.ts';
import type { World } from '../world.ts';
import { aadstsResponse } from './aadsts-error.ts';
import { adminConsent } from './admin-consent.ts';
import { createAuthorizations } from './authorization-code.ts';
import { authorize } from './authorize.ts';
import { instanceDiscovery, keySet, openidConfiguration } from './discovery.ts';
import { faultResponse } from './fault-response.ts';
import { createSessions } from './session.ts';
import { token } from './token.ts';

const NO_FORM = new URLSearchParams();

/** Creates the sign-in service: what answers at login.microsoftonline.com. */
export function createLoginService(world: World): (request: Request) => Promise<Response> {
  const sessions = createSessions(world);
  const authorizations = createAuthorizations();

  const answer = (
    route: string,
    request: Request,
    url: URL,
    segment: string,
    form: URLSearchParams,
  ): Promise<Response> | Response => {
    switch (route) {
      case 'openid-configuration':
        return openidConfiguration(world, segment);
      case 'keys':
        return keySet(world, segment);
      case 'instance':
        return instanceDiscovery(world);
      case 'authorize':
        return authorize(world, sessions, authorizations, request, url, segment);
      case 'adminconsent':
        return adminConsent(world, sessions, request, url, segment, url.pathname.includes('/v2.0/') ? 2 : 1);
      case 'token':
        if (request.method !== 'POST') return aadstsResponse(world, 900144, "'grant_type'.");
        return token(world, authorizations, request, form, segment);
      case 'logout':
        return new Response('Signed out.', { headers: { 'set-cookie': sessions.end(request) } });
      default:
        return new Response('Not found.', { status: 404 });
    }
  };

  return async (request) => {
    const url = new URL(request.url);
    const [segment = '', ...rest] = url.pathname
      .split('/')
      .filter((part) => part !== '')
      .map(decode);
    const route = routeOf(rest.join('/'));
    const tenantId = world.tenant(segment)?.id;
    const form =
      route === 'token' && request.method === 'POST' ? new URLSearchParams(await request.text()) : NO_FORM;
    const grant = form.get('grant_type') ?? undefined;
    if (route === 'token') {
      increment(world.counts.tokensByTenant, tenantId ?? segment);
      increment(world.counts.tokensByGrant, grant ?? 'none');
    }
    const query = { service: 'login' as const, route, path: url.pathname, tenantId, grant };
    const fault = world.faults.take(query) ?? world.rehearsal.take(query);
    const real = () => answer(route, request, url, segment, form);
    if (fault !== undefined && fault.afterMs > 0)
      await world.clock.wait(fault.afterMs, { signal: request.signal });
    const response =
      fault === undefined ? await real() : await faultResponse(world, fault.answer, route, request, real);
    world.count(route, response.status);
    return response;
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function routeOf(path: string): string {
  switch (path.toLowerCase()) {
    case 'v2.0/.well-known/openid-configuration':
      return 'openid-configuration';
    case 'discovery/v2.0/keys':
      return 'keys';
    case 'discovery/instance':
      return 'instance';
    case 'oauth2/v2.0/authorize':
      return 'authorize';
    case 'v2.0/adminconsent':
    case 'adminconsent':
      return 'adminconsent';
    case 'oauth2/v2.0/token':
      return 'token';
    case 'oauth2/v2.0/logout':
      return 'logout';
    default:
      return 'unknown';
  }
}
