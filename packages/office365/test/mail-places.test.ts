import type { Change, MessageRef } from '@mailsphere/core';
import { describe, expect, it } from 'vitest';
import { house } from './house.ts';
import { collect, failure } from './wire.ts';

/** The mailbox of a member, over the simulator. */
function mailboxHouse() {
  const built = house({ tenants: [{ name: 'contoso', users: 12, messagesPerUser: 30, consented: true }] });
  const { simulator, tenant, provider } = built;
  const user = tenant.users.find(({ mailbox, userType }) => mailbox === 'user' && userType === 'Member');
  if (!user) throw new Error('There is a member with a mailbox.');
  const mailbox = { tenantId: tenant.id, mailboxId: user.id };
  const folders = async (options: Parameters<typeof provider.mail.folders>[1] = {}) =>
    (await collect(provider.mail.folders(mailbox, options))).flatMap(({ changes }) =>
      changes.flatMap((change) => (change.type === 'upserted' ? [change.item] : [])),
    );
  const folderNamed = async (name: string) => {
    const found = (await folders()).find(({ displayName }) => displayName === name);
    if (!found) throw new Error(`There is no folder ${name}.`);
    return found;
  };
  const items = (pages: readonly { readonly changes: readonly Change<MessageRef>[] }[]) =>
    pages.flatMap(({ changes }) =>
      changes.flatMap((change) => (change.type === 'upserted' ? [change.item] : [])),
    );
  return { ...built, simulator, user, mailbox, folders, folderNamed, items };
}

describe('folders', () => {
  it('can be left out by what they are for, with all that is below them', async () => {
    const { simulator, tenant, user, folders } = mailboxHouse();
    const below = simulator.addFolder(tenant.id, user.id, 'Old junk', 'junkemail');
    const names = (await folders()).map(({ displayName }) => displayName);
    expect(names).toEqual(expect.arrayContaining(['Junk Email', 'Drafts', 'Old junk']));
    const left = await folders({ exclude: ['junk', 'drafts', 'sync_issues'] });
    expect(left.some(({ folderId }) => folderId === below)).toBe(false);
    expect(left.map(({ displayName }) => displayName)).toEqual(
      names.filter((name) => !['Junk Email', 'Drafts', 'Old junk'].includes(name ?? '')),
    );
  });

  it('hold what users deleted for good only when that is wanted', async () => {
    const { folders } = mailboxHouse();
    const recoverable = (all: Awaited<ReturnType<typeof folders>>) =>
      all.filter(({ displayName }) => displayName === 'Recoverable Items Deletions').length;
    expect(recoverable(await folders())).toBe(0);
    const all = await folders({ recoverable: true });
    expect(recoverable(all)).toBe(1);
    expect(all.length).toBe((await folders()).length + 1);
  });
});

describe('the list of a folder', () => {
  it('has every message once, also over several pages and when mail arrives meanwhile', async () => {
    const { simulator, tenant, user, provider, folderNamed, items } = mailboxHouse();
    const inbox = await folderNamed('Inbox');
    for (let index = 0; index < 1_200; index++)
      simulator.addMessage(tenant.id, user.id, 'inbox', { raw: `Subject: ${index}\r\n\r\n` });
    const delta = items(await collect(provider.mail.messages(inbox)));
    const pages = provider.mail.list(inbox)[Symbol.asyncIterator]();
    const first = (await pages.next()).value;
    simulator.addMessage(tenant.id, user.id, 'inbox', { raw: 'Subject: late\r\n\r\n' });
    const cursor = first?.cursor;
    const rest = items(await collect(provider.mail.list(inbox, { cursor })));
    const listed = [...items([first]), ...rest].map(({ messageId }) => messageId);
    expect(first).toMatchObject({ caughtUp: false });
    expect(new Set(listed).size).toBe(listed.length);
    expect(listed).toEqual(expect.arrayContaining(delta.map(({ messageId }) => messageId)));
  });

  it('of a folder that is gone says so', async () => {
    const { simulator, tenant, user, provider, mailbox } = mailboxHouse();
    const folderId = simulator.addFolder(tenant.id, user.id, 'short-lived');
    simulator.removeFolder(tenant.id, user.id, folderId);
    expect(await failure(collect(provider.mail.list({ ...mailbox, folderId })))).toMatchObject({
      code: 'gone',
    });
  });
});

it('a draft is marked, in the delta, in the list and where it is', async () => {
  const { simulator, tenant, user, provider, folderNamed, items } = mailboxHouse();
  simulator.addMessage(tenant.id, user.id, 'drafts', { raw: 'Subject: not yet\r\n\r\n' });
  const drafts = await folderNamed('Drafts');
  const all = items(await collect(provider.mail.messages(drafts)));
  expect(all.length).toBeGreaterThan(0);
  expect(all.every(({ draft }) => draft === true)).toBe(true);
  expect(items(await collect(provider.mail.list(drafts))).every(({ draft }) => draft === true)).toBe(true);
  const inbox = items(await collect(provider.mail.messages(await folderNamed('Inbox'))));
  expect(inbox.some(({ draft }) => draft)).toBe(false);
});

describe('where a message is', () => {
  it('is found after a move, under the same id', async () => {
    const { simulator, tenant, user, provider, folderNamed, items } = mailboxHouse();
    const [inbox, archive] = [await folderNamed('Inbox'), await folderNamed('Archive')];
    const [message] = items(await collect(provider.mail.messages(inbox)));
    if (!message) throw new Error('There is a message.');
    expect(await provider.mail.locate(message)).toEqual(message);
    simulator.moveMessage(tenant.id, user.id, message.messageId, 'archive');
    expect(await provider.mail.locate(message)).toEqual({ ...message, folderId: archive.folderId });
  });

  it('is nowhere once it was deleted', async () => {
    const { simulator, tenant, user, provider, folderNamed, items } = mailboxHouse();
    const [message] = items(await collect(provider.mail.messages(await folderNamed('Inbox'))));
    if (!message) throw new Error('There is a message.');
    simulator.removeMessage(tenant.id, user.id, message.messageId);
    expect(await provider.mail.locate(message)).toBeUndefined();
  });
});
