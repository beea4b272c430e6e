import type { ManifestEntry, SimulatedTenant, Simulator, SimulatorOptions } from '@mailsphere/simulator';
import { startServer } from '@mailsphere/simulator/server';

/** Rows of a page of messages, so that a small folder has several. */
const PAGE = 4;
const quiet: SimulatorOptions = {
  // A request of a process that was killed may still be under way when the next one begins.
  limits: false,
  quirks: { emptyPages: 0, repeatedRows: 0 },
};

export type MailTenant = Awaited<ReturnType<typeof startMailTenant>>;

/**
 * A tenant of two people, always with the same mail, behind two loopback ports.
 *
 * @param isSmall One person with an inbox of three messages and a folder for what was deleted: every kind of step with few repetitions.
 */
export async function startMailTenant({ messagesPerUser = 5, isSmall = false } = {}) {
  const server = await startServer({
    ...quiet,
    tenants: [
      {
        name: 'contoso',
        users: isSmall ? 1 : 2,
        messagesPerUser,
        skew: 0,
        messageSize: { medianBytes: 2_000, maxBytes: 20_000 },
        consented: true,
      },
    ],
  });
  const { simulator } = server;
  const [tenant] = simulator.tenants;
  if (!tenant) throw new Error('There is a tenant.');
  askForSmallPages(simulator);
  if (isSmall) keepLittle(simulator, tenant);
  else removeEmptyFolders(simulator, tenant);
  const { clientId, secret } = simulator.app;
  return {
    simulator,
    tenant,
    /** What a process needs to talk to it. */
    service: { clientId, secret, cloud: { login: server.login, graph: server.graph } },
    fetch: (request: Request) => fetch(request),
    /** Every message that the tenant holds. */
    manifest: (): readonly ManifestEntry[] => [...simulator.manifest(tenant)],
    close: () => server.close(),
  };
}

/** Looks at each request to Graph before it is answered; what it returns is answered instead. */
export function intercept(
  simulator: Simulator,
  look: (request: Request, answer: (request: Request) => Promise<Response>) => Promise<Response>,
) {
  const answer = simulator.graph.fetch;
  // In place, because the server calls it where it is.
  Object.assign(simulator.graph, { fetch: (request: Request) => look(request, answer) });
}

function askForSmallPages(simulator: Simulator) {
  intercept(simulator, (request, answer) => {
    const headers = new Headers(request.headers);
    const prefer = headers.get('prefer');
    if (request.method !== 'GET' || !prefer?.includes('maxpagesize')) return answer(request);
    headers.set('prefer', prefer.replace(/maxpagesize=\d+/, `maxpagesize=${PAGE}`));
    return answer(new Request(request.url, { headers, signal: request.signal }));
  });
}

/** Each folder costs requests and steps, and one without mail has nothing to lose. */
function removeEmptyFolders(simulator: Simulator, tenant: SimulatedTenant) {
  const used = new Set([...simulator.manifest(tenant)].map(({ folderId }) => folderId));
  for (const id of tenant.mailboxes) {
    const folders = tenant.mailbox(id)?.folders ?? [];
    const parents = new Set(folders.filter((one) => used.has(one.id)).map(({ parent }) => parent));
    for (const folder of folders)
      if (
        !used.has(folder.id) &&
        !parents.has(folder.index) &&
        folder.parent !== undefined &&
        folder.searches === undefined
      )
        simulator.removeFolder(tenant.id, id, folder.id);
  }
}

function keepLittle(simulator: Simulator, tenant: SimulatedTenant) {
  for (const id of tenant.mailboxes) {
    const mailbox = tenant.mailbox(id);
    const kept = new Set(['inbox', 'deleteditems'].map((name) => mailbox?.folder(name)?.id));
    for (const folder of mailbox?.folders ?? [])
      if (!kept.has(folder.id) && folder.parent !== undefined && folder.searches === undefined)
        simulator.removeFolder(tenant.id, id, folder.id);
    for (const { messageId } of [...simulator.manifest(tenant)].filter(({ mailboxId }) => mailboxId === id))
      simulator.removeMessage(tenant.id, id, messageId);
    for (const name of ['first', 'second', 'third']) addMail(simulator, tenant.id, id, name);
  }
}

/** Mail of the first mailbox that does not keep still while it is archived for the first time. */
export function addRestlessMail({ simulator, tenant }: MailTenant) {
  const [mailbox = ''] = tenant.mailboxes;
  const add = (name: string) => addMail(simulator, tenant.id, mailbox, name);
  const poison = add('poison');
  const deleted = add('deleted when it is about to be fetched');
  const moved = add('moved when the next one is fetched');
  const next = add('next');
  simulator.poisonMessage(tenant.id, mailbox, poison);
  const events = new Map([
    [deleted, () => simulator.removeMessage(tenant.id, mailbox, deleted)],
    [next, () => void simulator.moveMessage(tenant.id, mailbox, moved, 'deleteditems')],
  ]);
  intercept(simulator, (request, answer) => {
    const [, id = ''] = /\/messages\/([^/]+)\/\$value$/.exec(new URL(request.url).pathname) ?? [];
    const messageId = decodeURIComponent(id);
    events.get(messageId)?.();
    events.delete(messageId);
    return answer(request);
  });
}

/** What happens to the first mailbox after all of it was archived. */
export function changeArchivedMail({ simulator, tenant, manifest }: MailTenant) {
  const [mailbox = ''] = tenant.mailboxes;
  const inbox = tenant.mailbox(mailbox)?.folder('inbox')?.id;
  const [deleted, moved] = manifest().filter(
    ({ mailboxId, folderId }) => mailboxId === mailbox && folderId === inbox,
  );
  if (!deleted || !moved) throw new Error('There is mail in the inbox.');
  simulator.removeMessage(tenant.id, mailbox, deleted.messageId);
  simulator.moveMessage(tenant.id, mailbox, moved.messageId, 'deleteditems');
  addMail(simulator, tenant.id, mailbox, 'new');
  // No list of changes tells of it: where it went, and where it is again, it is only said to have left.
  const back = addMail(simulator, tenant.id, mailbox, 'moved there and back');
  simulator.moveMessage(tenant.id, mailbox, back, 'deleteditems');
  simulator.moveMessage(tenant.id, mailbox, back, 'inbox');
}

const addMail = (simulator: Simulator, tenantId: string, mailbox: string, name: string) =>
  simulator.addMessage(tenantId, mailbox, 'inbox', { raw: `Subject: ${name}\r\n\r\n${name}\r\n` }).messageId;
