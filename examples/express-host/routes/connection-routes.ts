import type { Connection, MessageFailure } from '@mailsphere/core';
import { type Response, Router } from 'express';
import type { Office365 } from '../office365.ts';
import { disconnectPage } from '../pages/disconnect-page.ts';
import { linkPage } from '../pages/link-page.ts';
import { mailPage, SHOWN } from '../pages/mail-page.ts';
import { userSyncPage } from '../pages/user-sync-page.ts';
import { isConnected, type Visit } from '../pages/visit.ts';
import { field, notFound, redirect } from './answers.ts';
import { visitOf } from './visitor.ts';

/** What can be done with a connection, once there is one. */
export function connectionRoutes(office365: Office365): Router {
  const { connector, directory } = office365;
  const router = Router();
  const pathOf = ({ organization }: Visit) => `/organizations/${organization.id}`;

  /** The connection, or the answer that there is no such page. */
  const connectionAt = (
    response: Response,
    isWanted: (connection: Connection | undefined) => boolean = isConnected,
  ) => {
    const visit = visitOf(response);
    const { connection, person } = visit;
    if (connection && isWanted(connection)) return { visit, connection };
    notFound(response, person);
    return undefined;
  };
  const isLive = (connection: Connection | undefined) => connection?.status !== 'disconnected';

  router.post('/organizations/:organizationId/check', async (_request, response) => {
    const found = connectionAt(response, isLive);
    if (!found) return;
    const { consent, connection } = await connector.authorization.check(found.connection.id);
    const said = consent === 'granted' && connection.status === 'registered' ? 'confirm' : consent;
    redirect(response, `${pathOf(found.visit)}?said=${said}`);
  });

  router.get('/organizations/:organizationId/user-sync', async (_request, response) => {
    const found = connectionAt(response);
    if (!found) return;
    const { id } = found.connection;
    const lastRun = await connector.directory.status(id);
    const counts = await directory.counts(id);
    const isRunning = office365.isSyncingUsers(id);
    response.send(userSyncPage(found.visit, { lastRun, counts, isRunning }));
  });

  router.post('/organizations/:organizationId/user-sync', async (_request, response) => {
    const found = connectionAt(response);
    if (!found) return;
    await office365.syncUsers(found.connection.id);
    redirect(response, `${found.visit.path}?said=syncing`);
  });

  router.get('/organizations/:organizationId/mail', async (_request, response) => {
    const found = connectionAt(response);
    if (!found) return;
    const { id } = found.connection;
    const failures: MessageFailure[] = [];
    for await (const failure of connector.mail.failures(id)) if (failures.push(failure) > SHOWN) break;
    response.send(mailPage(found.visit, await connector.mail.status(id), failures));
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
