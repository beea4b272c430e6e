import type { Connection } from '@mailsphere/core';
import type { NextFunction, Request, Response } from 'express';
import type { Office365 } from '../office365.ts';
import type { Organizations } from '../organizations.ts';
import { isConnected, type Visit } from '../pages/visit.ts';
import { mayManage, type People, type Person } from '../people.ts';
import type { Sessions } from '../sessions.ts';
import { notFound, personAt, redirect } from './answers.ts';

/** What an action said, by the word in the address: never the words of an address itself. */
const sentences: Readonly<Record<string, string>> = {
  saved: 'Saved.',
  connected: 'Office 365 is connected. The first synchronisation has begun.',
  syncing: 'User Sync was asked for, and begins now.',
  reading: 'User Sync reads everything anew, beginning now.',
  removing: 'The removals were let through, and are being applied.',
  changed: 'User Sync ran again meanwhile. This is what it would remove now.',
  paused: 'Mail synchronisation was paused.',
  resumed: 'Mail synchronisation goes on.',
  cancelled: 'Mail synchronisation was cancelled.',
  retrying: 'To be tried again as soon as it is their turn: {count}.',
  disconnected: 'The connection was ended.',
  granted: 'Microsoft says: everything that is required is granted.',
  confirm:
    'Microsoft says: the approval is there. To finish, an administrator of the tenant signs in once more and confirms.',
  incomplete: 'Microsoft says: a part of the permissions is still missing.',
  pending:
    'Microsoft says: nothing is granted yet, or not any more. An approval takes about a minute to show.',
};

/** Lets nobody pass who has not signed in. */
export const requireSignIn =
  (sessions: Sessions, people: People) =>
  (request: Request, response: Response, next: NextFunction): void => {
    const person = personAt(request, sessions, people);
    if (person) {
      response.locals.person = person;
      next();
      return;
    }
    const asked = request.method === 'GET' && request.originalUrl !== '/' ? request.originalUrl : undefined;
    redirect(response, asked === undefined ? '/sign-in' : `/sign-in?${new URLSearchParams({ next: asked })}`);
  };

/** Reads what the pages of an organization need, for those who manage it. To all others it does not exist. */
export const visitOrganization =
  (organizations: Organizations, office365: Office365) =>
  async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const person = personOf(response);
    const organization = organizations.get(String(request.params.organizationId));
    if (!organization || !mayManage(person, organization)) {
      notFound(response, person);
      return;
    }
    const visit: Visit = {
      person,
      organization,
      connection: await office365.connectionOf(organization.id),
      path: request.originalUrl.split('?')[0] ?? '',
      said: sentenceOf(request.query),
    };
    response.locals.visit = visit;
    next();
  };

/** The sentence of an address; of a number that belongs in it, only digits are taken over. */
function sentenceOf({ said, count }: Request['query']): string | undefined {
  if (typeof said !== 'string' || !Object.hasOwn(sentences, said)) return undefined;
  const digits = typeof count === 'string' && /^\d{1,9}$/.test(count) ? count : '–';
  return sentences[said]?.replace('{count}', digits);
}

/** Who is signed in. Behind `requireSignIn` only. */
export const personOf = (response: Response): Person => response.locals.person as Person;

/** The organization that is looked at. Behind `visitOrganization` only. */
export const visitOf = (response: Response): Visit => response.locals.visit as Visit;

/** The visit and its connection. Without one that is wanted, there is no such page: that is answered, then. */
export function connectionAt(
  response: Response,
  isWanted: (connection: Connection | undefined) => boolean = isConnected,
): { readonly visit: Visit; readonly connection: Connection } | undefined {
  const visit = visitOf(response);
  const { connection, person } = visit;
  if (connection && isWanted(connection)) return { visit, connection };
  notFound(response, person);
  return undefined;
}
