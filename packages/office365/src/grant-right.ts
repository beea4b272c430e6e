import { type CallOptions, ConnectorError, type SignedInPerson } from '@mailsphere/core';
import { z } from 'zod';
import { directoryQuery } from './directory/directory-source.ts';
import { mayGrantRoles } from './entra/roles.ts';
import { isGuid, tenantIdOf } from './entra/tenant-id.ts';
import { pageReader } from './graph/collection.ts';
import type { GraphClient } from './graph/graph-client.ts';

const roleRow = z.object({ roleTemplateId: z.string().nullish() });

/** Asks Graph for the directory roles of a person, those held through groups included. */
export function createGrantRight(
  graph: GraphClient,
): (person: SignedInPerson, options?: CallOptions) => Promise<boolean> {
  const roles = pageReader(graph, roleRow);
  return async (person, options = {}) => {
    if (!isGuid(person.personId))
      throw new ConnectorError('invalid_request', 'personId must be a GUID, as completeSignIn gives it.', {
        field: 'personId',
      });
    let link: string | undefined;
    do {
      const page = await roles({
        ...directoryQuery(tenantIdOf(person), options),
        link,
        path: ['users', { id: person.personId }, 'transitiveMemberOf', 'microsoft.graph.directoryRole'],
        query: '$select=id,roleTemplateId&$count=true',
        // A cast to one type is an advanced query, which the service answers only with this header.
        headers: { consistencylevel: 'eventual' },
      });
      if (mayGrantRoles(page.rows.flatMap(({ roleTemplateId }) => roleTemplateId ?? []))) return true;
      link = page.nextLink;
    } while (link !== undefined);
    return false;
  };
}
