import type { NextFunction, Request, Response } from 'express';
import { problemPage } from '../pages/problem-page.ts';
import type { People, Person } from '../people.ts';
import type { Sessions } from '../sessions.ts';

// No scripts anywhere, and nothing from elsewhere. Going on to Microsoft is a link, which form-action does not concern.
const POLICY =
  "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/** What every page of the host says about itself to the browser. */
export function guard(_request: Request, response: Response, next: NextFunction): void {
  response.set({
    'cache-control': 'no-store',
    'content-security-policy': POLICY,
    // With no-referrer, browsers would say Origin: null when a form is sent.
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  });
  next();
}

/** Forms are taken from pages of this host only: browsers say with every form where it comes from. */
export const sameOrigin =
  (origin: string) =>
  (request: Request, response: Response, next: NextFunction): void => {
    if (['GET', 'HEAD'].includes(request.method) || request.get('origin') === origin) {
      next();
      return;
    }
    response.status(403).send(
      problemPage({
        title: 'Not accepted',
        message:
          'The form was sent from another site, or by a browser that does not say from where. Open the page again.',
      }),
    );
  };

export const redirect = (response: Response, path: string): void => response.redirect(303, path);

/** There is no such page, or none for this person: nobody can tell which. */
export function notFound(response: Response, person?: Person): void {
  response.status(404).send(problemPage({ title: 'Not found', message: 'There is no such page.', person }));
}

/** A field of a form, however it was sent. */
export function field(request: Request, name: string): string {
  const value: unknown = (request.body as Record<string, unknown> | undefined)?.[name];
  return typeof value === 'string' ? value.trim() : '';
}

export const personAt = (request: Request, sessions: Sessions, people: People): Person | undefined => {
  const id = sessions.personId(request.get('cookie'));
  return id === undefined ? undefined : people.get(id);
};
