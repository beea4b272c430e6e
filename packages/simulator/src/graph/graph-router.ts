import { directoryObjects } from './directory-objects.ts';
import type { Route } from './graph-call.ts';
import { deletedGroups, groupRoute } from './group-routes.ts';
import { mailFolderRoute } from './mail-folder-routes.ts';
import { mailboxSettingsRoute, translateIdsRoute } from './mailbox-settings-routes.ts';
import { messageRoute } from './message-routes.ts';
import { servicePrincipalRoute } from './service-principal-routes.ts';
import { tenantRoute } from './tenant-routes.ts';
import { deletedUsers, meRoute, userRoute } from './user-routes.ts';

/** Finds the route of a request, or undefined for what is not simulated. */
export function routeOf(method: string, segments: readonly string[]): Route | undefined {
  const collection = (segments[0] ?? '').toLowerCase();
  if (method === 'POST') {
    if (collection === 'directoryobjects' && segments[1]?.toLowerCase() === 'getbyids')
      return { name: 'directoryObjects.getByIds', limit: 'directory', run: directoryObjects };
    if (
      collection === 'users' &&
      segments[2]?.toLowerCase() === 'translateexchangeids' &&
      segments[1] !== undefined
    )
      return translateIdsRoute(segments[1]);
    return undefined;
  }
  if (method !== 'GET') return undefined;
  switch (collection) {
    case 'users':
      return mailRoute(segments) ?? userRoute(segments);
    case 'me':
      return meRoute();
    case 'groups':
      return groupRoute(segments);
    case 'organization':
    case 'domains':
    case 'contacts':
      return tenantRoute(segments);
    case 'serviceprincipals':
      return servicePrincipalRoute(segments);
    case 'directory':
      return deletedItemsRoute(segments);
    default:
      return undefined;
  }
}

function mailRoute(segments: readonly string[]): Route | undefined {
  const [, user, area, ...rest] = segments;
  if (user === undefined || area === undefined) return undefined;
  switch (area.toLowerCase()) {
    case 'messages':
      return messageRoute(user, undefined, rest);
    case 'mailfolders': {
      const [folder, below, ...path] = rest;
      if (folder !== undefined && below?.toLowerCase() === 'messages')
        return messageRoute(user, folder, path);
      return mailFolderRoute(user, rest);
    }
    case 'mailboxsettings':
      return mailboxSettingsRoute(user, rest);
    default:
      return undefined;
  }
}

function deletedItemsRoute(segments: readonly string[]): Route | undefined {
  if (segments[1]?.toLowerCase() !== 'deleteditems') return undefined;
  switch (segments[2]?.toLowerCase()) {
    case 'microsoft.graph.user':
      return { name: 'deletedItems.users', limit: 'directory', run: deletedUsers };
    case 'microsoft.graph.group':
      return { name: 'deletedItems.groups', limit: 'directory', run: deletedGroups };
    default:
      return undefined;
  }
}
