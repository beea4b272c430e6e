import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { activeConnection } from '../active-connection.ts';
import type { ArchiveOrder, ArchiveReport, ArchiveSettings } from '../processes/archive-mail.ts';
import { startProgram } from '../processes/host-process.ts';
import { forwardClock, type MailPlace, openMailHost } from '../processes/mail-host.ts';
import { type MailTenant, startMailTenant } from './mail-tenant.ts';

/** Milliseconds after which nobody holds what a killed process held. */
export const PAST_THE_LEASE = 60_000;
const EMPTY = 'empty';
const ARCHIVED = 'archived';

/** Hosts that were authorised once: each gets a copy of the same state. */
export async function authorizedHosts() {
  const root = await mkdtemp(join(tmpdir(), 'mailsphere-'));
  const at = (name: string) => ({ place: { path: join(root, `${name}.sqlite`) }, folder: join(root, name) });
  const copy = async (from: string, to: string) => {
    await cp(at(from).place.path, at(to).place.path);
    if (from === ARCHIVED) await cp(at(from).folder, at(to).folder, { recursive: true });
    return at(to);
  };

  const tenant = await startMailTenant();
  const authorizing = await openMailHost({ ...tenant.service, ...at(EMPTY), connectionId: '' });
  const connectionId = await activeConnection(authorizing.connector, tenant.tenant, (request) =>
    fetch(request),
  );
  await authorizing.close();
  const archiving = await openMailHost({ ...tenant.service, ...(await copy(EMPTY, ARCHIVED)), connectionId });
  await archiving.archiveMail(1);
  await archiving.close();
  await tenant.close();

  let made = 0;
  const compileCache = join(root, 'compiled');
  return {
    /** A process of a host that archives when it is told to. */
    start: (settings: ArchiveSettings) =>
      startProgram<ArchiveOrder, ArchiveReport>('archive-mail.ts', settings, compileCache),
    /** A host of its own, which has archived nothing yet, or all that such a tenant holds at first. */
    async place({ service }: MailTenant, from: typeof EMPTY | typeof ARCHIVED = EMPTY): Promise<MailPlace> {
      return { ...service, ...(await copy(from, `host-${++made}`)), connectionId };
    },
    close: () => rm(root, { recursive: true, force: true }),
  };
}

/** A host in the process of the test, which comes to the place of one that is no more. */
export const successor = (place: MailPlace, ahead: number = PAST_THE_LEASE) =>
  openMailHost(place, { clock: forwardClock({ ahead }) });
