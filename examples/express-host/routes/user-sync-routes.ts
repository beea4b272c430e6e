import type { Connection } from '@mailsphere/core';
import { type Response, Router } from 'express';
import type { Office365 } from '../office365.ts';
import { heldRun } from '../pages/held-run.ts';
import { problemPage } from '../pages/problem-page.ts';
import { removalsPage } from '../pages/removals-page.ts';
import { userSyncPage } from '../pages/user-sync-page.ts';
import { restOf, userSyncPath, type Visit } from '../pages/visit.ts';
import { field, redirect } from './answers.ts';
import { connectionAt } from './visitor.ts';

/** What became of the directory, and what people say about it. */
export function userSyncRoutes(office365: Office365): Router {
  const { connector, directory } = office365;
  const router = Router();
  const base = '/organizations/:organizationId/user-sync';

  /** The connection, unless nothing is read of its directory: then that is said. */
  const readableAt = (response: Response): { visit: Visit; connection: Connection } | undefined => {
    const found = connectionAt(response);
    const rest = found && restOf(found.connection, 'directory');
    if (rest === undefined) return found;
    const { person } = found?.visit ?? {};
    const back = found && userSyncPath(found.visit);
    response.status(409).send(problemPage({ title: 'User Sync rests', message: rest, person, back }));
    return undefined;
  };

  router.get(base, async (_request, response) => {
    const found = connectionAt(response);
    if (!found) return;
    const { id } = found.connection;
    // Before the runs are read: what ends in between is then among them, or still said to be running.
    const isRunning = office365.isSyncingUsers(id);
    const [runs, counts] = [await connector.directory.runs(id), await directory.counts(id)];
    response.send(userSyncPage(found.visit, { runs, counts, isRunning }));
  });

  router.post(base, async (_request, response) => {
    const found = readableAt(response);
    if (!found) return;
    await office365.syncUsers(found.connection.id);
    redirect(response, `${userSyncPath(found.visit)}?said=syncing`);
  });

  router.post(`${base}/full`, (_request, response) => {
    const found = readableAt(response);
    if (!found) return;
    office365.startUserSync(found.connection.id, { full: true });
    redirect(response, `${userSyncPath(found.visit)}?said=reading`);
  });

  router.get(`${base}/removals`, async (_request, response) => {
    const found = readableAt(response);
    if (!found) return;
    const { id } = found.connection;
    const run = heldRun(await connector.directory.runs(id));
    // Asking the service is worth it only when there is something to decide.
    const asked = run && {
      run,
      preview: await connector.directory.preview(id, { signal: whileOpen(response), maxWait: 10_000 }),
      counts: await directory.counts(id),
    };
    response.send(removalsPage(found.visit, asked));
  });

  router.post(`${base}/removals`, async (request, response) => {
    const found = readableAt(response);
    if (!found) return;
    const { visit, connection } = found;
    const run = heldRun(await connector.directory.runs(connection.id));
    // Only what somebody has seen is let through: another run may hold more.
    if (!run || run.endedAt !== field(request, 'seen'))
      return redirect(response, `${userSyncPath(visit)}/removals?said=changed`);
    office365.startUserSync(connection.id, { allowRemovals: true });
    redirect(response, `${userSyncPath(visit)}?said=removing`);
  });
  return router;
}

/** Aborts when the browser has left. */
function whileOpen(response: Response): AbortSignal {
  const left = new AbortController();
  response.once('close', () => left.abort());
  return left.signal;
}
