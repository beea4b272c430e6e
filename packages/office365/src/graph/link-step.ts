import type { Step } from './chain.ts';
import { callOf } from './graph-call.ts';
import { checkLink, linkOf } from './link-check.ts';

/** First of all: nothing is added to a request before it is known where it goes. Also keeps the error of the call. */
export const linkStep =
  (graph: string): Step =>
  async (context, next) => {
    const call = callOf(context);
    try {
      const { link } = call.query;
      const address = link === undefined ? context.request : linkOf(link, graph);
      context.request = checkLink(typeof address === 'string' ? address : '', graph, call.query.path).href;
      await next(context);
    } catch (error) {
      call.failure = error;
      throw error;
    }
  };
