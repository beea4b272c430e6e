import type { Context, Middleware } from '@microsoft/microsoft-graph-client';

/** One step of the chain: does its part, and `next` does the rest. */
export type Step = (context: Context, next: (context: Context) => Promise<void>) => Promise<void>;

/** Steps as middleware of the client library, which links them in the order given. */
export const chain = (...steps: readonly Step[]): Middleware[] =>
  steps.map((step): Middleware => {
    let following: Middleware | undefined;
    return {
      execute: (context) => step(context, async (passed) => following?.execute(passed)),
      setNext: (middleware) => {
        following = middleware;
      },
    };
  });
