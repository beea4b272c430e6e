import type { Connection, MessageFailure, RemovedMessage } from '@mailsphere/core';
import { type Response, Router } from 'express';
import type { Office365 } from '../office365.ts';
import { cancelPage } from '../pages/cancel-page.ts';
import type { ReasonForm } from '../pages/mail-forms.ts';
import { SHOWN } from '../pages/mail-lists.ts';
import { mailPage } from '../pages/mail-page.ts';
import { mailPath, type Visit } from '../pages/visit.ts';
import { field, redirect } from './answers.ts';
import { connectionAt } from './visitor.ts';

// What the connector takes.
const LONGEST_REASON = 500;
const TOO_LONG = `give at most ${LONGEST_REASON} characters.`;

/** How the mail goes, and what people say about it. */
export function mailRoutes({ connector, wake }: Office365): Router {
  const { mail } = connector;
  const router = Router();
  const base = '/organizations/:organizationId/mail';

  const show = async (response: Response, visit: Visit, { id }: Connection, form?: ReasonForm) => {
    const failures: MessageFailure[] = [];
    for await (const failure of mail.failures(id)) if (failures.push(failure) > SHOWN) break;
    const removed = await newestOf(mail.removed(id));
    response.send(mailPage(visit, { mail: await mail.status(id), failures, removed, form }));
  };

  router.get(base, async (_request, response) => {
    const found = connectionAt(response);
    if (found) await show(response, found.visit, found.connection);
  });

  router.post(`${base}/pause`, async (request, response) => {
    const found = connectionAt(response);
    if (!found) return;
    const { visit, connection } = found;
    const reason = field(request, 'reason');
    if (reason.length > LONGEST_REASON)
      return show(response.status(422), visit, connection, { reason, problem: TOO_LONG });
    // A page from before must not make a pause of what was cancelled: its rounds are gone.
    const isCancelled = (await mail.status(connection.id)).state === 'cancelled';
    if (!isCancelled) await mail.pause(connection.id, { reason: reason === '' ? undefined : reason });
    redirect(response, `${mailPath(visit)}${isCancelled ? '' : '?said=paused'}`);
  });

  router.post(`${base}/resume`, async (_request, response) => {
    const found = connectionAt(response);
    if (!found) return;
    await mail.resume(found.connection.id);
    wake();
    redirect(response, `${mailPath(found.visit)}?said=resumed`);
  });

  router.get(`${base}/cancel`, (_request, response) => {
    const found = connectionAt(response);
    if (found) response.send(cancelPage(found.visit));
  });

  router.post(`${base}/cancel`, async (request, response) => {
    const found = connectionAt(response);
    if (!found) return;
    const reason = field(request, 'reason');
    if (reason.length > LONGEST_REASON)
      return void response.status(422).send(cancelPage(found.visit, { reason, problem: TOO_LONG }));
    await mail.cancel(found.connection.id, { reason: reason === '' ? undefined : reason });
    redirect(response, `${mailPath(found.visit)}?said=cancelled`);
  });

  router.post(`${base}/retry`, async (_request, response) => {
    const found = connectionAt(response);
    if (!found) return;
    const count = await mail.retryFailed(found.connection.id);
    wake();
    redirect(response, `${mailPath(found.visit)}?said=retrying&count=${count}`);
  });
  return router;
}

/** Counts all, and keeps no more than a page shows. */
async function newestOf(
  all: AsyncIterable<RemovedMessage>,
): Promise<{ readonly count: number; readonly newest: readonly RemovedMessage[] }> {
  let count = 0;
  let newest: RemovedMessage[] = [];
  const trim = () => {
    newest.sort((one, other) => other.removedAt.localeCompare(one.removedAt));
    newest = newest.slice(0, SHOWN);
  };
  for await (const message of all) {
    count++;
    if (newest.push(message) > 2 * SHOWN) trim();
  }
  trim();
  return { count, newest };
}
