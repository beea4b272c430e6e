import { blanks, type FaultAnswer, hang, headersOf, merged, type PlainAnswer, RESET } from '../fault.ts';
import type { World } from '../world.ts';
import { badPage } from './bad-page.ts';
import { answerBatch } from './batch.ts';
import { createEarlyCalls } from './early-calls.ts';
import { checkPermission, claimsChallenge, tokenOf } from './graph-access.ts';
import type { Answer, GraphCall, Route } from './graph-call.ts';
import { errorBody } from './graph-error.ts';
import { GraphFailure } from './graph-failure.ts';
import { segmentsOf } from './graph-path.ts';
import { toResponse } from './graph-response.ts';
import { routeOf } from './graph-router.ts';
import { createGraphThrottle } from './graph-throttle.ts';
import { preferenceOf } from './preference.ts';

/** A request as the service takes it: whole, or a part of a batch. */
export interface GraphRequest {
  readonly method: string;
  /** Path after the origin. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly signal: AbortSignal;
  header(name: string): string | null;
  json(): Promise<unknown>;
}

/** An answer that still holds its slot: `release` when the body was sent. */
export interface HeldAnswer {
  readonly answer: Answer;
  release(): void;
}

const NOTHING = () => {};

async function answerOrFail(
  route: Route,
  call: GraphCall,
  fault: FaultAnswer | undefined,
  signal: AbortSignal,
): Promise<Answer> {
  if (fault === 'hang') return await hang(signal);
  if (fault === 'reset') throw new TypeError(RESET);
  if (fault === 'claimsChallenge') throw claimsChallenge(call.world);
  // The faults of the sign-in service never come here.
  if (fault !== undefined && !('aadsts' in fault) && 'status' in fault)
    return plainAnswer(fault, call.world.clock.now());
  checkPermission(call, route);
  const answer = await route.run(call);
  if (fault === undefined) return answer;
  if ('deliver' in fault) return { ...answer, deliver: fault.deliver };
  if (answer.json === undefined) return answer;
  if ('page' in fault) return { ...answer, json: badPage(call.world, answer.json, fault) };
  return 'merge' in fault ? { ...answer, json: merged(answer.json, fault.merge) } : answer;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function plainAnswer(plain: PlainAnswer, now: number): Answer {
  const { status, body, bodyBytes } = plain;
  const headers = headersOf(plain, now);
  if (bodyBytes === undefined) return { status, headers, json: body ?? '' };
  return { status, headers, content: { bytes: bodyBytes, chunks: blanks(bodyBytes) } };
}

/** Creates the Graph service: what answers at graph.microsoft.com. */
export function createGraphService(world: World): (request: Request) => Promise<Response> {
  const throttle = createGraphThrottle(world);
  const early = createEarlyCalls(world);

  const failure = (error: unknown, requestId: string, request: GraphRequest): Answer => {
    if (!(error instanceof GraphFailure)) throw error;
    const json = errorBody(world, error.code, error.message, requestId, request.header('client-request-id'));
    return { status: error.status, headers: error.headers, json };
  };

  const run = async (
    route: Route,
    call: GraphCall,
    request: GraphRequest,
    requestId: string,
  ): Promise<HeldAnswer> => {
    const passage = throttle.enter(route, call, requestId);
    if (passage.refused !== undefined) return { answer: passage.refused, release: NOTHING };
    const release = () => {
      request.signal.removeEventListener('abort', passage.release);
      passage.release();
    };
    request.signal.addEventListener('abort', passage.release, { once: true });
    try {
      if (world.settings.latencyMs > 0)
        await world.clock.wait(world.settings.latencyMs, { signal: request.signal });
      const user = route.user === undefined ? undefined : call.tenant.user(route.user);
      const query = {
        service: 'graph' as const,
        route: route.name,
        path: request.path,
        tenantId: call.tenant.id,
        mailboxId: user?.id,
        mailboxName: user?.userPrincipalName,
      };
      const fault = world.faults.take(query) ?? world.rehearsal.take(query);
      if (fault !== undefined && fault.afterMs > 0)
        await world.clock.wait(fault.afterMs, { signal: request.signal });
      const answer = await answerOrFail(route, call, fault?.answer, request.signal);
      return {
        answer: { ...answer, headers: { ...passage.headers, ...answer.headers } },
        release,
      };
    } catch (error) {
      release();
      return { answer: failure(error, requestId, request), release: NOTHING };
    }
  };

  /** Answers one request; the parts of a batch come here one by one. */
  const handle = async (
    request: GraphRequest,
    requestId: string,
    inBatch: boolean,
  ): Promise<HeldAnswer & { route: string }> => {
    let name = 'unknown';
    let held: HeldAnswer;
    try {
      const segments = segmentsOf(request.path);
      const route = routeOf(request.method, segments.slice(1));
      name = route?.name ?? 'unknown';
      const token = tokenOf(world, request.header('authorization'));
      if (segments[0] !== 'v1.0')
        throw new GraphFailure(
          404,
          'ResourceNotFound',
          `Invalid version: ${segments[0] ?? ''}. Only v1.0 is simulated.`,
        );
      const call: GraphCall = {
        world,
        tenant: token.tenant,
        token,
        method: request.method,
        segments: segments.slice(1),
        query: request.query,
        prefer: preferenceOf(request.header('prefer')),
        header: request.header,
        json: request.json,
      };
      if (segments[1]?.toLowerCase() === '$batch' && !inBatch && request.method === 'POST') {
        name = 'batch';
        const part = (one: GraphRequest) => handle(one, world.random.guid(), true);
        held = { answer: await answerBatch(world, request, part), release: NOTHING };
      } else if (route === undefined) {
        throw request.method === 'GET' || request.method === 'POST'
          ? new GraphFailure(
              400,
              'BadRequest',
              `Resource not found for the segment '${segments.at(1) ?? ''}', or not simulated.`,
            )
          : new GraphFailure(405, 'Request_BadRequest', `The method ${request.method} is not simulated.`);
      } else held = await run(route, call, request, requestId);
    } catch (error) {
      held = { answer: failure(error, requestId, request), release: NOTHING };
    }
    world.count(name, held.answer.status);
    return { ...held, route: name };
  };

  return async (request) => {
    const url = new URL(request.url);
    const requestId = world.random.guid();
    const taken: GraphRequest = {
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      signal: request.signal,
      header: (name) => request.headers.get(name),
      json: () => request.json(),
    };
    const segments = url.pathname.split('/').slice(1).map(decode);
    early.came(segments);
    const proxying = world.rehearsal.proxy(taken);
    const proxied = proxying === undefined ? undefined : await proxying;
    if (proxied !== undefined) world.count('proxy', proxied.status);
    const { answer, release } =
      proxied === undefined ? await handle(taken, requestId, false) : { answer: proxied, release: NOTHING };
    early.answered(segments, answer.status, answer.headers ?? {});
    const { signal } = request;
    return toResponse(answer, release, requestId, taken.header('client-request-id'), {
      clock: world.clock,
      signal,
    });
  };
}
