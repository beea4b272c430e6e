import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { MailHost } from '../processes/mail-host.ts';
import type { MailTenant } from './mail-tenant.ts';

interface FolderCheckpoint {
  readonly mailboxId: string;
  readonly folderId: string;
  readonly cursor: string | undefined;
  readonly counts: Readonly<Record<string, number>>;
}

const keyOf = ({ mailboxId, messageId }: { readonly mailboxId: string; readonly messageId: string }) =>
  `${mailboxId}/${messageId}`;

async function checkpointsOf({ storage, connectionId }: MailHost): Promise<readonly FolderCheckpoint[]> {
  const records = await storage.list('checkpoints', { prefix: `${connectionId}/mail/` });
  return records.map(({ id, value }) => {
    const [, , mailboxId = '', folderId = ''] = id.split('/').map(decodeURIComponent);
    return { mailboxId, folderId, ...(value as unknown as Pick<FolderCheckpoint, 'cursor' | 'counts'>) };
  });
}

const failingIn = async ({ storage, connectionId }: MailHost): Promise<readonly string[]> =>
  (await storage.list('failures', { prefix: `${connectionId}/` })).map(({ id }) =>
    id.split('/').slice(1).map(decodeURIComponent).join('/'),
  );

/** Every file of the archive that a reader can come upon: what lies in `tmp` is nobody's yet. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && basename(entry.parentPath) !== 'tmp')
    .map(({ name, parentPath }) => `${basename(dirname(parentPath))}/${basename(parentPath)}/${name}`)
    .filter((name) => !name.endsWith('/SHA256SUMS'));
}

async function archivedIn({ archive }: MailHost) {
  const entries: string[] = [];
  for await (const entry of archive.entries()) entries.push(`${keyOf(entry)} ${entry.sha256} ${entry.bytes}`);
  return entries.sort();
}

const messageOf = (entry: string) => entry.slice(0, entry.indexOf(' '));

/**
 * Nobody who looks at this moment sees half a message, a wrong one, or a claim to have what is not there.
 *
 * @returns How many messages are archived.
 */
export async function expectNoFalseClaim(host: MailHost, tenant: MailTenant, folder: string) {
  const archived = await archivedIn(host);
  const files = await filesIn(folder);
  expect(files.filter((name) => !name.endsWith('.eml'))).toEqual([]);
  expect(files).toHaveLength(archived.length);
  for await (const { status, ...message } of host.archive.verify())
    expect([keyOf(message), status]).not.toContain('damaged');

  const stored = new Set(archived.map(messageOf));
  const failing = new Set(await failingIn(host));
  const checkpoints = await checkpointsOf(host);
  for (const { mailboxId, folderId, cursor } of checkpoints) {
    if (cursor === undefined) continue;
    const ahead = await messagesAfter(host, tenant, { mailboxId, folderId, cursor });
    const passed = tenant
      .manifest()
      .filter((message) => message.mailboxId === mailboxId && message.folderId === folderId)
      .filter(({ messageId }) => !ahead.has(messageId));
    const lost = passed.map(keyOf).filter((key) => !stored.has(key) && !failing.has(key));
    expect(lost, 'messages before a cursor that are neither stored nor put off').toEqual([]);
  }
  const claimed = checkpoints.reduce((sum, { counts }) => sum + (counts.archived ?? 0), 0);
  expect(claimed).toBeLessThanOrEqual(archived.length);
  return { archived: archived.length };
}

async function messagesAfter(
  { provider }: MailHost,
  { tenant }: MailTenant,
  at: { readonly mailboxId: string; readonly folderId: string; readonly cursor: string },
): Promise<ReadonlySet<string>> {
  const { cursor, ...folder } = at;
  const ids = new Set<string>();
  for await (const { changes } of provider.mail.messages({ tenantId: tenant.id, ...folder }, { cursor }))
    for (const change of changes) if (change.type === 'upserted') ids.add(change.item.messageId);
  return ids;
}

/** What there is when all is archived, as far as it must not depend on who was killed on the way. */
export async function endState(host: MailHost, folder: string) {
  const { storage, connectionId, connector, archive } = host;
  const prefix = `${connectionId}/`;
  const ids = async (collection: string) => (await storage.list(collection, { prefix })).map(({ id }) => id);
  const verified: string[] = [];
  for await (const { status, ...message } of archive.verify()) verified.push(`${keyOf(message)} ${status}`);
  const { mailboxes, failed } = await connector.mail.status(connectionId);
  return {
    archived: await archivedIn(host),
    verified: verified.sort(),
    files: (await filesIn(folder)).length,
    failures: await failingIn(host),
    removed: await ids('removed'),
    departures: await ids('departures'),
    rounds: await ids('rounds'),
    behind: (await storage.list('checkpoints', { prefix: `${connectionId}/mail/` }))
      .filter(({ value }) => (value as { readonly caughtUp?: boolean }).caughtUp !== true)
      .map(({ id }) => id),
    failed,
    mailboxes: mailboxes.map((each) => ({
      state: each.state,
      failed: each.failed,
      // A message that was moved meanwhile is listed twice, or once when its first page was cut off: so only the sum must come out.
      unaccounted: each.discovered - each.archived - each.alreadyStored - each.gone - each.failed,
    })),
  };
}

/** What the tenant holds, written as {@link endState} writes what is archived. */
export const heldBy = (tenant: MailTenant): readonly string[] =>
  tenant
    .manifest()
    .map((message) => `${keyOf(message)} ${message.sha256} ${message.bytes}`)
    .sort();

const COLLECTIONS = ['checkpoints', 'mailboxes', 'rounds', 'folders', 'failures', 'departures', 'removed'];

/** All that archiving writes: each record with its version, each finished file with its content. */
export async function writtenState({ storage }: MailHost, folder: string) {
  const records = await Promise.all(COLLECTIONS.map((collection) => storage.list(collection)));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    // What was not finished is seen by nobody, and the sleeper clears its own away.
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.part'))
    .map(({ name, parentPath }) => join(parentPath, name));
  return {
    records: records.flat().map(({ id, version }) => `${id} ${version}`),
    files: await Promise.all(
      paths.sort().map(async (path) => `${path} ${(await readFile(path)).toString('base64')}`),
    ),
  };
}
