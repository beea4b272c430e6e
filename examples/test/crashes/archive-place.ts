import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'tsup';
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

  const tenant = await startMailTenant({ isSmall: true });
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
  const program = await bundled('archive-mail.ts', root);
  return {
    /** A process of a host that archives when it is told to. */
    start: (settings: ArchiveSettings) =>
      startProgram<ArchiveOrder, ArchiveReport>(program, settings, compileCache),
    /** A host of its own, which has archived nothing yet, or all that such a tenant holds at first. */
    async place({ service }: MailTenant, from: typeof EMPTY | typeof ARCHIVED = EMPTY): Promise<MailPlace> {
      return { ...service, ...(await copy(from, `host-${++made}`)), connectionId };
    },
    close: () => rm(root, { recursive: true, force: true }),
  };
}

/** The URL of a program as one file: a process that loads its hundreds of modules one by one takes three times as long to be ready. */
async function bundled(program: string, folder: string): Promise<string> {
  await build({
    config: false,
    silent: true,
    entry: { program: fileURLToPath(new URL(`../processes/${program}`, import.meta.url)) },
    outDir: folder,
    outExtension: () => ({ js: '.mjs' }),
    format: 'esm',
    target: 'node22',
    platform: 'node',
    noExternal: [/./],
    // There is no `sqlite` without it.
    removeNodeProtocol: false,
    // Some packages are CommonJS, and ask for modules of Node.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    esbuildOptions(options) {
      options.conditions = ['@mailsphere/source'];
    },
  });
  return pathToFileURL(join(folder, 'program.mjs')).href;
}

/** A host in the process of the test, which comes to the place of one that is no more. */
export const successor = (place: MailPlace, ahead: number = PAST_THE_LEASE) =>
  openMailHost(place, { clock: forwardClock({ ahead }) });
