import type { Folder, FolderEvent } from '../mail/folder.ts';
import type { Mailbox } from '../mail/mailbox.ts';
import { share } from '../random.ts';
import { type Answer, contextOf, type GraphCall, linkTo, topOf } from './graph-call.ts';
import { badRequest, expiredState } from './graph-failure.ts';
import { contentsOf, folderOf } from './mail-folder-routes.ts';
import { mailboxOf } from './mail-scope.ts';
import { messageRow } from './message-row.ts';
import { decodeToken, encodeToken } from './page-token.ts';
import { applied } from './preference.ts';
import { receivedFilter } from './received-filter.ts';

/** A delta with a filter ends after so many messages ("Get incremental changes to messages in a folder"). */
const FILTERED_MAXIMUM = 5_000;

interface MessageDeltaState {
  /** Mailbox, and index of the folder. */
  readonly m: string;
  readonly f: number;
  /** Where the next page begins, and where the folder's log ended when the round began. */
  readonly p: number;
  readonly e: number;
  /** Whether this is the first round. */
  readonly i: boolean;
  /** `$select`, `$filter`, `$top`, `$expand` and `changeType`, as they were. */
  readonly s?: string | undefined;
  readonly q?: string | undefined;
  readonly n?: number | undefined;
  readonly x?: string | undefined;
  readonly c?: string | undefined;
  /** Rows so far in a filtered first round. */
  readonly r: number;
  readonly g: number;
  /** Set on the page after an empty one. */
  readonly w?: boolean | undefined;
}

/** `GET /users/{id}/mailFolders/{id}/messages/delta`: one folder, not its subfolders. */
export function messageDelta(call: GraphCall, user: string, folderKey: string): Answer {
  const { world } = call;
  const mailbox = mailboxOf(call, user);
  const shown = folderOf(mailbox, folderKey);
  const folder = contentsOf(mailbox, shown);
  const state = stateOf(call, mailbox, shown, folder);
  const { seed, quirks } = world.settings;
  const largest = quirks.messagePage;
  const size = Math.min(call.prefer.maxPageSize ?? state.n ?? 10, state.n ?? largest, largest);
  const empty =
    state.p > 0 &&
    state.w !== true &&
    share(seed, 'empty', state.m, state.f, state.p, state.e) < quirks.emptyPages;
  const rows: Record<string, unknown>[] = [];
  let position = state.p;
  let count = state.r;
  if (!empty) {
    const again =
      state.i && state.p > 0 && share(seed, 'again', state.m, state.f, state.p) < quirks.repeatedRows;
    const matches = state.q === undefined ? undefined : receivedFilter(state.q, ['ge', 'gt']);
    if (again) position -= 1;
    const replay = share(seed, 'replay', state.m, state.f, state.p, state.e) < quirks.replays;
    // What is replayed comes on top, or a page would never get further.
    const most = size + (replay ? position : 0);
    if (replay) position = 0;
    for (; position < state.e && rows.length < most && count < FILTERED_MAXIMUM; position++) {
      const event = mailbox.eventAt(folder, position);
      if (event === undefined) continue;
      if (matches !== undefined && event.kind !== 'removed' && !matches(mailbox.receivedAt(event.number)))
        continue;
      const row = rowOf(call, mailbox, folder, state, event);
      if (row === undefined) continue;
      rows.push(row);
      if (matches !== undefined && state.i) count += 1;
    }
  }
  const done = position >= state.e || count >= FILTERED_MAXIMUM;
  const path = `users/${encodeURIComponent(user)}/mailfolders('${encodeURIComponent(shown.id)}')/messages/delta`;
  const token = done
    ? { ...state, i: false, p: state.e, r: 0, w: undefined }
    : { ...state, p: position, r: count, w: empty || undefined };
  const link = linkTo(world, path, [[done ? '$deltatoken' : '$skiptoken', encodeToken(world, token)]]);
  const size_ = call.prefer.maxPageSize === undefined ? [] : [`odata.maxpagesize=${call.prefer.maxPageSize}`];
  return {
    status: 200,
    headers: applied(call.prefer, 'odata.track-changes', ...size_),
    json: {
      '@odata.context': contextOf(world, 'Collection(message)'),
      [done ? '@odata.deltaLink' : '@odata.nextLink']: link,
      value: rows,
    },
  };
}

function stateOf(call: GraphCall, mailbox: Mailbox, shown: Folder, folder: Folder): MessageDeltaState {
  const { query, tenant, world } = call;
  const delta = query.get('$deltatoken');
  const token = query.get('$skiptoken') ?? delta;
  if (token === null || token === '') {
    const order = query.get('$orderby');
    if (order !== null && !/^receivedDateTime\s+desc$/i.test(order.trim()))
      throw badRequest('Only receivedDateTime desc is supported.');
    if (query.has('$search')) throw badRequest('$search is not supported in a delta query.');
    const filter = query.get('$filter') ?? undefined;
    if (filter !== undefined) receivedFilter(filter, ['ge', 'gt']);
    return {
      m: mailbox.id,
      f: shown.index,
      p: 0,
      e: mailbox.events(folder),
      i: true,
      s: query.get('$select') ?? undefined,
      q: filter,
      n: topOf(query),
      x: query.get('$expand') ?? undefined,
      c: query.get('changeType') ?? undefined,
      r: 0,
      g: tenant.mailGeneration,
    };
  }
  const state = decodeToken<MessageDeltaState>(world, token);
  if (state.m !== mailbox.id || state.f !== shown.index) throw badRequest('Badly formed token.');
  // A nextLink that was kept too long fails like an old deltaLink.
  if (state.g !== tenant.mailGeneration) throw expiredState('SyncStateNotFound');
  return delta === null ? state : { ...state, e: mailbox.events(folder), p: state.p };
}

/**
 * The row that an event raises, if any. With immutable ids a message that left the folder and came back is reported as
 * removed and never again: what the service really does (microsoft-graph-docs-contrib issue 72), and why clients must
 * compare ids from time to time.
 */
function rowOf(
  call: GraphCall,
  mailbox: Mailbox,
  folder: Folder,
  state: MessageDeltaState,
  event: FolderEvent,
): Record<string, unknown> | undefined {
  const here = mailbox.folderOf(event.number) === folder;
  const { idForm } = call.prefer;
  const type = { '@odata.type': '#microsoft.graph.message' };
  if (event.kind === 'removed') {
    if (state.i || !wants(state, 'deleted')) return undefined;
    return {
      ...type,
      id: mailbox.idOf(event.number, idForm, event.moves),
      '@removed': { reason: 'deleted' },
    };
  }
  if (!here) return undefined;
  if (state.i ? event.kind !== 'added' : event.kind === 'returned' && idForm === 'immutable')
    return undefined;
  if (!state.i && !wants(state, event.kind === 'updated' ? 'updated' : 'created')) return undefined;
  const select = state.s?.split(',').map((name) => name.trim());
  return { ...type, ...messageRow(mailbox, event.number, select, call.prefer, state.x ?? null) };
}

function wants(state: MessageDeltaState, change: string): boolean {
  return state.c === undefined || state.c.toLowerCase().split(',').includes(change);
}
