import { ConnectorError, type ErrorCode } from '@mailsphere/core';
import type { Subject } from './graph-call.ts';
import { graphErrorCodes } from './graph-error-codes.ts';
import type { GraphProblem } from './graph-problem.ts';

/** What a refusal is to the caller. */
export interface GraphRefusal {
  readonly error: ConnectorError;
  /** Whether the same request may succeed in a moment. */
  readonly mayPass: boolean;
}

/**
 * Judges a refusal by its word first, then by its status, and by what was asked for.
 *
 * A refusal of a single item is `item_failed` unless it says something that is known for certain: `gone` and `poison` of
 * the item, `mailbox_not_found` of its user, `permission_missing` and `reauthorization_required` of the tenant.
 * `unavailable` then only means a token that was refused, and carries no `serviceCode`: whoever reads one may take it for
 * a word about the item.
 *
 * @param retryAt Epoch milliseconds before which the service does not want to be asked again.
 */
export function graphRefusal(problem: GraphProblem, about: Subject, retryAt?: number): GraphRefusal {
  const { status, serviceCode, requestId } = problem;
  const code = codeOf(problem, about);
  const error = new ConnectorError(code, messageOf(problem, about, code), {
    serviceCode: code === 'unavailable' && about === 'item' ? undefined : (serviceCode ?? `${status}`),
    requestId,
    retryAt,
  });
  const passes = wordOf(problem) === 'unavailable' || ofStatus(status) === 'unavailable';
  return { error, mayPass: code === 'unavailable' || (code === 'item_failed' && passes) };
}

function codeOf(problem: GraphProblem, about: Subject): ErrorCode {
  const { status } = problem;
  const word = wordOf(problem);
  // Whatever a service that is out of order says of an item is not believed, but for what is the item's own fault.
  if (about === 'item' && status === 503) return word === 'poison' ? 'poison' : 'item_failed';
  if (word === 'permission_missing' || word === 'reauthorization_required') return word;
  // About the token, whatever was asked for.
  if (status === 401) return 'unavailable';
  if (about === 'item') return itemCode(problem, word);
  const code = word !== undefined && isSaidOf(about, word) ? word : undefined;
  return code ?? (status === 404 ? notFound(problem, about) : ofStatus(status));
}

function itemCode({ serviceCode }: GraphProblem, word: ErrorCode | undefined): ErrorCode {
  if (word === 'poison' || word === 'mailbox_not_found') return word;
  // Of a folder that is not there nothing follows for the message: it may have been moved.
  return serviceCode?.toLowerCase() === 'erroritemnotfound' ? 'gone' : 'item_failed';
}

function isSaidOf(about: Exclude<Subject, 'item'>, word: ErrorCode): boolean {
  if (word === 'poison') return false;
  if (word === 'gone') return about === 'folder';
  return word !== 'mailbox_not_found' || about !== 'directory';
}

/** A 404 without a word for it, which anything between here and the service may have sent. */
function notFound({ described }: GraphProblem, about: Exclude<Subject, 'item'>): ErrorCode {
  if (!described || about === 'folder') return 'unavailable';
  return about === 'directory' ? 'not_found' : 'mailbox_not_found';
}

function ofStatus(status: number): ErrorCode {
  if (status === 403) return 'permission_missing';
  if (status === 410) return 'cursor_expired';
  if (status === 501) return 'unexpected';
  if (status >= 500 || [408, 409, 423, 425, 429].includes(status)) return 'unavailable';
  return 'unexpected';
}

const wordOf = ({ serviceCode }: GraphProblem) => graphErrorCodes.get(serviceCode?.toLowerCase() ?? '');

function messageOf({ status, serviceCode }: GraphProblem, about: Subject, code: ErrorCode): string {
  if (code === 'reauthorization_required') return NOT_THERE;
  if (code === 'permission_missing') return about === 'directory' ? NOT_GRANTED : SHUT;
  const words = serviceCode === undefined ? `${status}` : `${status} ${serviceCode}`;
  return `Microsoft Graph answered ${words}: ${advice[code] ?? REPORT}`;
}

// These are shown to an administrator as they are.
const NOT_THERE =
  'Microsoft Graph does not know this application in the tenant any more: an administrator must authorise it again.';
const NOT_GRANTED =
  'Microsoft Graph refused for want of a permission: an administrator must authorise the application again and accept all it asks for.';
const SHUT =
  'Microsoft Graph does not open this mailbox to the application: see that Mail.Read is granted, and that no policy and no scope of roles in Exchange Online leaves the mailbox out.';

const REPORT = 'nothing here understands it; report it with its request id.';

const advice: Readonly<Partial<Record<ErrorCode, string>>> = {
  not_found: 'there is nothing by this id.',
  gone: 'it was moved or deleted, so nothing is left to do here.',
  mailbox_not_found:
    'there is no mailbox that can be opened; see whether the user has one in Exchange Online.',
  poison: 'the message cannot be handed out; look at it in Outlook.',
  item_failed: 'this message did not come; try it again later.',
  cursor_expired: 'read everything again.',
  unavailable: 'try again later.',
};
