/**
 * What went wrong, as a stable word:
 *
 * | code | meaning |
 * |---|---|
 * | `invalid_options` | a factory was given something it cannot use; `field` names it |
 * | `invalid_request` | a call was given something it cannot use; `field` names it |
 * | `not_found` | the named connection, mailbox or record does not exist |
 * | `conflict` | a compare-and-set did not hold: somebody else was first |
 * | `refused` | a hook, or the state of the connection, does not allow it |
 * | `tenant_not_found` | the service knows no such tenant |
 * | `tenant_already_bound` | the tenant belongs to another connection |
 * | `consent_refused` | the administrator cancelled, or may not grant |
 * | `consent_pending` | the grant is not visible at the service yet |
 * | `attempt_invalid` | the sign-in or consent attempt is unknown, used, expired, or of another browser or actor |
 * | `credential_invalid` | the host's own secret or certificate was refused: the operator must act |
 * | `reauthorization_required` | the tenant's consent is gone: an administrator must act |
 * | `permission_missing` | the service refused one call for want of a permission |
 * | `mailbox_not_found` | the user has no mailbox that the service can open |
 * | `gone` | the item is no longer where it was listed |
 * | `item_failed` | the service answered the request for one item with an error that may pass |
 * | `incomplete` | a content broke off before its end |
 * | `poison` | the service cannot hand out this item, now or later |
 * | `cursor_expired` | the service forgot the cursor: read everything again |
 * | `throttled` | the service asks to wait; `retryAt` says until when |
 * | `unavailable` | the service cannot be reached or fails for a while |
 * | `link_refused` | a link or an answer points to a host that is not on the allow-list |
 * | `storage_failed` | a sink or the state's storage failed: a full disk, a folder that cannot be written |
 * | `aborted` | the caller's signal, or a stop, ended it |
 * | `unexpected` | an answer that nothing here understands |
 */
export type ErrorCode =
  | 'invalid_options'
  | 'invalid_request'
  | 'not_found'
  | 'conflict'
  | 'refused'
  | 'tenant_not_found'
  | 'tenant_already_bound'
  | 'consent_refused'
  | 'consent_pending'
  | 'attempt_invalid'
  | 'credential_invalid'
  | 'reauthorization_required'
  | 'permission_missing'
  | 'mailbox_not_found'
  | 'gone'
  | 'item_failed'
  | 'incomplete'
  | 'poison'
  | 'cursor_expired'
  | 'throttled'
  | 'unavailable'
  | 'link_refused'
  | 'storage_failed'
  | 'aborted'
  | 'unexpected';

export interface ConnectorErrorOptions {
  readonly cause?: unknown;
  /** The option, parameter or field that was wrong. */
  readonly field?: string | undefined;
  /** Epoch milliseconds before which a new try is useless. */
  readonly retryAt?: number | undefined;
  /** The service's own word for it, such as `ErrorItemNotFound`, `AADSTS7000215` or an HTTP status; absent when it gave no answer. */
  readonly serviceCode?: string | undefined;
  /** The service's request id, for a support case. */
  readonly requestId?: string | undefined;
}

const MARK: symbol = Symbol.for('@mailsphere/core/ConnectorError');

/** The one error class. Match it by `code`: `ConnectorError.is(error, 'throttled')`. */
export class ConnectorError extends Error {
  override readonly name = 'ConnectorError';
  readonly code: ErrorCode;
  readonly field?: string;
  readonly retryAt?: number;
  readonly serviceCode?: string;
  readonly requestId?: string;

  constructor(code: ErrorCode, message: string, options: ConnectorErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    Object.defineProperty(this, MARK, { value: true });
    this.code = code;
    if (options.field !== undefined) this.field = options.field;
    if (options.retryAt !== undefined) this.retryAt = options.retryAt;
    if (options.serviceCode !== undefined) this.serviceCode = options.serviceCode;
    if (options.requestId !== undefined) this.requestId = options.requestId;
  }

  /** True for a `ConnectorError` of any copy of this package, and of one of `codes` where some are given. */
  static is(error: unknown, ...codes: readonly ErrorCode[]): error is ConnectorError {
    if (typeof error !== 'object' || error === null || !(MARK in error)) return false;
    return codes.length === 0 || codes.includes((error as ConnectorError).code);
  }
}
