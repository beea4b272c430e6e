import type { World } from '../world.ts';

/** The body of an error answer. */
export function errorBody(
  world: World,
  code: string,
  message: string,
  requestId: string,
  clientRequestId: string | null,
): unknown {
  return {
    error: {
      code,
      message,
      innerError: {
        date: new Date(world.clock.now()).toISOString().slice(0, 19),
        'request-id': requestId,
        'client-request-id': clientRequestId ?? requestId,
      },
    },
  };
}

/** The documented body of a throttled answer that no service signed. */
export function tooManyRequests(world: World, requestId: string): unknown {
  return {
    error: {
      code: 'TooManyRequests',
      innerError: {
        code: '429',
        date: new Date(world.clock.now()).toISOString().slice(0, 19),
        message: 'Please retry after',
        'request-id': requestId,
        status: '429',
      },
      message: 'Please retry again later.',
    },
  };
}
