import type { FaultAnswer } from './fault.ts';

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
} as const satisfies Readonly<Record<string, FaultAnswer>>;

/** The name of a way to misbehave. */
export type BrokenAnswer = keyof typeof brokenAnswers;
