import { fileURLToPath } from 'node:url';
import { ConnectorError, type Logger } from '@mailsphere/core';
import { toNodeHandler } from '@mailsphere/core/node';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { Office365 } from './office365.ts';
import type { Organizations } from './organizations.ts';
import { problemPage } from './pages/problem-page.ts';
import type { People } from './people.ts';
import { guard, notFound, sameOrigin } from './routes/answers.ts';
import { connectionRoutes } from './routes/connection-routes.ts';
import { mailRoutes } from './routes/mail-routes.ts';
import { organizationRoutes } from './routes/organization-routes.ts';
import { signInRoutes } from './routes/sign-in-routes.ts';
import { userSyncRoutes } from './routes/user-sync-routes.ts';
import { requireSignIn, visitOrganization } from './routes/visitor.ts';
import type { Sessions } from './sessions.ts';

const style = fileURLToPath(new URL('style.css', import.meta.url));

/** The host's pages, and the SDK's where they are mounted. */
export function createApp(host: {
  readonly origin: string;
  readonly people: People;
  readonly sessions: Sessions;
  readonly organizations: Organizations;
  readonly office365: Office365;
  readonly logger: Logger;
}): Express {
  const { origin, people, sessions, organizations, office365, logger } = host;
  const app = express();
  app.disable('x-powered-by');

  // First, as it reads its forms itself and has rules of its own for them.
  app.use('/connect', toNodeHandler(office365.connector.handler));

  app.get('/style.css', (_request, response) => response.sendFile(style));
  app.get('/favicon.ico', (_request, response) => void response.status(204).end());
  app.use(guard, sameOrigin(origin), express.urlencoded({ extended: false, limit: '16kb' }));
  app.use(signInRoutes({ origin, people, sessions }));
  app.use(requireSignIn(sessions, people));
  app.use('/organizations/:organizationId', visitOrganization(organizations, office365));
  app.use(organizationRoutes({ office365, organizations, people }));
  app.use(connectionRoutes(office365));
  app.use(userSyncRoutes(office365));
  app.use(mailRoutes(office365));
  app.use((_request: Request, response: Response) => notFound(response, response.locals.person));
  app.use(problems(logger));
  return app;
}

// Express knows an error handler by its four parameters.
const problems =
  (logger: Logger) =>
  (error: unknown, request: Request, response: Response, _next: NextFunction): void => {
    if (response.headersSent || response.closed) {
      response.destroy();
      return;
    }
    const { person, visit } = response.locals;
    const back = visit && `/organizations/${visit.organization.id}`;
    if (ConnectorError.is(error)) {
      const { code, serviceCode, message } = error;
      logger.warn({ code, serviceCode, method: request.method }, 'A page could not do what it was asked.');
      const isOurs = ConnectorError.is(error, 'refused', 'conflict', 'permission_missing', 'not_found');
      const status = isOurs ? 409 : 502;
      response.status(status).send(problemPage({ title: 'That did not work', message, code, person, back }));
      return;
    }
    // What express says of a request: a form that is too long, or cannot be read.
    const status = error instanceof Error && 'status' in error ? Number(error.status) : 500;
    if (status >= 500)
      logger.error({ error: error instanceof Error ? error.name : 'unknown' }, 'A page failed.');
    const message =
      status < 500
        ? 'The request could not be read.'
        : 'Something went wrong on our side. Try again in a minute.';
    response.status(status).send(problemPage({ title: 'That did not work', message, person, back }));
  };
