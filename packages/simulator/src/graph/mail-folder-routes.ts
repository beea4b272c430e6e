import type { Folder } from '../mail/folder.ts';
import type { Mailbox } from '../mail/mailbox.ts';
import {
  type Answer,
  contextOf,
  type GraphCall,
  linkTo,
  pick,
  type Route,
  selectOf,
  topOf,
} from './graph-call.ts';
import { badRequest, expiredState, noItem } from './graph-failure.ts';
import { mailboxOf } from './mail-scope.ts';
import { decodeToken, encodeToken } from './page-token.ts';
import { applied } from './preference.ts';

/** Routes under `/users/{id}/mailFolders` that are about folders. */
export function mailFolderRoute(user: string, path: readonly string[]): Route | undefined {
  const [key, name, more] = path;
  const route = (routeName: string, run: Route['run']): Route => ({
    name: routeName,
    limit: 'mailbox',
    user,
    run,
  });
  if (key === undefined)
    return route('mailFolders.list', (call) =>
      children(call, user, 'msgfolderroot', `users/${encodeURIComponent(user)}/mailFolders`),
    );
  if (more !== undefined) return undefined;
  if (key === 'delta' && name === undefined)
    return route('mailFolders.delta', (call) => foldersDelta(call, user));
  if (name === undefined) return route('mailFolders.get', (call) => getFolder(call, user, key));
  if (name.toLowerCase() === 'childfolders')
    return route('mailFolders.childFolders', (call) =>
      children(
        call,
        user,
        key,
        `users/${encodeURIComponent(user)}/mailFolders/${encodeURIComponent(key)}/childFolders`,
      ),
    );
  return undefined;
}

/** The folder behind an id or a well-known name. */
export function folderOf(mailbox: Mailbox, key: string): Folder {
  const folder = mailbox.folder(key);
  if (folder === undefined) throw noItem();
  return folder;
}

/** The folder whose messages a folder shows: a search folder shows those of another one. */
export function contentsOf(mailbox: Mailbox, folder: Folder): Folder {
  return (folder.searches === undefined ? undefined : mailbox.folders[folder.searches]) ?? folder;
}

function children(call: GraphCall, user: string, key: string, path: string): Answer {
  const mailbox = mailboxOf(call, user);
  const parent = folderOf(mailbox, key);
  for (const option of ['$filter', '$orderby', '$search', '$expand']) {
    if (call.query.has(option))
      throw badRequest(`The query option '${option}' is not simulated for folders.`);
  }
  const hidden = call.query.get('includeHiddenFolders')?.toLowerCase() === 'true';
  const all = mailbox.folders.filter(
    (folder) => folder.parent === parent.index && !folder.deleted && (hidden || !folder.isHidden),
  );
  const top = Math.min(topOf(call.query) ?? 10, 1_000);
  const skip = Number(call.query.get('$skip') ?? 0);
  if (!Number.isInteger(skip) || skip < 0) throw badRequest('Invalid value for $skip.');
  const rows = all.slice(skip, skip + top).map((folder) => folderRow(call, mailbox, folder));
  const body: Record<string, unknown> = {
    '@odata.context': contextOf(call.world, `users('${user}')/mailFolders`),
    value: rows,
  };
  if (call.query.get('$count') === 'true') body['@odata.count'] = all.length;
  if (skip + top < all.length) {
    const rest = [...call.query].filter(([name]) => name !== '$skip');
    body['@odata.nextLink'] = linkTo(call.world, path, [...rest, ['$skip', String(skip + top)]]);
  }
  return { status: 200, json: body };
}

function getFolder(call: GraphCall, user: string, key: string): Answer {
  const mailbox = mailboxOf(call, user);
  const row = folderRow(call, mailbox, folderOf(mailbox, key));
  return {
    status: 200,
    json: { '@odata.context': contextOf(call.world, `users('${user}')/mailFolders/$entity`), ...row },
  };
}

function folderRow(call: GraphCall, mailbox: Mailbox, folder: Folder): Record<string, unknown> {
  const contents = contentsOf(mailbox, folder);
  const parent = folder.parent === undefined ? undefined : mailbox.folders[folder.parent];
  const whole = {
    id: folder.id,
    displayName: folder.displayName,
    parentFolderId: parent?.id ?? folder.id,
    childFolderCount: mailbox.folders.filter((other) => other.parent === folder.index && !other.deleted)
      .length,
    unreadItemCount: unread(mailbox, contents),
    totalItemCount: contents.live + folder.otherItems,
    isHidden: folder.isHidden,
  };
  const select = selectOf(call.query);
  const row = select === undefined ? whole : { ...pick(whole, select), id: folder.id };
  if (folder.searches === undefined) return row;
  return {
    '@odata.type': '#microsoft.graph.mailSearchFolder',
    ...row,
    ...(select === undefined
      ? {
          isSupported: true,
          includeNestedFolders: false,
          sourceFolderIds: [contents.id],
          filterQuery: 'isRead eq false',
        }
      : {}),
  };
}

function unread(mailbox: Mailbox, folder: Folder): number {
  const seen = new Set(folder.log.map((event) => event.number));
  let count = 0;
  for (const number of seen) if (mailbox.folderOf(number) === folder && !mailbox.isRead(number)) count += 1;
  return count;
}

interface FolderDeltaState {
  readonly m: string;
  /** Where the next page begins: among the folders in a first round, in the log afterwards. */
  readonly p: number;
  readonly e: number;
  readonly i: boolean;
  readonly s: string | undefined;
  readonly g: number;
}

// The documents do not say whether the list is flat or holds hidden folders: flat here, and hidden ones by option.
function foldersDelta(call: GraphCall, user: string): Answer {
  const { world, tenant, query } = call;
  const mailbox = mailboxOf(call, user);
  const delta = query.get('$deltatoken');
  const token = query.get('$skiptoken') ?? delta;
  const begin = {
    m: mailbox.id,
    p: 0,
    e: mailbox.folderLog.length,
    i: true,
    s: query.get('$select') ?? undefined,
    g: tenant.mailGeneration,
  };
  let state: FolderDeltaState =
    token === null || token === '' ? begin : decodeToken<FolderDeltaState>(world, token);
  if (state.m !== mailbox.id) throw badRequest('Badly formed token.');
  if (state.g !== tenant.mailGeneration) throw expiredState('SyncStateNotFound');
  if (delta !== null && delta !== '') state = { ...state, e: mailbox.folderLog.length };
  const size = Math.min(call.prefer.maxPageSize ?? 10, 1_000);
  const listed = (folder: Folder) =>
    folder.parent !== undefined && (world.settings.quirks.hiddenFoldersInDelta || !folder.isHidden);
  const selecting = {
    ...call,
    query: new URLSearchParams(state.s === undefined ? '' : { $select: state.s }),
  };
  const rows: Record<string, unknown>[] = [];
  const end = state.i ? mailbox.folders.length : state.e;
  let position = state.p;
  for (; position < end && rows.length < size; position++) {
    const folder = mailbox.folders[state.i ? position : (mailbox.folderLog[position] ?? -1)];
    if (folder === undefined || !listed(folder)) continue;
    if (!folder.deleted)
      rows.push({ '@odata.type': '#microsoft.graph.mailFolder', ...folderRow(selecting, mailbox, folder) });
    else if (!state.i)
      rows.push({
        '@odata.type': '#microsoft.graph.mailFolder',
        id: folder.id,
        '@removed': { reason: 'deleted' },
      });
  }
  const path = `users/${encodeURIComponent(user)}/mailFolders/delta`;
  const link: Record<string, string> =
    position < end
      ? {
          '@odata.nextLink': linkTo(world, path, [
            ['$skiptoken', encodeToken(world, { ...state, p: position })],
          ]),
        }
      : {
          '@odata.deltaLink': linkTo(world, path, [
            ['$deltatoken', encodeToken(world, { ...state, i: false, p: state.e })],
          ]),
        };
  return {
    status: 200,
    headers: applied(call.prefer, 'odata.track-changes'),
    json: { '@odata.context': contextOf(world, 'Collection(mailFolder)'), ...link, value: rows },
  };
}
