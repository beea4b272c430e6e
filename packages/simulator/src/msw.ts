import { type HttpHandler, http } from 'msw';
import type { Simulator } from './simulator.ts';

/** Request handlers for msw that answer both origins of a simulator: `setupServer(...handlers(simulator))`. */
export function handlers(simulator: Simulator): HttpHandler[] {
  return [simulator.login, simulator.graph].map(({ origin, fetch }) =>
    http.all(`${origin}/*`, ({ request }) => fetch(request)),
  );
}
