import {
  type Clock,
  ConnectorError,
  type Grant,
  type Permission,
  type VerifyOptions,
} from '@mailsphere/core';
import { z } from 'zod';
import { limitsOf } from './call-limits.ts';
import { directoryQuery } from './directory/directory-source.ts';
import type { TokenManager } from './entra/token-manager.ts';
import { rolesOf } from './entra/token-roles.ts';
import { graphApplicationId } from './graph/app-roles.ts';
import { pageReader } from './graph/collection.ts';
import type { GraphQuery } from './graph/graph-call.ts';
import type { GraphClient } from './graph/graph-client.ts';
import { createMailProbe } from './mail/mail-probe.ts';

const MAIL_READ = 'Mail.Read';

const organizationRow = z.object({ id: z.string(), displayName: z.string().nullish() });
const assignmentRow = z.object({ appRoleId: z.string(), resourceId: z.string() });
const servicePrincipal = z.object({
  id: z.string(),
  appRoles: z.array(z.object({ id: z.string(), value: z.string().nullish() })),
});

// In the first minute or so after a consent, this is how a grant that is on its way looks.
const NOT_VISIBLE_YET = new Set([
  'AADSTS700016',
  'AADSTS7000229',
  'AADSTS65001',
  'Authorization_IdentityNotFound',
]);

/** Asks the service, not a callback, what has been granted. */
export function createVerification(options: {
  readonly clientId: string;
  readonly permissions: readonly Permission[];
  readonly graph: GraphClient;
  readonly tokens: TokenManager;
  readonly clock: Clock;
  readonly random: () => number;
}): (tenantId: string, options?: VerifyOptions) => Promise<Grant> {
  const { clientId, permissions, graph, tokens, clock, random } = options;
  const organizations = pageReader(graph, organizationRow);
  const assignments = pageReader(graph, assignmentRow);
  const opensSome = createMailProbe(graph, { clock, random });

  const assigned = async (query: Omit<GraphQuery, 'path'>): Promise<readonly string[]> => {
    const { id, appRoles } = await graph.read(
      { ...query, path: [`servicePrincipals(appId='${graphApplicationId}')`], query: '$select=id,appRoles' },
      servicePrincipal,
    );
    const names = new Map(appRoles.map((role) => [role.id, role.value ?? undefined]));
    const granted: string[] = [];
    let link: string | undefined;
    do {
      const page = await assignments({
        ...query,
        link,
        path: [`servicePrincipals(appId='${clientId}')`, 'appRoleAssignments'],
        query: '$select=appRoleId,resourceId',
      }).catch((error) => {
        // Nobody has this application but by a consent, so it is on its way.
        throw ConnectorError.is(error, 'not_found') ? pending(error) : error;
      });
      for (const { appRoleId, resourceId } of page.rows)
        if (resourceId === id) granted.push(names.get(appRoleId) ?? appRoleId);
      link = page.nextLink;
    } while (link !== undefined);
    return granted;
  };

  return async (tenantId, { partialBefore = [], ...callOptions } = {}) => {
    const limits = limitsOf(callOptions);
    const query = directoryQuery(tenantId, limits);
    try {
      // Roles are frozen into a token when it is issued.
      const { token } = await tokens.acquire(tenantId, { ...limits, fresh: true });
      const { rows } = await organizations({
        ...query,
        path: ['organization'],
        query: '$select=id,displayName',
      });
      const [organization] = rows;
      if (rows.length !== 1 || organization?.id.toLowerCase() !== tenantId)
        throw new ConnectorError(
          'unexpected',
          'Microsoft Graph answered for another tenant than the one asked for: report it.',
        );
      const granted = await assigned(query).catch((error) => {
        // Without the permission to read grants, the token's own list is the best there is.
        const roles = ConnectorError.is(error, 'permission_missing') ? rolesOf(token) : undefined;
        if (!roles?.length) throw error;
        return roles;
      });
      if (granted.length === 0) throw pending();
      // Mail that is narrowed by roles of Exchange Online is granted there, and shows in no list of Entra. Another role for
      // mail opens folders by itself, so then the question would tell nothing. Once some were open, not to meet one of them
      // takes nothing back: a mailbox that is shut then ends as one without access.
      const isNarrowed =
        !granted.some(isMailRole) &&
        (partialBefore.includes(MAIL_READ) || (await opensSome(tenantId, limits)));
      return grant(organization.displayName ?? '', permissions, granted, isNarrowed ? [MAIL_READ] : []);
    } catch (error) {
      if (!ConnectorError.is(error, 'reauthorization_required', 'permission_missing')) throw error;
      if (error.code === 'reauthorization_required' && !NOT_VISIBLE_YET.has(error.serviceCode ?? ''))
        throw error;
      throw pending(error);
    }
  };
}

function grant(
  displayName: string,
  permissions: readonly Permission[],
  roles: readonly string[],
  partial: readonly string[],
): Grant {
  const granted = [...new Set([...roles, ...partial])].sort();
  const wanted = new Set(permissions.map(({ id }) => id));
  return {
    displayName,
    granted,
    missing: permissions.filter(({ id }) => !granted.includes(id)),
    unexpected: granted.filter((id) => !wanted.has(id)),
    ...(partial.length > 0 && { partial }),
  };
}

const isMailRole = (id: string) => id.startsWith('Mail.');

const pending = (cause?: ConnectorError) =>
  new ConnectorError(
    'consent_pending',
    'The grant is not visible at Microsoft 365 yet: try again in a moment.',
    {
      cause,
      serviceCode: cause?.serviceCode,
      requestId: cause?.requestId,
    },
  );
