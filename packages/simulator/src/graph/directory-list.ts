import { type Answer, contextOf, type GraphCall, linkTo, pickAll, selectOf, topOf } from './graph-call.ts';
import { badRequest, GraphFailure } from './graph-failure.ts';
import { decodeToken, encodeToken } from './page-token.ts';

/** A collection of the directory. Positions never move, so a token is a position. */
export interface DirectoryCollection {
  /** As in the path and in `@odata.context`. */
  readonly path: string;
  readonly objects: ArrayLike<object | undefined>;
  readonly defaults: readonly string[];
  /** Whether an object is in this collection for this caller. */
  visible(object: object): boolean;
  /** Turns an object into its row; `names` are the selected properties. */
  row?(object: object, names: readonly string[]): Record<string, unknown>;
}

/** Names that are the simulator's own bookkeeping and no properties of Graph. */
const PRIVATE: ReadonlySet<string> = new Set(['mailbox', 'roles', 'deleted', 'mailboxReadyAt', 'members']);

/** The properties that a request selects, or the default ones. */
export function namesOf(query: URLSearchParams, defaults: readonly string[]): readonly string[] {
  return selectOf(query)?.filter((name) => !PRIVATE.has(name)) ?? defaults;
}

/** Lists a directory collection: 100 rows by default, `$top` up to 999, `$skiptoken` links. */
export function listDirectory(call: GraphCall, collection: DirectoryCollection): Answer {
  const { query, world, tenant } = call;
  const top = topOf(query) ?? 100;
  if (top > 999)
    throw badRequest(
      `Invalid page size specified: '${top}'. Must be between 1 and 999 inclusive.`,
      'Request_UnsupportedQuery',
    );
  checkAdvanced(call);
  const matches = filterOf(query.get('$filter'));
  const names = namesOf(query, collection.defaults);
  const token = query.get('$skiptoken');
  const state =
    token === null
      ? { p: 0, g: tenant.directoryGeneration }
      : decodeToken<{ p: number; g: number }>(world, token);
  if (state.g !== tenant.directoryGeneration)
    throw badRequest(
      'The specified page token value has expired and can no longer be included in your request.',
      'Directory_ExpiredPageToken',
    );
  const rows: Record<string, unknown>[] = [];
  let position = state.p;
  for (; position < collection.objects.length && rows.length < top; position++) {
    const object = collection.objects[position];
    if (object === undefined || !collection.visible(object) || !matches(object)) continue;
    rows.push(collection.row?.(object, names) ?? pickAll(object, names));
  }
  const body: Record<string, unknown> = {
    '@odata.context': contextOf(
      world,
      `${collection.path}${query.has('$select') ? `(${names.join(',')})` : ''}`,
    ),
  };
  if (counted(call) && token === null) body['@odata.count'] = countOf(collection, matches);
  // Nothing but invisible objects may follow: then the next page is empty, which is allowed.
  if (position < collection.objects.length) {
    const rest = [...query].filter(([name]) => name !== '$skiptoken');
    const next = encodeToken(world, { p: position, g: state.g });
    body['@odata.nextLink'] = linkTo(world, collection.path, [...rest, ['$skiptoken', next]]);
  }
  body.value = rows;
  return { status: 200, json: body };
}

/** `/$count` of a collection: only as an advanced query. */
export function countDirectory(call: GraphCall, collection: DirectoryCollection): Answer {
  if (call.header('consistencylevel')?.toLowerCase() !== 'eventual')
    throw new GraphFailure(400, 'Request_BadRequest', '$count is not currently supported.');
  return { status: 200, json: countOf(collection, filterOf(call.query.get('$filter'))) };
}

function countOf(collection: DirectoryCollection, matches: (object: object) => boolean): number {
  let count = 0;
  for (let index = 0; index < collection.objects.length; index++) {
    const object = collection.objects[index];
    if (object !== undefined && collection.visible(object) && matches(object)) count += 1;
  }
  return count;
}

// Without the ConsistencyLevel header `$count=true` is ignored, silently ("Advanced query capabilities").
function counted(call: GraphCall): boolean {
  return call.query.get('$count') === 'true' && call.header('consistencylevel')?.toLowerCase() === 'eventual';
}

function checkAdvanced(call: GraphCall): void {
  for (const option of ['$search', '$orderby', '$skip']) {
    if (call.query.has(option)) throw unsupported(`The query option '${option}' is not simulated.`);
  }
}

/** A filter of the form `property eq value or property eq value`; other filters are refused. */
export function filterOf(filter: string | null): (object: object) => boolean {
  if (filter === null) return () => true;
  const terms = filter.split(/\s+or\s+/i).map((term) => {
    const match = /^\s*(\w+)\s+eq\s+(?:'((?:[^']|'')*)'|(true|false|null))\s*$/i.exec(term);
    if (match === null)
      throw unsupported(`The filter '${filter}' is not simulated: only 'property eq value', joined by 'or'.`);
    const value =
      match[2] === undefined
        ? JSON.parse((match[3] ?? 'null').toLowerCase())
        : match[2].replaceAll("''", "'").toLowerCase();
    return { name: match[1] ?? '', value: value as unknown };
  });
  return (object) =>
    terms.some(({ name, value }) => {
      const present = (object as Record<string, unknown>)[name] ?? null;
      return (typeof present === 'string' ? present.toLowerCase() : present) === value;
    });
}

function unsupported(message: string): GraphFailure {
  return badRequest(message, 'Request_UnsupportedQuery');
}
