import type { World } from '../world.ts';

interface Known {
  readonly status: number;
  readonly error: string;
  readonly text: string;
  readonly suberror?: string;
}

// "Microsoft Entra authentication and authorization error codes". Where the documents give no status, 400 stands here.
// biome-ignore format: a table
const KNOWN: Record<number, Known> = {
  50001: { status: 400, error: 'invalid_resource', text: 'The resource principal named in the request was not found in the tenant.' },
  50011: { status: 400, error: 'invalid_request', text: 'The redirect URI specified in the request does not match the redirect URIs configured for the application.' },
  50012: { status: 401, error: 'invalid_client', text: 'Authentication failed: the audience or the times of the client assertion are wrong.' },
  50020: { status: 400, error: 'access_denied', text: 'The user account from another identity provider does not exist in this tenant and cannot access the application in it.' },
  50034: { status: 400, error: 'invalid_request', text: 'The user account does not exist in this directory.' },
  50057: { status: 400, error: 'invalid_grant', text: 'The user account is disabled.' },
  50058: { status: 400, error: 'login_required', text: 'A silent sign-in request was sent but no user is signed in.' },
  50148: { status: 400, error: 'invalid_grant', text: 'The code_verifier does not match the code_challenge supplied in the authorization request for PKCE.' },
  50173: { status: 400, error: 'invalid_grant', text: 'The provided grant has expired due to it being revoked.', suberror: 'bad_token' },
  53003: { status: 400, error: 'invalid_grant', text: 'Access has been blocked by Conditional Access policies.', suberror: 'message_only' },
  54005: { status: 400, error: 'invalid_grant', text: 'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.' },
  65001: { status: 400, error: 'invalid_grant', text: 'The user or administrator has not consented to use the application.', suberror: 'consent_required' },
  65004: { status: 400, error: 'access_denied', text: 'User declined to consent to access the app.' },
  70000: { status: 400, error: 'invalid_grant', text: 'The provided value for the grant is not valid.' },
  70001: { status: 400, error: 'unauthorized_client', text: 'The application is disabled or not found.' },
  70003: { status: 400, error: 'unsupported_grant_type', text: 'The app returned an unsupported grant type.' },
  70008: { status: 400, error: 'invalid_grant', text: 'The provided authorization code or refresh token has expired due to inactivity.' },
  70011: { status: 400, error: 'invalid_scope', text: 'The provided value for the input parameter scope is not valid.' },
  90002: { status: 400, error: 'invalid_request', text: 'Tenant not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.' },
  90014: { status: 400, error: 'invalid_request', text: 'A required field is missing from the credential.' },
  90033: { status: 503, error: 'temporarily_unavailable', text: 'A transient error has occurred. Please try again.' },
  90055: { status: 429, error: 'temporarily_unavailable', text: 'Too many requests: the tenant is throttled.' },
  90094: { status: 400, error: 'access_denied', text: 'Admin consent is required for the permissions requested by this application.' },
  900023: { status: 400, error: 'invalid_request', text: 'Specified tenant identifier is neither a valid DNS name, nor a valid external domain.' },
  900144: { status: 400, error: 'invalid_request', text: 'The request body must contain the following parameter:' },
  700016: { status: 400, error: 'unauthorized_client', text: 'Application was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.' },
  700027: { status: 401, error: 'invalid_client', text: 'The certificate with identifier used to sign the client assertion is not registered on application, or the signature is wrong.' },
  7000112: { status: 400, error: 'unauthorized_client', text: 'Application is disabled.' },
  7000215: { status: 401, error: 'invalid_client', text: 'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.' },
  7000218: { status: 401, error: 'invalid_client', text: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'." },
  7000222: { status: 401, error: 'invalid_client', text: 'The provided client secret keys are expired.' },
  7000229: { status: 401, error: 'invalid_client', text: 'The client application is missing service principal in the tenant.' },
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
  const known = KNOWN[code] ?? { status: 400, error: 'invalid_request', text: 'The request failed.' };
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
    },
  };
}

/** The error as the JSON answer of the token and discovery endpoints. */
export function aadstsResponse(world: World, code: number, detail?: string, error?: string): Response {
  const built = aadstsError(world, code, detail, error);
  return Response.json(built.body, {
    status: built.status,
    headers: { 'cache-control': 'no-store, no-cache', 'x-ms-request-id': world.random.guid() },
  });
}
