import { DEFAULT_GROUP_PROPERTIES, type DirectoryGroup } from '../directory/group.ts';
import {
  comesEmpty,
  type DeltaState,
  deltaPage,
  deltaState,
  merge,
  next,
  removedRow,
} from './directory-delta.ts';
import { namesOf } from './directory-list.ts';
import { type Answer, type GraphCall, pick } from './graph-call.ts';

/** Members in one page: a larger group is spread over several pages, its other properties repeated. */
const MEMBERS_PER_PAGE = 500;

type MemberRow = Record<string, unknown>;

/** `GET /groups/delta`: members are tracked without `$select`, and with one that names them. */
export function groupDelta(call: GraphCall): Answer {
  const state = deltaState(call, 'group', 'groups/delta');
  if (comesEmpty(call, state)) return deltaPage(call, 'groups/delta', [], state, { ...state, x: true });
  const selected = state.s?.split(',').map((name) => name.trim());
  const tracked = selected?.includes('members') ?? true;
  const names = namesOf(
    new URLSearchParams(selected === undefined ? '' : { $select: selected.join() }),
    DEFAULT_GROUP_PROPERTIES,
  );
  return state.i ? firstRound(call, state, names, tracked) : laterRound(call, state, names, tracked);
}

/** Whether the caller may see who is in a group. */
export function membersVisible(call: GraphCall, group: DirectoryGroup): boolean {
  return group.visibility !== 'HiddenMembership' || call.token.roles.has('Member.Read.Hidden');
}

function firstRound(call: GraphCall, state: DeltaState, names: readonly string[], tracked: boolean): Answer {
  const groups = call.tenant.groupOrder;
  const size = call.world.settings.quirks.directoryPage;
  const rows: Record<string, unknown>[] = [];
  let room = MEMBERS_PER_PAGE;
  let position = state.p;
  let member = state.m;
  while (position < groups.length && rows.length < size && room > 0) {
    const group = groups[position];
    if (group === undefined || group.deleted === 'hard' || state.f?.includes(group.id) === false) {
      position += 1;
      continue;
    }
    if (group.deleted !== undefined) {
      rows.push(removedRow(group));
      position += 1;
      continue;
    }
    const row: Record<string, unknown> = { ...pick(group, names), id: group.id };
    if (tracked && membersVisible(call, group)) {
      const members: MemberRow[] = [];
      for (; member < group.members.positions && room > 0; member++) {
        const id = group.members.at(member);
        const found = id === undefined ? undefined : call.tenant.member(id);
        if (id === undefined || found === undefined || found.object.deleted !== undefined) continue;
        members.push({ '@odata.type': `#microsoft.graph.${found.type}`, id });
        room -= 1;
      }
      if (members.length > 0) row['members@delta'] = members;
    } else member = group.members.positions;
    rows.push(row);
    if (member < group.members.positions) break;
    position += 1;
    member = 0;
  }
  return deltaPage(
    call,
    'groups/delta',
    rows,
    state,
    position < groups.length ? next(state, position, member) : undefined,
  );
}

function laterRound(call: GraphCall, state: DeltaState, names: readonly string[], tracked: boolean): Answer {
  const { log } = call.tenant;
  const size = call.world.settings.quirks.directoryPage;
  const changes = new Map<string, Set<string> | 'all'>();
  const members = new Map<string, MemberRow[]>();
  let room = MEMBERS_PER_PAGE;
  let position = state.p;
  for (; position < state.e && changes.size < size && room > 0; position++) {
    const change = log.at(position);
    if (change?.kind !== 'group' || state.f?.includes(change.id) === false) continue;
    if (change.member === undefined) {
      merge(changes, change, names);
      continue;
    }
    if (!tracked) continue;
    const { id, type, removed } = change.member;
    const row = {
      '@odata.type': `#microsoft.graph.${type}`,
      id,
      ...(removed ? { '@removed': { reason: 'deleted' } } : {}),
    };
    const known = members.get(change.id);
    if (known === undefined) members.set(change.id, [row]);
    else known.push(row);
    if (!changes.has(change.id)) changes.set(change.id, new Set());
    room -= 1;
  }
  const rows: Record<string, unknown>[] = [];
  for (const [id, properties] of changes) {
    const group = call.tenant.group(id);
    if (group === undefined) continue;
    if (group.deleted !== undefined) {
      rows.push(removedRow(group));
      continue;
    }
    const minimal = call.prefer.minimal && properties !== 'all';
    const row: Record<string, unknown> = {
      ...pick(group, minimal ? names.filter((name) => properties.has(name)) : names),
      id,
    };
    const told = members.get(id) ?? [];
    // Who left is told as well: the client may know the group from before it was gone, or from the middle of its first round.
    const rowsOfMembers =
      properties === 'all' && tracked
        ? [...told.filter((row) => row['@removed']), ...everyMember(call, group)]
        : told;
    if (rowsOfMembers.length > 0 && membersVisible(call, group)) row['members@delta'] = rowsOfMembers;
    rows.push(row);
  }
  return deltaPage(call, 'groups/delta', rows, state, position < state.e ? next(state, position) : undefined);
}

// A group that is new to the client comes with everybody who is in it.
function everyMember(call: GraphCall, group: DirectoryGroup): MemberRow[] {
  const rows: MemberRow[] = [];
  for (const id of group.members) {
    const found = call.tenant.member(id);
    if (found !== undefined && found.object.deleted === undefined)
      rows.push({ '@odata.type': `#microsoft.graph.${found.type}`, id });
  }
  return rows;
}
