import { ConnectorError } from '@mailsphere/core';
import type { Context } from '@microsoft/microsoft-graph-client';
import type { TokenManager } from '../entra/token-manager.ts';
import type { Step } from './chain.ts';
import { claimsOf } from './claims-challenge.ts';
import { answerOf, callOf } from './graph-call.ts';
import { readProblem } from './graph-problem.ts';
import { graphRefusal } from './graph-refusal.ts';

/** Attaches the tenant's token; a token that is refused is replaced once, by one with the claims that were asked for. */
export const authenticationStep =
  (tokens: TokenManager): Step =>
  async (context, next) => {
    const { tenantId, about, signal, maxWait } = callOf(context).query;
    const first = await tokens.acquire(tenantId, { signal, maxWait });
    await next(authorized(context, first.token));
    if (answerOf(context).status !== 401) return;
    const claims = challengeOf(context);
    const second = await tokens.acquire(tenantId, { signal, maxWait, instead: first.token, claims });
    // The same one would be refused again.
    if (second.token !== first.token) await next(authorized(context, second.token));
    const { status, headers, text } = answerOf(context);
    if (status !== 401) return;
    const isStuck = claims !== undefined && challengeOf(context) !== undefined;
    if (isStuck) tokens.discard(tenantId, second.token, stuck());
    else tokens.keep(tenantId, second.token);
    throw graphRefusal(readProblem(status, text, headers.get('request-id')), about).error;
  };

const challengeOf = (context: Context) => claimsOf(answerOf(context).headers.get('www-authenticate'));

const stuck = () =>
  new ConnectorError(
    'unavailable',
    'Microsoft Graph refuses even tokens with the claims that it asks for: no other one is asked for at the moment.',
  );

function authorized(context: Context, token: string): Context {
  context.options = {
    ...context.options,
    headers: { ...(context.options?.headers as Record<string, string>), authorization: `Bearer ${token}` },
  };
  return context;
}
