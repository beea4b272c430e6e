import { DEFAULT_CONTACT_PROPERTIES } from '../directory/contact.ts';
import {
  DEFAULT_GROUP_PROPERTIES,
  type DirectoryGroup,
  type MemberObject,
  type MemberType,
} from '../directory/group.ts';
import { DEFAULT_USER_PROPERTIES } from '../directory/user.ts';
import { listDirectory, namesOf } from './directory-list.ts';
import { type Answer, contextOf, type GraphCall, pickAll, type Route, selectOf } from './graph-call.ts';
import { GraphFailure, noObject } from './graph-failure.ts';
import { groupDelta, membersVisible } from './group-delta.ts';

/** Routes under `/groups`. */
export function groupRoute(segments: readonly string[]): Route | undefined {
  const [, key = '', name] = segments.map((segment, index) =>
    index === 1 ? segment : segment.toLowerCase(),
  );
  if (segments.length === 1) return route('groups.list', listGroups);
  if (key === 'delta') return route('groups.delta', groupDelta);
  if (name === undefined) return route('groups.get', (call) => getGroup(call, groupOf(call, key)));
  if (name === 'members')
    return route('groups.members', (call) => members(call, groupOf(call, key), 'members'));
  if (name === 'transitivemembers')
    return route('groups.transitiveMembers', (call) =>
      members(call, groupOf(call, key), 'transitiveMembers'),
    );
  return undefined;
}

/** `GET /directory/deletedItems/microsoft.graph.group`. */
export function deletedGroups(call: GraphCall): Answer {
  return listDirectory(call, {
    path: 'directory/deletedItems/microsoft.graph.group',
    objects: call.tenant.groupOrder,
    defaults: DEFAULT_GROUP_PROPERTIES,
    visible: (group) => (group as DirectoryGroup).deleted === 'soft',
  });
}

function route(name: string, run: Route['run']): Route {
  return { name, limit: 'directory', run };
}

function groupOf(call: GraphCall, key: string): DirectoryGroup {
  const group = call.tenant.group(key);
  if (group === undefined || group.deleted !== undefined) throw noObject(key);
  return group;
}

function listGroups(call: GraphCall): Answer {
  return listDirectory(call, {
    path: 'groups',
    objects: call.tenant.groupOrder,
    defaults: DEFAULT_GROUP_PROPERTIES,
    visible: (group) => (group as DirectoryGroup).deleted === undefined,
  });
}

function getGroup(call: GraphCall, group: DirectoryGroup): Answer {
  const names = namesOf(call.query, DEFAULT_GROUP_PROPERTIES);
  return {
    status: 200,
    json: { '@odata.context': contextOf(call.world, 'groups/$entity'), ...pickAll(group, names) },
  };
}

const DEFAULTS: Record<MemberType, readonly string[]> = {
  user: DEFAULT_USER_PROPERTIES,
  group: DEFAULT_GROUP_PROPERTIES,
  orgContact: DEFAULT_CONTACT_PROPERTIES,
};

// Members of a type that the caller may not read come with their type and id only ("List group members").
const READERS: Record<MemberType, readonly string[]> = {
  user: ['User.Read.All', 'User.ReadBasic.All', 'Directory.Read.All'],
  group: ['Group.Read.All', 'Group.ReadBasic.All', 'GroupMember.Read.All', 'Directory.Read.All'],
  orgContact: ['OrgContact.Read.All', 'Directory.Read.All'],
};

function members(call: GraphCall, group: DirectoryGroup, what: 'members' | 'transitiveMembers'): Answer {
  if (!membersVisible(call, group))
    throw new GraphFailure(
      403,
      'Authorization_RequestDenied',
      'Insufficient privileges to complete the operation.',
    );
  const objects = what === 'members' ? direct(call, group) : transitive(call, group);
  return listDirectory(call, {
    path: `groups/${group.id}/${what}`,
    objects,
    defaults: [],
    visible: (object) => (object as MemberObject).deleted === undefined,
    row: (object) => memberRow(call, object as MemberObject),
  });
}

function memberRow(call: GraphCall, object: MemberObject): Record<string, unknown> {
  const type = call.tenant.member(object.id)?.type ?? 'user';
  const head = { '@odata.type': `#microsoft.graph.${type}`, id: object.id };
  const names = namesOf(call.query, DEFAULTS[type]);
  if (READERS[type].some((permission) => call.token.roles.has(permission))) {
    const row = pickAll(object, names);
    return selectOf(call.query)?.includes('id') === false
      ? { '@odata.type': head['@odata.type'], ...row }
      : { ...head, ...row };
  }
  const row: Record<string, unknown> = {};
  for (const name of names) row[name] = null;
  return { ...row, ...head };
}

/** The direct members by position; those who left are holes. */
function direct(call: GraphCall, group: DirectoryGroup): ArrayLike<object | undefined> {
  const list = group.members;
  return new Proxy({ length: list.positions } as ArrayLike<object | undefined>, {
    get: (target, property) => {
      if (property === 'length') return target.length;
      const id = typeof property === 'string' ? list.at(Number(property)) : undefined;
      return id === undefined ? undefined : call.tenant.member(id)?.object;
    },
  });
}

/** Everybody inside, nested groups and their members too, each once. */
function transitive(call: GraphCall, group: DirectoryGroup): readonly object[] {
  const found = new Map<string, object>();
  const open = [group];
  for (let current = open.pop(); current !== undefined; current = open.pop()) {
    for (const id of current.members) {
      const member = call.tenant.member(id);
      if (member === undefined || found.has(id) || id === group.id || member.object.deleted !== undefined)
        continue;
      found.set(id, member.object);
      if (member.type === 'group') open.push(member.object as DirectoryGroup);
    }
  }
  return [...found.values()];
}
