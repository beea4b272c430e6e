import { ConnectorError, type Permission } from '@mailsphere/core';
import { appRoleIds, graphApplicationId } from './graph/app-roles.ts';
import { permissions } from './permissions.ts';

/** What an app registration asks of one API, as its manifest has it. */
export interface RequiredResource {
  /** The app id of the API. */
  readonly resourceAppId: string;
  readonly resourceAccess: readonly {
    /** The id of the app role. */
    readonly id: string;
    /** An application permission. */
    readonly type: 'Role';
  }[];
}

/**
 * The `requiredResourceAccess` of the app registration's manifest: what consent is asked for. Optional permissions belong
 * there too, because a consent is always for the whole list.
 *
 * @param list `provider.permissions`, or some of them to ask for less. Default: all {@link permissions}
 * @throws ConnectorError `invalid_request` for a permission that this package does not know
 * @example
 * console.log(JSON.stringify({ requiredResourceAccess: requiredResourceAccess() }, null, 2));
 */
export function requiredResourceAccess(
  list: readonly Pick<Permission, 'id'>[] = permissions,
): readonly RequiredResource[] {
  const resourceAccess = list.map(({ id }) => {
    const roleId = appRoleIds.get(id);
    if (roleId !== undefined) return { id: roleId, type: 'Role' } as const;
    throw new ConnectorError(
      'invalid_request',
      `The permissions must be some of ${[...appRoleIds.keys()].join(', ')}.`,
      { field: 'permissions' },
    );
  });
  return [{ resourceAppId: graphApplicationId, resourceAccess }];
}
