import type { Change } from '../directory/change-log.ts';
import { share } from '../random.ts';
import { namesOf } from './directory-list.ts';
import { type Answer, contextOf, type GraphCall, linkTo, pick } from './graph-call.ts';
import { badRequest, expiredState, GraphFailure } from './graph-failure.ts';
import { decodeToken, encodeToken } from './page-token.ts';

/** How long directory tokens live, in milliseconds: seven days ("Use delta query to track changes"). */
const TOKEN_LIFETIME = 7 * 86_400_000;

/** What a token of a directory delta stands for. */
export interface DeltaState {
  /** Kind of object. */
  readonly k: Change['kind'];
  /** Where the next page begins: in the collection in a first round, in the log afterwards. */
  readonly p: number;
  /** Where it begins within the members of that group. */
  readonly m: number;
  /** End of the log when the round began. */
  readonly e: number;
  /** Whether this is a first round. */
  readonly i: boolean;
  /** `$select`, as it was. */
  readonly s: string | undefined;
  /** Ids of the filter, when there is one. */
  readonly f: readonly string[] | undefined;
  /** When it was issued, in milliseconds since 1970. */
  readonly t: number;
  /** Generation of the tenant's tokens. */
  readonly g: number;
  /** Set on the page after an empty one, so that the pages go on. */
  readonly x?: boolean;
}

/** The state with which a request goes on, or begins. */
export function deltaState(call: GraphCall, kind: Change['kind'], path: string): DeltaState {
  const { query, tenant, world } = call;
  const select = query.get('$select') ?? undefined;
  const begin: DeltaState = {
    k: kind,
    p: 0,
    m: 0,
    e: tenant.log.length,
    i: true,
    s: select,
    f: idsOf(query.get('$filter')),
    t: world.clock.now(),
    g: tenant.directoryGeneration,
  };
  const delta = query.get('$deltatoken');
  const token = query.get('$skiptoken') ?? delta;
  // An empty token is what the Location of a 410 holds: everything from the start.
  if (token === null || token === '') return begin;
  if (token === 'latest') return { ...begin, i: false, p: begin.e };
  const state = decodeToken<DeltaState>(world, token);
  if (state.k !== kind) throw badRequest('Badly formed token.');
  if (state.g !== tenant.directoryGeneration) {
    const restart: [string, string][] = state.s === undefined ? [] : [['$select', state.s]];
    throw expiredState('SyncStateNotFound', {
      location: linkTo(world, path, [...restart, ['$deltatoken', '']]),
    });
  }
  if (world.clock.now() - state.t > TOKEN_LIFETIME) throw expiredState('syncStateNotFound');
  return delta === null ? state : { ...state, e: tenant.log.length, t: world.clock.now() };
}

function idsOf(filter: string | null): readonly string[] | undefined {
  if (filter === null) return undefined;
  const ids = filter.split(/\s+or\s+/i).map((term) => /^\s*id\s+eq\s+'([^']*)'\s*$/i.exec(term)?.[1]);
  if (ids.some((id) => id === undefined) || ids.length > 50)
    throw new GraphFailure(
      400,
      'Request_UnsupportedQuery',
      "Only 'id eq' for at most 50 objects is supported in a delta query.",
    );
  return ids as readonly string[];
}

/** Whether this page comes empty; never the first, and never two in a row. */
export function comesEmpty(call: GraphCall, state: DeltaState): boolean {
  const { quirks, seed } = call.world.settings;
  return (
    state.p > 0 &&
    state.x !== true &&
    share(seed, 'empty', state.k, state.p, state.m, state.e) < quirks.emptyPages
  );
}

/** Whether this page begins with the last row of the one before. */
function repeats(call: GraphCall, state: DeltaState): boolean {
  const { quirks, seed } = call.world.settings;
  return (
    state.i &&
    state.p > 0 &&
    state.m === 0 &&
    share(seed, 'again', state.k, state.p, state.e) < quirks.repeatedRows
  );
}

/** A page of a directory delta, with the link to the next page, or the one to the next round when `next` is undefined. */
export function deltaPage(
  call: GraphCall,
  path: string,
  rows: readonly Record<string, unknown>[],
  state: DeltaState,
  next: DeltaState | undefined,
): Answer {
  const { world } = call;
  const names = state.s === undefined || call.query.has('$skiptoken') ? '' : `(${state.s})`;
  const link: Record<string, string> =
    next === undefined
      ? { '@odata.deltaLink': linkTo(world, path, [['$deltatoken', encodeToken(world, finished(state))]]) }
      : { '@odata.nextLink': linkTo(world, path, [['$skiptoken', encodeToken(world, next)]]) };
  return {
    status: 200,
    json: { '@odata.context': contextOf(world, `${path.split('/')[0]}${names}`), ...link, value: rows },
  };
}

function finished(state: DeltaState): DeltaState {
  const { x: _, ...rest } = state;
  return { ...rest, i: false, p: state.e, m: 0 };
}

interface DeltaObject {
  readonly id: string;
  readonly deleted?: 'soft' | 'hard';
}

/** The row of an object that is gone. */
export function removedRow(object: DeltaObject): Record<string, unknown> {
  return { id: object.id, '@removed': { reason: object.deleted === 'soft' ? 'changed' : 'deleted' } };
}

/** `GET /users/delta` and `GET /contacts/delta`. */
export function directoryDelta(
  call: GraphCall,
  kind: 'user' | 'orgContact',
  path: string,
  objects: readonly DeltaObject[],
  defaults: readonly string[],
): Answer {
  const state = deltaState(call, kind, path);
  if (comesEmpty(call, state)) return deltaPage(call, path, [], state, { ...state, x: true });
  const names = namesOf(new URLSearchParams(state.s === undefined ? '' : { $select: state.s }), defaults);
  const again = repeats(call, state);
  // A repeated row is one more, or a page of one row would lead to itself.
  const size = call.world.settings.quirks.directoryPage + Number(again);
  const wanted = (id: string) => state.f === undefined || state.f.includes(id);
  const rowOf = (object: DeltaObject, properties: readonly string[]) =>
    object.deleted === undefined ? { ...pick(object, properties), id: object.id } : removedRow(object);
  const rows: Record<string, unknown>[] = [];
  let position = again ? state.p - 1 : state.p;
  if (state.i) {
    for (; position < objects.length && rows.length < size; position++) {
      const object = objects[position];
      if (object !== undefined && object.deleted !== 'hard' && wanted(object.id))
        rows.push(rowOf(object, names));
    }
    return deltaPage(call, path, rows, state, position < objects.length ? next(state, position) : undefined);
  }
  const changes = new Map<string, Set<string> | 'all'>();
  for (; position < state.e && changes.size < size; position++) {
    const change = call.tenant.log.at(position);
    if (change?.kind !== kind || !wanted(change.id)) continue;
    merge(changes, change, names);
  }
  for (const [id, properties] of changes) {
    const object = call.tenant.member(id)?.object;
    if (object === undefined) continue;
    const minimal = call.prefer.minimal && properties !== 'all';
    rows.push(rowOf(object, minimal ? names.filter((name) => properties.has(name)) : names));
  }
  return deltaPage(call, path, rows, state, position < state.e ? next(state, position) : undefined);
}

/** Adds a change to those of a page; one that touches no selected property raises no row. */
export function merge(
  changes: Map<string, Set<string> | 'all'>,
  change: Change,
  names: readonly string[],
): void {
  const { properties } = change;
  if (properties === undefined) {
    changes.set(change.id, 'all');
    return;
  }
  const touched = properties.filter((name) => names.includes(name));
  const known = changes.get(change.id);
  if (touched.length === 0 || known === 'all') return;
  changes.set(change.id, new Set([...(known ?? []), ...touched]));
}

/** The state of the next page. */
export function next(state: DeltaState, position: number, member = 0): DeltaState {
  const { x: _, ...rest } = state;
  return { ...rest, p: position, m: member };
}
