import type { ErrorCode } from '@mailsphere/core';

/**
 * What Microsoft Graph's own words mean, in lower case: documents write some of them otherwise than the service does.
 * A word that is not here is judged by the status alone.
 */
export const graphErrorCodes: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  // Delta tokens and page tokens that the service forgot.
  ['syncstatenotfound', 'cursor_expired'],
  ['resyncrequired', 'cursor_expired'],
  ['directory_expiredpagetoken', 'cursor_expired'],

  // The user is not there, or has no mailbox that can be opened.
  ['request_resourcenotfound', 'mailbox_not_found'],
  ['resourcenotfound', 'mailbox_not_found'],
  ['mailboxnotenabledforrestapi', 'mailbox_not_found'],
  ['mailboxnotsupportedforrestapi', 'mailbox_not_found'],
  ['errornonexistentmailbox', 'mailbox_not_found'],
  ['errorinvaliduser', 'mailbox_not_found'],
  ['extensionerror', 'mailbox_not_found'],

  // Moved or deleted between being listed and being fetched.
  ['erroritemnotfound', 'gone'],
  ['errorfoldernotfound', 'gone'],
  ['errorparentfoldernotfound', 'gone'],

  // Will never be handed out.
  ['errormimecontentconversionfailed', 'poison'],
  ['errorcorruptdata', 'poison'],
  ['errorcontentconversionfailed', 'poison'],

  ['authorization_requestdenied', 'permission_missing'],
  ['erroraccessdenied', 'permission_missing'],
  ['authorization_identitynotfound', 'reauthorization_required'],

  ['errormailboxmoveinprogress', 'unavailable'],
  ['errormailboxstoreunavailable', 'unavailable'],
  ['errorserverbusy', 'unavailable'],
  ['directory_concurrencyviolation', 'unavailable'],
  ['directory_replicaunavailable', 'unavailable'],
]);
