import type { World } from '../world.ts';
import { filterOf, namesOf } from './directory-list.ts';
import { type Answer, contextOf, type GraphCall, pickAll, type Route } from './graph-call.ts';
import { noObject } from './graph-failure.ts';
import { appRole, appRoles, GRAPH_APP_ID } from './permission.ts';

const PROPERTIES = [
  'id',
  'accountEnabled',
  'appDisplayName',
  'appId',
  'appRoles',
  'displayName',
  'servicePrincipalType',
];

/** Routes under `/servicePrincipals`: the app's own, and that of Microsoft Graph, which names the permissions. */
export function servicePrincipalRoute(segments: readonly string[]): Route | undefined {
  const [, key, name] = segments;
  if (key === undefined) return route('servicePrincipals.list', list);
  if (name === undefined)
    return route('servicePrincipals.get', (call) => {
      const row = pickAll(principalOf(call, key), namesOf(call.query, PROPERTIES));
      return {
        status: 200,
        json: { '@odata.context': contextOf(call.world, 'servicePrincipals/$entity'), ...row },
      };
    });
  if (name.toLowerCase() === 'approleassignments')
    return route('servicePrincipals.appRoleAssignments', (call) => assignments(call, principalOf(call, key)));
  return undefined;
}

function route(name: string, run: Route['run']): Route {
  return { name, limit: 'directory', run };
}

interface Principal {
  readonly id: string;
  readonly appId: string;
  readonly displayName: string;
}

function principals(call: GraphCall): readonly Principal[] {
  const { tenant, world } = call;
  const graph = principal(tenant.graphPrincipalId, GRAPH_APP_ID, 'Microsoft Graph', true, graphRoles(world));
  const { servicePrincipal } = tenant;
  if (servicePrincipal.state !== 'present') return [graph];
  return [
    principal(
      servicePrincipal.id,
      world.app.clientId,
      world.app.displayName,
      servicePrincipal.accountEnabled,
      [],
    ),
    graph,
  ];
}

function principal(
  id: string,
  appId: string,
  displayName: string,
  accountEnabled: boolean,
  roles: readonly unknown[],
): Principal & Record<string, unknown> {
  return {
    id,
    appId,
    displayName,
    appDisplayName: displayName,
    accountEnabled,
    appRoles: roles,
    servicePrincipalType: 'Application',
  };
}

function graphRoles(world: World): readonly unknown[] {
  return appRoles(world.app.requiredPermissions).map((role) => ({
    allowedMemberTypes: ['Application'],
    description: role.displayName,
    displayName: role.displayName,
    id: role.id,
    isEnabled: true,
    origin: 'Application',
    value: role.value,
  }));
}

function principalOf(call: GraphCall, key: string): Principal {
  const appId = /^appId=(.*)$/i.exec(key)?.[1];
  const found = principals(call).find((one) => (appId === undefined ? one.id === key : one.appId === appId));
  if (found === undefined) throw noObject(key);
  return found;
}

function list(call: GraphCall): Answer {
  const matches = filterOf(call.query.get('$filter'));
  const value = principals(call).filter(matches);
  const names = namesOf(call.query, PROPERTIES);
  const rows = value.map((one) => pickAll(one, names));
  return { status: 200, json: { '@odata.context': contextOf(call.world, 'servicePrincipals'), value: rows } };
}

// The grants themselves: a token may carry fewer for a while (propagation) or more (it is older than a revocation).
function assignments(call: GraphCall, found: Principal): Answer {
  const { tenant } = call;
  const own = found.id === tenant.servicePrincipal.id;
  const value = [...(own ? tenant.servicePrincipal.grants.values() : [])].map((grant) => ({
    id: grant.id,
    deletedDateTime: null,
    appRoleId: appRole(grant.permission).id,
    createdDateTime: new Date(grant.grantedAt).toISOString(),
    principalDisplayName: found.displayName,
    principalId: found.id,
    principalType: 'ServicePrincipal',
    resourceDisplayName: 'Microsoft Graph',
    resourceId: tenant.graphPrincipalId,
  }));
  const context = contextOf(call.world, `servicePrincipals('${found.id}')/appRoleAssignments`);
  return { status: 200, json: { '@odata.context': context, value } };
}
