import type { FaultAnswer, PlainAnswer } from './fault.ts';

/** An error answer of Graph in its own form. */
const refusal = (
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
  message = 'The simulator was told to answer so.',
): PlainAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ error: { code, message } }),
});

const throttled = (retryAfter?: string): PlainAnswer =>
  refusal(429, 'TooManyRequests', retryAfter === undefined ? {} : { 'retry-after': retryAfter });

/** Ways in which a service was seen, or must be expected, to misbehave; {@link Fault.answer} takes them by name. */
export const brokenAnswers = {
  /** 429 with a body of JSON and `Retry-After` in seconds. */
  throttledJson: { aadsts: 90055, headers: { 'retry-after': '7' } },
  /** 429 whose body is no JSON, as reported of the token endpoint. */
  throttledText: {
    status: 429,
    headers: { 'retry-after': '7', 'content-type': 'text/plain' },
    body: 'Too Many Requests',
  },
  unavailableHtml: {
    status: 503,
    headers: { 'retry-after': '7', 'content-type': 'text/html' },
    body: '<!doctype html><html><head><title>503</title></head><body><h1>Service Unavailable</h1></body></html>',
  },
  empty: { status: 200 },
  emptyObject: { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' },
  html: {
    status: 200,
    headers: { 'content-type': 'text/html' },
    body: '<html><body>Sign in to this network</body></html>',
  },
  /** A body of 100 MB that says it is JSON. */
  hugeBody: { status: 200, headers: { 'content-type': 'application/json' }, bodyBytes: 100_000_000 },
  negativeLifetime: { merge: { expires_in: -5 } },
  hugeLifetime: { merge: { expires_in: 1e300 } },
  textLifetime: { merge: { expires_in: '3599' } },
  noLifetime: { merge: { expires_in: null } },
  noToken: { merge: { access_token: null } },

  /** 429 of Graph: with `Retry-After` in its forms, wrong ones among them. */
  throttled: throttled('10'),
  throttledZero: throttled('0'),
  throttledFraction: throttled('2.128'),
  throttledLong: throttled('600'),
  throttledBare: throttled(),
  throttledGarbage: throttled('soon'),
  throttledDate: { ...throttled(), retryAfterDate: 30 },
  throttledPastDate: { ...throttled(), retryAfterDate: -60 },
  /** As if another application held slots of the mailbox. */
  throttledConcurrency: refusal(
    429,
    'ApplicationThrottled',
    { 'retry-after': '1' },
    'Application is over its MailboxConcurrency limit.',
  ),
  badRequest: refusal(400, 'ErrorInvalidRequest'),
  tokenRefused: refusal(401, 'InvalidAuthenticationToken'),
  accessDenied: refusal(403, 'ErrorAccessDenied'),
  itemNotFound: refusal(404, 'ErrorItemNotFound'),
  requestTimeout: refusal(408, 'RequestTimeout'),
  conflict: refusal(409, 'Conflict'),
  stateNotFound: refusal(410, 'SyncStateNotFound'),
  locked: refusal(423, 'Locked'),
  tooEarly: refusal(425, 'TooEarly'),
  serverError: refusal(500, 'InternalServerError'),
  badGateway: refusal(502, 'BadGateway'),
  unavailable: refusal(503, 'ServiceUnavailable', { 'retry-after': '10' }),
  gatewayTimeout: refusal(504, 'GatewayTimeout'),
  insufficientStorage: refusal(507, 'InsufficientStorage'),
  /** Of something between here and the service. */
  proxyPage: {
    status: 502,
    headers: { 'content-type': 'text/html' },
    body: '<!doctype html><html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>',
  },

  resetBeforeHeaders: 'reset',
  resetInBody: { deliver: { ending: 'reset' } },
  resetAtEnd: { deliver: { after: 1, ending: 'reset' } },
  stallBeforeHeaders: 'hang',
  stallInBody: { deliver: { ending: 'stall' } },
  drip: { deliver: { after: 0, ending: 'drip' } },
  /** Cut, where `Content-Length` tells. */
  truncated: { deliver: { ending: 'end' } },
  /** Cut in chunks: the last one is missing. */
  chunksCut: { deliver: { ending: 'end', length: 'none' } },
  /** Cut, with a `Content-Length` that hides it. */
  truncatedSilently: { deliver: { ending: 'end', length: 'cut' } },

  rowsTwice: { page: 'twice' },
  rowsReversed: { page: 'reversed' },
  rowsRemovedFirst: { page: 'removedFirst' },
  rowsWithoutLast: { page: 'withoutLast' },
  pageEndsEarly: { page: 'endsEarly' },
  pageLeadsNowhere: { page: 'leadsNowhere' },
} as const satisfies Readonly<Record<string, FaultAnswer>>;

/** The name of a way to misbehave. */
export type BrokenAnswer = keyof typeof brokenAnswers;
