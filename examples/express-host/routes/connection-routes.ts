import type { Connection } from '@mailsphere/core';
import { Router } from 'express';
import type { Office365 } from '../office365.ts';
import { disconnectPage } from '../pages/disconnect-page.ts';
import { linkPage } from '../pages/link-page.ts';
import type { Visit } from '../pages/visit.ts';
import { field, redirect } from './answers.ts';
import { connectionAt } from './visitor.ts';

/** Its consent, the link for an administrator, and its end. */
export function connectionRoutes({ connector }: Office365): Router {
  const router = Router();
  const pathOf = ({ organization }: Visit) => `/organizations/${organization.id}`;
  const isLive = (connection: Connection | undefined) => connection?.status !== 'disconnected';

  router.post('/organizations/:organizationId/check', async (_request, response) => {
    const found = connectionAt(response, isLive);
    if (!found) return;
    const { consent, connection } = await connector.authorization.check(found.connection.id);
    const said = consent === 'granted' && connection.status === 'registered' ? 'confirm' : consent;
    redirect(response, `${pathOf(found.visit)}?said=${said}`);
  });

  router.get('/organizations/:organizationId/link', (_request, response) => {
    const found = connectionAt(response, isLive);
    if (found) response.send(linkPage(found.visit));
  });

  router.post('/organizations/:organizationId/link', async (_request, response) => {
    const found = connectionAt(response, isLive);
    if (!found) return;
    const { visit, connection } = found;
    const invited = await connector.authorization.invite({
      connectionId: connection.id,
      actor: visit.person.id,
    });
    response.send(linkPage(visit, invited));
  });

  router.get('/organizations/:organizationId/disconnect', (_request, response) => {
    const found = connectionAt(response, isLive);
    if (found) response.send(disconnectPage(found.visit));
  });

  router.post('/organizations/:organizationId/disconnect', async (request, response) => {
    const found = connectionAt(response, isLive);
    if (!found) return;
    const erase = field(request, 'progress') === 'erase';
    await connector.connections.disconnect(found.connection.id, { erase });
    redirect(response, `${pathOf(found.visit)}?said=disconnected`);
  });
  return router;
}
