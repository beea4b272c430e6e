import { roleName } from '../directory/role.ts';
import { BASIC_USER_PROPERTIES, DEFAULT_USER_PROPERTIES, type DirectoryUser } from '../directory/user.ts';
import { createRandom } from '../random.ts';
import { directoryDelta } from './directory-delta.ts';
import { countDirectory, type DirectoryCollection, listDirectory, namesOf } from './directory-list.ts';
import { type Answer, contextOf, type GraphCall, pickAll, type Route } from './graph-call.ts';
import { badRequest, GraphFailure, noObject } from './graph-failure.ts';

/** Routes under `/users` and `/me` that the directory answers; mail is elsewhere. */
export function userRoute(segments: readonly string[]): Route | undefined {
  const [, key = '', name, cast] = segments.map((segment, index) =>
    index === 1 ? segment : segment.toLowerCase(),
  );
  if (segments.length === 1) return route('users.list', (call) => listDirectory(call, collection(call)));
  if (key === '$count') return route('users.count', (call) => countDirectory(call, collection(call)));
  if (key === 'delta')
    return route('users.delta', (call) =>
      directoryDelta(call, 'user', 'users/delta', call.tenant.userOrder, DEFAULT_USER_PROPERTIES),
    );
  if (name === undefined) return route('users.get', (call) => getUser(call, userOf(call, key)));
  if (name === 'transitivememberof' && (cast === undefined || cast === 'microsoft.graph.directoryrole'))
    return route('users.transitiveMemberOf', (call) => directoryRoles(call, userOf(call, key)));
  return undefined;
}

/** `/me` is nothing that an app-only token could ask for. */
export function meRoute(): Route {
  return route('me', (call) => {
    const user = call.token.userId === undefined ? undefined : call.tenant.user(call.token.userId);
    if (user === undefined) throw badRequest('/me request is only valid with delegated authentication flow.');
    return getUser(call, user);
  });
}

/** `GET /directory/deletedItems/microsoft.graph.user`. */
export function deletedUsers(call: GraphCall): Answer {
  return listDirectory(call, {
    path: 'directory/deletedItems/microsoft.graph.user',
    objects: call.tenant.userOrder,
    defaults: DEFAULT_USER_PROPERTIES,
    visible: (user) => (user as DirectoryUser).deleted === 'soft',
  });
}

/** The user behind an id or a UPN. */
function userOf(call: GraphCall, key: string): DirectoryUser {
  const user = call.tenant.user(key);
  if (user === undefined || user.deleted !== undefined) throw noObject(key);
  return user;
}

function route(name: string, run: Route['run']): Route {
  return { name, limit: 'directory', run };
}

function collection(call: GraphCall): DirectoryCollection {
  return {
    path: 'users',
    objects: call.tenant.userOrder,
    defaults: DEFAULT_USER_PROPERTIES,
    visible: (user) => (user as DirectoryUser).deleted === undefined,
    row: (user, names) => userRow(call, user as DirectoryUser, names),
  };
}

function userRow(call: GraphCall, user: DirectoryUser, names: readonly string[]): Record<string, unknown> {
  const row = pickAll(user, names);
  const { roles } = call.token;
  if (call.token.userId !== undefined || roles.has('User.Read.All') || roles.has('Directory.Read.All'))
    return row;
  // User.ReadBasic.All shows a few properties; the others come back empty.
  for (const name of names) if (!BASIC_USER_PROPERTIES.has(name)) row[name] = null;
  return row;
}

function getUser(call: GraphCall, user: DirectoryUser): Answer {
  const names = namesOf(call.query, DEFAULT_USER_PROPERTIES);
  const context = contextOf(
    call.world,
    `users${call.query.has('$select') ? `(${names.join(',')})` : ''}/$entity`,
  );
  return { status: 200, json: { '@odata.context': context, ...userRow(call, user, names) } };
}

// "Limited information returned for inaccessible member objects": of a type that the caller may not read, only type and id.
const ROLE_READERS = ['RoleManagement.Read.Directory', 'RoleManagement.Read.All', 'Directory.Read.All'];

function directoryRoles(call: GraphCall, user: DirectoryUser): Answer {
  const names = namesOf(call.query, ['id', 'displayName', 'roleTemplateId']);
  if (user.deleted !== undefined)
    throw new GraphFailure(404, 'Request_ResourceNotFound', 'The user is deleted.');
  const maySeeRoles = ROLE_READERS.some((permission) => call.token.roles.has(permission));
  const value = user.roles.map((roleTemplateId) => {
    const id = createRandom(call.tenant.id, roleTemplateId).guid();
    const role = { id, displayName: roleName(roleTemplateId), roleTemplateId };
    const type = { '@odata.type': '#microsoft.graph.directoryRole' };
    if (maySeeRoles) return { ...type, ...pickAll(role, names) };
    return { ...Object.fromEntries(names.map((name) => [name, null])), ...type, id };
  });
  return { status: 200, json: { '@odata.context': contextOf(call.world, 'directoryRoles'), value } };
}
