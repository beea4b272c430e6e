import type { ErrorCode } from '@mailsphere/core';

/**
 * What Microsoft Graph's own words mean, in lower case: documents write some of them otherwise than the service does.
 * A word that is not here is judged by the status alone.
 */
export const graphErrorCodes: Readonly<Record<string, ErrorCode>> = {
  // Delta tokens and page tokens that the service forgot.
  syncstatenotfound: 'cursor_expired',
  resyncrequired: 'cursor_expired',
  directory_expiredpagetoken: 'cursor_expired',

  // The user is there, but no mailbox that can be opened.
  resourcenotfound: 'mailbox_not_found',
  mailboxnotenabledforrestapi: 'mailbox_not_found',
  mailboxnotsupportedforrestapi: 'mailbox_not_found',
  errornonexistentmailbox: 'mailbox_not_found',
  errorinvaliduser: 'mailbox_not_found',
  extensionerror: 'mailbox_not_found',

  // Moved or deleted between being listed and being fetched.
  erroritemnotfound: 'gone',

  // Will never be handed out.
  errormimecontentconversionfailed: 'poison',
  errorcorruptdata: 'poison',
  errorcontentconversionfailed: 'poison',

  authorization_requestdenied: 'permission_missing',
  erroraccessdenied: 'permission_missing',
  authorization_identitynotfound: 'reauthorization_required',

  errormailboxmoveinprogress: 'unavailable',
  errormailboxstoreunavailable: 'unavailable',
  errorserverbusy: 'unavailable',
  directory_concurrencyviolation: 'unavailable',
  directory_replicaunavailable: 'unavailable',
};

/** What a status means by itself, when no known word comes with it. 404 depends on what was asked for. */
export function statusMeaning(status: number, notFound: ErrorCode): ErrorCode {
  if (status === 404) return notFound;
  if (status === 403) return 'permission_missing';
  if (status === 410) return 'cursor_expired';
  if (status === 501) return 'unexpected';
  if (status >= 500 || [401, 408, 409, 423, 425, 429].includes(status)) return 'unavailable';
  return 'unexpected';
}
