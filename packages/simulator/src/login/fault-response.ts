import { isRegistered } from '../app-registration.ts';
import {
  type AadstsAnswer,
  blanks,
  type FaultAnswer,
  hang,
  headersOf,
  merged,
  type PlainAnswer,
  RESET,
} from '../fault.ts';
import { streamOf } from '../graph/graph-response.ts';
import type { World } from '../world.ts';
import { aadstsError } from './aadsts-error.ts';
import { errorPage, redirect } from './authorize.ts';

const PAGES: ReadonlySet<string> = new Set(['authorize', 'adminconsent']);

/** What the sign-in service answers when it is told to fail; `real` asks for the true answer. */
export async function faultResponse(
  world: World,
  answer: FaultAnswer,
  route: string,
  request: Request,
  real: () => Promise<Response> | Response,
): Promise<Response> {
  if (answer === 'hang') return hang(request.signal);
  if (answer === 'reset') throw new TypeError(RESET);
  if (answer === 'claimsChallenge') return real();
  // These are for Graph, and never come here.
  if ('deliver' in answer || 'page' in answer) return real();
  if ('callback' in answer) return callback(world, new URL(request.url).searchParams, answer.callback);
  if ('aadsts' in answer) return PAGES.has(route) ? errorPage(world, answer.aadsts) : aadsts(world, answer);
  if ('status' in answer) return plain(answer, world.clock.now());
  const response = await real();
  const body: unknown = await response.json().catch(() => undefined);
  if (body === undefined) return response;
  return Response.json(merged(body, answer.merge), { status: response.status, headers: response.headers });
}

function aadsts(world: World, answer: AadstsAnswer): Response {
  const error = aadstsError(world, answer.aadsts);
  return Response.json(merged(error.body, answer.merge ?? {}), {
    status: answer.status ?? error.status,
    headers: {
      'cache-control': 'no-store, no-cache',
      'x-ms-request-id': world.random.guid(),
      ...answer.headers,
    },
  });
}

// Not even a fault sends a browser to an address that is not registered.
function callback(
  world: World,
  query: URLSearchParams,
  parameters: Readonly<Record<string, string>>,
): Response {
  const redirectUri = query.get('redirect_uri') ?? '';
  if (!isRegistered(world.app, redirectUri)) return errorPage(world, 50011, redirectUri);
  const state = query.get('state');
  return redirect(redirectUri, { ...parameters, ...(state === null ? {} : { state }) });
}

function plain(answer: PlainAnswer, now: number): Response {
  const { status, body = null, bodyBytes } = answer;
  const headers = headersOf(answer, now);
  const content = bodyBytes === undefined ? body : streamOf(blanks(bodyBytes), () => {});
  return new Response(content, { status, headers });
}
