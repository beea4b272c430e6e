import { ConnectorError } from '@mailsphere/core';

const RIGHTS =
  'The credentials were refused, or lack a right: on the objects `s3:PutObject`, `s3:GetObject` and `s3:AbortMultipartUpload`, with Object Lock `s3:PutObjectRetention`; on the bucket `s3:ListBucket`; and the use of its KMS key, if it has one.';
const CREDENTIALS = 'The service refused the credentials of the client: check or renew them.';
const BUSY =
  'The service asks to slow down, also after the tries of the client. Work goes on from where it stopped.';
const BROKEN = 'The service failed, also after the tries of the client. Work goes on from where it stopped.';
const ALTERED = 'What arrived is not what was sent. It was not stored, and will be tried again.';
const NO_SERVER =
  'Nothing answers at the endpoint of the client: check its address, and whether the service runs.';
const NO_HOST =
  'The host of the endpoint is not known: check the endpoint, the region and the name of the bucket.';
const LOST = 'The connection to the service was lost or took too long. Work goes on once there is one again.';
const REGION = 'The bucket is in another region, or at another endpoint: check both of the client.';

// Names of errors as services spell them; codes of Node, which come when there is no answer; and the status of an answer whose
// error has no name, as that to a HEAD.
const REMEDIES: Readonly<Record<string, string>> = {
  NoSuchBucket: 'The bucket does not exist: create it, or check its name.',
  AccessDenied: RIGHTS,
  403: RIGHTS,
  InvalidAccessKeyId: CREDENTIALS,
  SignatureDoesNotMatch: CREDENTIALS,
  ExpiredToken: CREDENTIALS,
  InvalidToken: CREDENTIALS,
  401: CREDENTIALS,
  CredentialsProviderError: 'The client found no credentials: give it some.',
  RequestTimeTooSkewed: 'The clock of this machine is wrong: set it.',
  SlowDown: BUSY,
  ThrottlingException: BUSY,
  429: BUSY,
  503: BUSY,
  InternalError: BROKEN,
  500: BROKEN,
  502: BROKEN,
  504: BROKEN,
  BadDigest: ALTERED,
  XAmzContentSHA256Mismatch: ALTERED,
  IncompleteBody: ALTERED,
  PermanentRedirect: REGION,
  AuthorizationHeaderMalformed: REGION,
  301: REGION,
  NotImplemented:
    "The service does not know a header of the request: try `checksums: 'when-required'`, and leave out `objectLock`.",
  501: 'The service does not know this request, or a header of it.',
  InvalidRequest:
    'The service refused the request as it was made. With `objectLock`, the bucket must have been created with Object Lock.',
  InvalidArgument:
    'The service refused the request as it was made: check `objectLock`, `checksums` and `partSize`.',
  QuotaExceeded:
    'The quota of the bucket or the user is used up: raise it. Work goes on from where it stopped.',
  NoSuchUpload: 'The upload was ended by something else, such as a lifecycle rule. It will be begun anew.',
  ConditionalRequestConflict: 'Others write to the same key at this moment. It will be tried again.',
  409: 'Others write to the same key at this moment. It will be tried again.',
  ECONNREFUSED: NO_SERVER,
  ENOTFOUND: NO_HOST,
  EAI_AGAIN: NO_HOST,
  ECONNRESET: LOST,
  EPIPE: LOST,
  ETIMEDOUT: LOST,
  TimeoutError: LOST,
};

/**
 * What to throw instead of what the client threw. Its message may hold keys, names and addresses: it stays in `cause`.
 */
export function s3Failure(cause: unknown): ConnectorError {
  if (ConnectorError.is(cause)) return cause;
  const status = statusOf(cause);
  const words = [codeOf(cause), nameOf(cause), String(status)];
  const word = words.find((one) => one !== undefined && Object.hasOwn(REMEDIES, one));
  const said = word ?? (status === undefined ? undefined : (nameOf(cause) ?? String(status)));
  return new ConnectorError(
    'storage_failed',
    `The bucket${said === undefined ? '' : ` (${said})`}: ${(word && REMEDIES[word]) ?? 'Look at `cause`.'}`,
    { cause, ...(status !== undefined && { serviceCode: said }), requestId: requestIdOf(cause) },
  );
}

/** The HTTP status of the service's answer; `undefined` when there was none. */
export const statusOf = (error: unknown): number | undefined => metadataOf(error)?.httpStatusCode;

const requestIdOf = (error: unknown) => metadataOf(error)?.requestId;

function metadataOf(error: unknown) {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined;
  return error.$metadata as { readonly httpStatusCode?: number; readonly requestId?: string } | undefined;
}

const codeOf = (error: unknown) => wordOf(error instanceof Error && 'code' in error ? error.code : undefined);
const nameOf = (error: unknown) => wordOf(error instanceof Error ? error.name : undefined);
const wordOf = (value: unknown) =>
  typeof value === 'string' && /^[A-Za-z0-9_]{1,60}$/.test(value) ? value : undefined;
