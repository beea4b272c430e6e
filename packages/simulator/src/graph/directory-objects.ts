import { DEFAULT_CONTACT_PROPERTIES } from '../directory/contact.ts';
import { DEFAULT_GROUP_PROPERTIES } from '../directory/group.ts';
import { DEFAULT_USER_PROPERTIES } from '../directory/user.ts';
import { namesOf } from './directory-list.ts';
import { type Answer, contextOf, type GraphCall, pickAll } from './graph-call.ts';
import { badRequest } from './graph-failure.ts';

const DEFAULTS = {
  user: DEFAULT_USER_PROPERTIES,
  group: DEFAULT_GROUP_PROPERTIES,
  orgContact: DEFAULT_CONTACT_PROPERTIES,
};

/** `POST /directoryObjects/getByIds`: at most 1,000 ids; unknown ones are left out. */
export async function directoryObjects(call: GraphCall): Promise<Answer> {
  const body = (await call.json()) as { ids?: unknown };
  if (!Array.isArray(body.ids) || body.ids.length > 1_000)
    throw badRequest('ids must be a list of at most 1000 ids.', 'Request_BadRequest');
  const value = body.ids.flatMap((id: unknown) => {
    const found = call.tenant.member(String(id));
    if (found === undefined || found.object.deleted !== undefined) return [];
    const row = pickAll(found.object, namesOf(call.query, DEFAULTS[found.type]));
    return [{ '@odata.type': `#microsoft.graph.${found.type}`, ...row, id: found.object.id }];
  });
  return { status: 200, json: { '@odata.context': contextOf(call.world, 'directoryObjects'), value } };
}
