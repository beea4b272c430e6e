import type { World } from '../world.ts';
import { type AadstsCode, aadstsCodes } from './aadsts-code.ts';

// Looked up by any number, also one that is not in the table.
const KNOWN: Readonly<Record<number, AadstsCode>> = aadstsCodes;

const UNKNOWN: Omit<AadstsCode, 'cure'> = {
  status: 400,
  error: 'invalid_request',
  text: 'The request failed.',
};

/** A sign-in error as the endpoints report it. */
export interface AadstsError {
  readonly status: number;
  readonly error: string;
  readonly description: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Builds the error for an AADSTS number; `detail` goes into the text, `error` replaces the usual code. */
export function aadstsError(world: World, code: number, detail?: string, error?: string): AadstsError {
  const known: Omit<AadstsCode, 'cure'> = KNOWN[code] ?? UNKNOWN;
  const timestamp = `${new Date(world.clock.now()).toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const traceId = world.random.guid();
  const correlationId = world.random.guid();
  const text = detail === undefined ? known.text : `${known.text} ${detail}`;
  const description = `AADSTS${code}: ${text} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`;
  return {
    status: known.status,
    error: error ?? known.error,
    description,
    body: {
      error: error ?? known.error,
      error_description: description,
      error_codes: [code],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
      error_uri: `${world.settings.loginOrigin}/error?code=${code}`,
      ...(known.suberror === undefined ? {} : { suberror: known.suberror }),
      ...(known.claims === undefined ? {} : { claims: capolids(world) }),
    },
  };
}

// What the next sign-in must bring, as recorded: ids of the policies that asked for more.
function capolids(world: World): string {
  return JSON.stringify({ access_token: { capolids: { essential: true, values: [world.random.guid()] } } });
}

/** The error as the JSON answer of the token and discovery endpoints. */
export function aadstsResponse(world: World, code: number, detail?: string, error?: string): Response {
  const built = aadstsError(world, code, detail, error);
  return Response.json(built.body, {
    status: built.status,
    headers: { 'cache-control': 'no-store, no-cache', 'x-ms-request-id': world.random.guid() },
  });
}
