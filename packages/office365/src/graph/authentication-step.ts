import type { Context } from '@microsoft/microsoft-graph-client';
import type { TokenManager } from '../entra/token-manager.ts';
import type { Step } from './chain.ts';
import { answerOf, callOf } from './graph-call.ts';
import { readProblem } from './graph-problem.ts';
import { graphRefusal } from './graph-refusal.ts';

/** Attaches the tenant's token; a token that is refused is replaced once. */
export const authenticationStep =
  (tokens: TokenManager): Step =>
  async (context, next) => {
    const { tenantId, about, signal } = callOf(context).query;
    const first = await tokens.acquire(tenantId, { signal });
    await next(authorized(context, first.token));
    if (answerOf(context).status !== 401) return;
    const second = await tokens.acquire(tenantId, { signal, instead: first.token });
    await next(authorized(context, second.token));
    const { status, headers, text } = answerOf(context);
    if (status !== 401) return;
    throw graphRefusal(readProblem(status, text, headers.get('request-id')), about).error;
  };

function authorized(context: Context, token: string): Context {
  context.options = {
    ...context.options,
    headers: { ...(context.options?.headers as Record<string, string>), authorization: `Bearer ${token}` },
  };
  return context;
}
