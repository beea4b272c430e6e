import { type CallOptions, ConnectorError, type SignedInPerson } from '@mailsphere/core';
import { z } from 'zod';
import { directoryQuery } from './directory/directory-source.ts';
import { guestRefused } from './entra/id-token.ts';
import { mayGrantRoles } from './entra/roles.ts';
import { isGuid, tenantIdOf } from './entra/tenant-id.ts';
import { pageReader } from './graph/collection.ts';
import type { GraphClient } from './graph/graph-client.ts';

const userRow = z.object({ id: z.string(), userType: z.string().nullish() });
const roleRow = z.object({ roleTemplateId: z.string().nullish() });

/**
 * Asks Graph what the sign-in left open: whether a person is a guest, and the directory roles, those held through groups included.
 *
 * @throws ConnectorError `consent_refused` for guests; `permission_missing` when the directory does not tell
 */
export function createGrantRight(
  graph: GraphClient,
): (person: SignedInPerson, options?: CallOptions) => Promise<boolean> {
  const roles = pageReader(graph, roleRow);

  // Both are `undefined` when the directory does not tell.
  const isGuest = async (tenantId: string, personId: string, options: CallOptions) => {
    const query = directoryQuery(tenantId, options);
    const { userType } = await graph.read(
      { ...query, path: ['users', { id: personId }], query: '$select=id,userType' },
      userRow,
    );
    return typeof userType === 'string' ? userType.toLowerCase() === 'guest' : undefined;
  };

  const holdsRole = async (tenantId: string, personId: string, options: CallOptions) => {
    let isHidden = false;
    let link: string | undefined;
    do {
      const page = await roles({
        ...directoryQuery(tenantId, options),
        link,
        path: ['users', { id: personId }, 'transitiveMemberOf', 'microsoft.graph.directoryRole'],
        query: '$select=id,roleTemplateId&$count=true',
        // A cast to one type is an advanced query, which the service answers only with this header.
        headers: { consistencylevel: 'eventual' },
      });
      if (mayGrantRoles(page.rows.flatMap(({ roleTemplateId }) => roleTemplateId ?? []))) return true;
      // "Limited information returned for inaccessible member objects": which role it is takes a permission of its own.
      isHidden ||= page.rows.some(({ roleTemplateId }) => typeof roleTemplateId !== 'string');
      link = page.nextLink;
    } while (link !== undefined);
    if (isHidden) return undefined;
    return false;
  };

  return async (person, options = {}) => {
    const { personId } = person;
    if (!isGuid(personId))
      throw new ConnectorError('invalid_request', 'personId must be a GUID, as completeSignIn gives it.', {
        field: 'personId',
      });
    const tenantId = tenantIdOf(person);
    try {
      // What the sign-in proved need not be asked again.
      const guest = person.isMember === true ? false : await isGuest(tenantId, personId, options);
      if (guest === true) throw guestRefused();
      const holds = person.holdsRole ?? (await holdsRole(tenantId, personId, options));
      if (guest === false && holds !== undefined) return holds;
    } catch (error) {
      throw ConnectorError.is(error, 'permission_missing') ? silent(error) : error;
    }
    throw silent();
  };
}

const silent = (cause?: ConnectorError) =>
  new ConnectorError(
    'permission_missing',
    'The sign-in did not tell whether this person may grant, and the directory does not show it: the operator must set `groupMembershipClaims` of the app registration to DirectoryRole and add the optional claim `acct` (docs/register-app.md).',
    { cause, serviceCode: cause?.serviceCode, requestId: cause?.requestId },
  );
