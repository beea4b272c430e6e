import { type Answer, contextOf, type GraphCall, pick, type Route, selectOf } from './graph-call.ts';
import { badRequest } from './graph-failure.ts';
import { mailboxOf } from './mail-scope.ts';

/** `GET /users/{id}/mailboxSettings` and `…/userPurpose`; it counts on the mailbox's quota. */
export function mailboxSettingsRoute(user: string, path: readonly string[]): Route | undefined {
  const [property] = path;
  if (path.length > 1 || (property !== undefined && property.toLowerCase() !== 'userpurpose'))
    return undefined;
  const run = (call: GraphCall): Answer => {
    const mailbox = mailboxOf(call, user);
    const userPurpose = call.tenant.user(mailbox.id)?.mailbox ?? 'user';
    if (property !== undefined)
      return {
        status: 200,
        json: {
          '@odata.context': contextOf(call.world, `users('${user}')/mailboxSettings/userPurpose`),
          value: userPurpose,
        },
      };
    const settings = { timeZone: 'W. Europe Standard Time', language: { locale: 'en-US' }, userPurpose };
    return {
      status: 200,
      json: {
        '@odata.context': contextOf(call.world, `users('${user}')/mailboxSettings`),
        ...pick(settings, selectOf(call.query) ?? Object.keys(settings)),
      },
    };
  };
  return { name: 'mailboxSettings.get', limit: 'mailbox', user, run };
}

/** `POST /users/{id}/translateExchangeIds` between the default and the immutable form. */
export function translateIdsRoute(user: string): Route {
  const run = async (call: GraphCall): Promise<Answer> => {
    const body = (await call.json()) as {
      inputIds?: unknown;
      sourceIdType?: unknown;
      targetIdType?: unknown;
    };
    if (!Array.isArray(body.inputIds) || body.inputIds.length > 1_000)
      throw badRequest('inputIds must be a list of at most 1000 ids.');
    const mailbox = mailboxOf(call, user);
    const source = body.sourceIdType === 'restImmutableEntryId' ? 'immutable' : 'rest';
    const target = body.targetIdType === 'restImmutableEntryId' ? 'immutable' : 'rest';
    const value = body.inputIds.map((input: unknown) => {
      const sourceId = String(input);
      const number = mailbox.resolve(sourceId, source);
      if (number !== undefined) return { sourceId, targetId: mailbox.idOf(number, target) };
      return {
        sourceId,
        errorDetails: {
          code: 'ErrorItemNotFound',
          message: 'The specified object was not found in the store.',
        },
      };
    });
    return {
      status: 200,
      json: { '@odata.context': contextOf(call.world, 'Collection(microsoft.graph.convertIdResult)'), value },
    };
  };
  return { name: 'translateExchangeIds', limit: 'mailbox', user, run };
}
