import { ConnectorError } from '@mailsphere/core';
import { type Request, Router } from 'express';
import { signInPage } from '../pages/sign-in-page.ts';
import type { People } from '../people.ts';
import type { Sessions } from '../sessions.ts';
import { personAt, redirect } from './answers.ts';

/** Signing in and out. */
export function signInRoutes(host: {
  readonly origin: string;
  readonly people: People;
  readonly sessions: Sessions;
}): Router {
  const { origin, people, sessions } = host;
  const router = Router();

  router.get('/sign-in', (request, response) => {
    if (personAt(request, sessions, people)) return redirect(response, '/');
    response.send(signInPage({ next: pathWithin(origin, request.query.next) }));
  });

  router.post('/sign-in', async (request, response) => {
    // As it was typed: a password may begin with a space.
    const { email, password, next: asked } = formOf(request);
    const next = pathWithin(origin, asked);
    const refuse = (status: number, problem: string) =>
      response.status(status).send(signInPage({ email, next, problem }));
    try {
      const person = await people.signIn(email, password);
      if (!person) return void refuse(403, 'The e-mail address or the password is wrong.');
      // Whatever session the browser had is over: nobody goes on with one that somebody else may know.
      sessions.end(request.get('cookie'));
      response.append('set-cookie', sessions.start(person.id));
      redirect(response, next);
    } catch (error) {
      if (!ConnectorError.is(error, 'throttled')) throw error;
      refuse(429, error.message);
    }
  });

  router.post('/sign-out', (request, response) => {
    response.append('set-cookie', sessions.end(request.get('cookie')));
    redirect(response, '/sign-in');
  });
  return router;
}

function formOf({ body }: Request): Record<'email' | 'password' | 'next', string> {
  const { email, password, next } = (body ?? {}) as Record<string, unknown>;
  const text = (value: unknown) => (typeof value === 'string' ? value.slice(0, 2000) : '');
  return { email: text(email).slice(0, 254), password: text(password).slice(0, 200), next: text(next) };
}

/** Where to go after signing in: a page of this host, whatever was asked for. */
function pathWithin(origin: string, asked: unknown): string {
  const url = typeof asked === 'string' ? URL.parse(asked, origin) : null;
  // A path that begins with two slashes would lead to another host.
  return url?.origin === origin && !url.pathname.startsWith('//') ? url.pathname + url.search : '/';
}
