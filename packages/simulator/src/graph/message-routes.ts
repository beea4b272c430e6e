import type { Folder } from '../mail/folder.ts';
import type { Mailbox } from '../mail/mailbox.ts';
import { type Answer, contextOf, type GraphCall, linkTo, type Route, selectOf, topOf } from './graph-call.ts';
import { badRequest, GraphFailure, noItem } from './graph-failure.ts';
import { contentsOf, folderOf } from './mail-folder-routes.ts';
import { mailboxOf } from './mail-scope.ts';
import { messageDelta } from './message-delta.ts';
import { messageRow } from './message-row.ts';
import { applied } from './preference.ts';
import { receivedFilter } from './received-filter.ts';

/** Routes of messages: `path` is what follows `/users/{id}/messages` or `/users/{id}/mailFolders/{id}/messages`. */
export function messageRoute(
  user: string,
  folder: string | undefined,
  path: readonly string[],
): Route | undefined {
  const [key, name, more] = path;
  const route = (routeName: string, run: Route['run']): Route => ({
    name: routeName,
    limit: 'mailbox',
    user,
    run,
  });
  if (key === undefined) return route('messages.list', (call) => listMessages(call, user, folder));
  if (more !== undefined) return undefined;
  if (key === 'delta' && name === undefined)
    return route('messages.delta', (call) => {
      if (folder === undefined)
        throw badRequest("Change tracking is not supported against 'microsoft.graph.message'.");
      return messageDelta(call, user, folder);
    });
  if (name === undefined) return route('messages.get', (call) => getMessage(call, user, folder, key));
  if (name === '$value') return route('messages.value', (call) => content(call, user, folder, key));
  return undefined;
}

function find(
  call: GraphCall,
  user: string,
  folderKey: string | undefined,
  key: string,
): { mailbox: Mailbox; number: number } {
  const mailbox = mailboxOf(call, user);
  const number = mailbox.resolve(key, call.prefer.idForm);
  if (number === undefined) throw noItem();
  if (
    folderKey !== undefined &&
    contentsOf(mailbox, folderOf(mailbox, folderKey)) !== mailbox.folderOf(number)
  )
    throw noItem();
  return { mailbox, number };
}

function getMessage(call: GraphCall, user: string, folder: string | undefined, key: string): Answer {
  const { mailbox, number } = find(call, user, folder, key);
  const row = messageRow(mailbox, number, selectOf(call.query), call.prefer, call.query.get('$expand'));
  const context = contextOf(call.world, `users('${user}')/messages/$entity`);
  return { status: 200, headers: applied(call.prefer), json: { '@odata.context': context, ...row } };
}

function content(call: GraphCall, user: string, folder: string | undefined, key: string): Answer {
  const { mailbox, number } = find(call, user, folder, key);
  if (mailbox.isPoisoned(number))
    throw new GraphFailure(
      500,
      'ErrorMimeContentConversionFailed',
      'The MIME content of the item could not be made.',
    );
  return {
    status: 200,
    // As documented, and a trap: the bytes are in any encoding, or in none.
    headers: { 'content-type': 'text/plain', ...applied(call.prefer) },
    content: { bytes: mailbox.bytes(number), chunks: mailbox.chunks(number) },
  };
}

/** Messages in the order of a list, newest first. */
interface Sequence {
  readonly length: number;
  at(position: number): number;
}

function listMessages(call: GraphCall, user: string, folderKey: string | undefined): Answer {
  const { query, world } = call;
  const mailbox = mailboxOf(call, user);
  const folder = folderKey === undefined ? undefined : folderOf(mailbox, folderKey);
  const top = Math.min(topOf(query) ?? 10, 1_000);
  const skip = Number(query.get('$skip') ?? 0);
  if (!Number.isInteger(skip) || skip < 0) throw badRequest('Invalid value for $skip.');
  const all = ordered(query, filtered(query, mailbox, sequence(mailbox, folder)));
  // `$skip` counts all items, those that are no messages too, so a link may skip more than a page holds.
  const others = folder === undefined || query.has('$filter') ? 0 : folder.otherItems;
  const select = selectOf(query);
  const rows: Record<string, unknown>[] = [];
  let position = skip;
  for (; position < all.length + others && rows.length < top; position++) {
    if (position >= others)
      rows.push(messageRow(mailbox, all.at(position - others), select, call.prefer, query.get('$expand')));
  }
  const path =
    folderKey === undefined
      ? `users/${encodeURIComponent(user)}/messages`
      : `users/${encodeURIComponent(user)}/mailFolders/${encodeURIComponent(folderKey)}/messages`;
  const body: Record<string, unknown> = {
    '@odata.context': contextOf(world, `users('${user}')/messages`),
    value: rows,
  };
  if (query.get('$count') === 'true') body['@odata.count'] = all.length;
  if (position < all.length + others) {
    const rest = [...query].filter(([name]) => name !== '$skip');
    body['@odata.nextLink'] = linkTo(world, path, [...rest, ['$skip', String(position)]]);
  }
  return { status: 200, headers: applied(call.prefer), json: body };
}

function sequence(mailbox: Mailbox, folder: Folder | undefined): Sequence {
  if (folder !== undefined) return newestFirst(mailbox, contentsOf(mailbox, folder));
  // The whole mailbox, Deleted Items included; not what can only be recovered.
  const parts = mailbox.folders
    .filter((other) => other.parent !== undefined && other.searches === undefined && !other.deleted)
    .map((other) => newestFirst(mailbox, other));
  return {
    length: parts.reduce((sum, part) => sum + part.length, 0),
    at: (position) => {
      let left = position;
      for (const part of parts) {
        if (left < part.length) return part.at(left);
        left -= part.length;
      }
      return 0;
    },
  };
}

function newestFirst(mailbox: Mailbox, folder: Folder): Sequence {
  const numbers = mailbox.numbers(folder);
  return { length: numbers.length, at: (position) => numbers.at(numbers.length - 1 - position) };
}

function filtered(query: URLSearchParams, mailbox: Mailbox, all: Sequence): Sequence {
  const filter = query.get('$filter');
  if (filter === null) return all;
  const matches = receivedFilter(filter, ['ge', 'gt', 'le', 'lt', 'eq']);
  const found: number[] = [];
  for (let position = 0; position < all.length; position++) {
    const number = all.at(position);
    if (matches(mailbox.receivedAt(number))) found.push(number);
  }
  found.sort((a, b) => mailbox.receivedAt(b) - mailbox.receivedAt(a));
  return { length: found.length, at: (position) => found[position] ?? 0 };
}

function ordered(query: URLSearchParams, all: Sequence): Sequence {
  const order = query.get('$orderby');
  if (order === null) return all;
  const match = /^receivedDateTime(\s+(asc|desc))?$/i.exec(order.trim());
  if (match === null) {
    // What is sorted by must be filtered by first ("List messages").
    if (query.has('$filter'))
      throw badRequest(
        'The restriction or sort order is too complex for this operation.',
        'InefficientFilter',
      );
    throw badRequest(`The order '${order}' is not simulated: only receivedDateTime is.`);
  }
  return match[2]?.toLowerCase() === 'desc'
    ? all
    : { length: all.length, at: (position) => all.at(all.length - 1 - position) };
}
