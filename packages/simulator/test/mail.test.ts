import { createHash } from 'node:crypto';
import type { ManifestEntry } from '@mailsphere/simulator';
import { describe, expect, it } from 'vitest';
import { connect, IMMUTABLE, type Json, someMailbox, tenantOf } from './support.ts';

const setup = () => connect({ tenants: [{ name: 'contoso', users: 20, messagesPerUser: 120, skew: 0 }] });

/** Every folder of a mailbox by walking, hidden ones too. */
async function walk(get: (path: string) => Promise<Json>, mailbox: string) {
  const folders: Json[] = [];
  const open = async (path: string): Promise<void> => {
    let next: unknown = path;
    while (typeof next === 'string') {
      const page: Json = await get(next);
      for (const folder of page.value as Json[]) {
        folders.push(folder);
        if (Number(folder.childFolderCount) > 0)
          await open(
            `/users/${mailbox}/mailFolders/${encodeURIComponent(String(folder.id))}/childFolders?includeHiddenFolders=true`,
          );
      }
      next = page['@odata.nextLink'];
    }
  };
  await open(`/users/${mailbox}/mailFolders?includeHiddenFolders=true`);
  return folders;
}

describe('folders', () => {
  it('come ten to a page, only the top ones, the hidden one on request (microsoft-graph 5.5)', async () => {
    const { simulator, get, pages } = await setup();
    const mailbox = someMailbox(simulator);
    const first = await get(`/users/${mailbox}/mailFolders`);
    expect(first.value).toHaveLength(10);
    const visible = (await pages(`/users/${mailbox}/mailFolders`)).rows;
    const all = (await pages(`/users/${mailbox}/mailFolders?includeHiddenFolders=true`)).rows;
    expect(all.length).toBe(visible.length + 1);
    expect(visible.some((row) => row.displayName === 'Q3')).toBe(false);
    for (const row of visible) expect(row).not.toHaveProperty('wellKnownName');
    expect(visible.filter((row) => row['@odata.type'] === '#microsoft.graph.mailSearchFolder')).toHaveLength(
      1,
    );
  });

  it('nest three deep, and hold every message once when search folders are left out (microsoft-graph 5.5)', async () => {
    const { simulator, get } = await setup();
    const mailbox = someMailbox(simulator);
    const folders = await walk(get, mailbox);
    expect(folders.some((folder) => folder.displayName === 'Q3')).toBe(true);
    const real = folders.filter((folder) => folder['@odata.type'] !== '#microsoft.graph.mailSearchFolder');
    const items = real.reduce((sum, folder) => sum + Number(folder.totalItemCount), 0);
    // One item in Deleted Items is no message, and is counted all the same.
    expect(items).toBe((tenantOf(simulator).mailbox(mailbox)?.size ?? 0) + 1);
  });

  it('are found by well-known name in any case; absent ones are 404 (microsoft-graph 5.5)', async () => {
    const { simulator, get, ask } = await setup();
    const mailbox = someMailbox(simulator);
    const inbox = await get(`/users/${mailbox}/mailFolders/inbox`);
    expect(await get(`/users/${mailbox}/mailFolders('InBox')`)).toMatchObject({ id: inbox.id });
    expect(await get(`/users/${mailbox}/mailFolders/recoverableitemsdeletions`)).toMatchObject({
      totalItemCount: 0,
    });
    expect((await ask(`/users/${mailbox}/mailFolders/clutter`)).status).toBe(404);
  });

  it('have a delta of their own over the whole tree (microsoft-graph 3.4)', async () => {
    const { simulator, tenantId, pages } = await setup();
    const mailbox = someMailbox(simulator);
    const { rows, deltaLink } = await pages(`/users/${mailbox}/mailFolders/delta`);
    expect(rows.some((row) => row.displayName === 'Q3')).toBe(true);
    const id = simulator.addFolder(tenantId, mailbox, 'Fresh', 'inbox');
    const round = await pages(deltaLink);
    expect(round.rows).toMatchObject([{ id, displayName: 'Fresh' }]);
    simulator.removeFolder(tenantId, mailbox, 'Fresh');
    expect((await pages(round.deltaLink)).rows).toMatchObject([{ id, '@removed': { reason: 'deleted' } }]);
  });
});

describe('message lists', () => {
  it('come ten to a page, up to 1,000, with a $skip link that keeps the query (microsoft-graph 4, 5.4)', async () => {
    const { simulator, get, pages } = await setup();
    const mailbox = someMailbox(simulator);
    const first = await get(`/users/${mailbox}/messages?$select=id`);
    expect(first.value).toHaveLength(10);
    expect(first['@odata.nextLink']).toMatch(/\/messages\?\$select=id&\$skip=10$/);
    const { rows } = await pages(`/users/${mailbox}/messages?$select=id&$top=1000`);
    expect(rows).toHaveLength(tenantOf(simulator).mailbox(mailbox)?.size ?? -1);
    const inbox = await pages(`/users/${mailbox}/mailFolders/inbox/messages?$select=receivedDateTime`);
    const times = inbox.rows.map((row) => String(row.receivedDateTime));
    expect(times).toEqual([...times].sort().reverse());
  });

  it('skip more than a page holds where other items lie between (microsoft-graph 4)', async () => {
    const { simulator, get } = await setup();
    const page = await get(
      `/users/${someMailbox(simulator)}/mailFolders/deleteditems/messages?$top=3&$select=id`,
    );
    expect(page.value).toHaveLength(3);
    expect(page['@odata.nextLink']).toMatch(/\$skip=4$/);
  });

  it('shift under a reader when mail arrives: paging by $skip repeats a message (microsoft-graph 4)', async () => {
    const { simulator, tenantId, get } = await setup();
    const mailbox = someMailbox(simulator);
    const first = await get(`/users/${mailbox}/mailFolders/inbox/messages?$select=id`);
    simulator.addMessage(tenantId, mailbox, 'inbox', { raw: 'Subject: new\r\n\r\nhello' });
    const second = await get(String(first['@odata.nextLink']));
    const ids = [...(first.value as Json[]), ...(second.value as Json[])].map((row) => row.id);
    expect(new Set(ids).size).toBe(ids.length - 1);
  });

  it('filter and sort by time only, and say so (microsoft-graph 5.4)', async () => {
    const { simulator, ask, pages } = await setup();
    const mailbox = someMailbox(simulator);
    const path = `/users/${mailbox}/messages`;
    const { rows } = await pages(
      `${path}?$filter=receivedDateTime ge 2026-01-01T00:00:00Z&$orderby=receivedDateTime asc&$select=receivedDateTime&$top=50`,
    );
    const times = rows.map((row) => String(row.receivedDateTime));
    expect(times.length).toBeGreaterThan(10);
    expect(times).toEqual([...times].sort());
    const refused = await ask(`${path}?$filter=receivedDateTime ge 2026-01-01T00:00:00Z&$orderby=subject`);
    expect(await refused.json()).toMatchObject({ error: { code: 'InefficientFilter' } });
  });

  it('show what a header says, and the size only as an extended property, as text (microsoft-graph 5.1)', async () => {
    const { simulator, tenantId, get } = await setup();
    const mailbox = someMailbox(simulator);
    const raw =
      'From: =?utf-8?B?WsO8bGtl?= <zulke@adatum.com>\r\nTo: a@contoso.com, "B, C" <b@contoso.com>\r\nSubject: =?iso-8859-1?Q?Gr=FC=DFe?=\r\nMessage-ID: <1@adatum.com>\r\n\r\nHi';
    const { restId } = simulator.addMessage(tenantId, mailbox, 'inbox', { raw });
    const expand = encodeURIComponent("singleValueExtendedProperties($filter=id eq 'Integer 0x0E08')");
    const row = await get(`/users/${mailbox}/messages/${restId}?$expand=${expand}`);
    expect(row).toMatchObject({
      subject: 'Grüße',
      from: { emailAddress: { name: 'Zülke', address: 'zulke@adatum.com' } },
      internetMessageId: '<1@adatum.com>',
      isRead: false,
      singleValueExtendedProperties: [{ value: String(raw.length) }],
    });
    expect((row.toRecipients as Json[]).length).toBe(2);
    expect(row).not.toHaveProperty('size');
    expect(row).not.toHaveProperty('internetMessageHeaders');
    expect(row['@odata.etag']).toMatch(/^W\/"CQ/);
  });
});

describe('message content', () => {
  it('is text/plain by name and bytes in truth: every message equals the manifest (microsoft-graph 5.3)', async () => {
    const { simulator, ask } = await setup();
    const entries = [...simulator.manifest(tenantOf(simulator))].filter((_, index) => index % 17 === 0);
    expect(entries.length).toBeGreaterThan(50);
    for (const entry of entries) {
      const response = await ask(`/users/${entry.mailboxId}/messages/${entry.messageId}/$value`, {
        headers: IMMUTABLE,
      });
      expect(response.headers.get('content-type')).toBe('text/plain');
      const bytes = new Uint8Array(await response.arrayBuffer());
      expect(bytes.length).toBe(entry.bytes);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(entry.sha256);
    }
  });

  it('holds what breaks careless readers: 8-bit bytes, bare LF, NUL, attachments (engineering 13, corpus)', async () => {
    const { simulator } = await setup();
    const tenant = tenantOf(simulator);
    const seen = { notUtf8: 0, bareLf: 0, nul: 0, base64: 0 };
    for (const id of tenant.mailboxes) {
      const mailbox = tenant.mailbox(id);
      for (let number = 0; number < (mailbox?.size ?? 0); number++) {
        const text = Buffer.concat([...(mailbox?.chunks(number) ?? [])]);
        const latin1 = text.toString('latin1');
        if (!text.equals(Buffer.from(text.toString('utf8')))) seen.notUtf8 += 1;
        if (/[^\r]\n/.test(latin1)) seen.bareLf += 1;
        if (latin1.includes('\0')) seen.nul += 1;
        if (latin1.includes('Content-Transfer-Encoding: base64')) seen.base64 += 1;
      }
    }
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(5);
  });

  it('is found under its folder too, and nowhere else (microsoft-graph 5.3)', async () => {
    const { simulator, ask, get } = await setup();
    const mailbox = someMailbox(simulator);
    const [row] = (await get(`/users/${mailbox}/mailFolders/inbox/messages?$select=id`)).value as [Json];
    expect((await ask(`/users/${mailbox}/mailFolders/inbox/messages/${row.id}/$value`)).status).toBe(200);
    expect((await ask(`/users/${mailbox}/mailFolders/drafts/messages/${row.id}/$value`)).status).toBe(404);
  });

  it('can be lost for good: a poison item is 500 each time (microsoft-graph 5.3)', async () => {
    const { simulator, tenantId, ask } = await setup();
    const mailbox = someMailbox(simulator);
    const { restId } = simulator.addMessage(tenantId, mailbox, 'inbox', { size: 2_000 });
    simulator.poisonMessage(tenantId, mailbox, restId);
    for (let time = 0; time < 2; time++) {
      const response = await ask(`/users/${mailbox}/messages/${restId}/$value`);
      expect(response.status).toBe(500);
      expect(await response.json()).toMatchObject({ error: { code: 'ErrorMimeContentConversionFailed' } });
    }
  });
});

describe('message ids', () => {
  it('change with a move, except in the immutable form that is asked for on every request (microsoft-graph 5.2)', async () => {
    const { simulator, tenantId, ask, get } = await setup();
    const mailbox = someMailbox(simulator);
    const { messageId, restId } = simulator.addMessage(tenantId, mailbox, 'inbox', { size: 3_000 });
    const path = (id: string) => `/users/${mailbox}/messages/${id}/$value`;
    const status = async (id: string, headers: Record<string, string> = {}) =>
      (await ask(path(id), { headers })).status;
    expect([await status(restId), await status(messageId, IMMUTABLE)]).toEqual([200, 200]);
    expect(await status(messageId)).toBe(404);
    simulator.moveMessage(tenantId, mailbox, messageId, 'archive');
    expect([await status(restId), await status(messageId, IMMUTABLE)]).toEqual([404, 200]);
    const missing = await (await ask(path(restId))).json();
    expect(missing).toMatchObject({ error: { code: 'ErrorItemNotFound' } });
    const applied = await ask(path(messageId), { headers: IMMUTABLE });
    expect(applied.headers.get('preference-applied')).toBe('IdType="ImmutableId"');
    const [row] = (await get(`/users/${mailbox}/mailFolders/archive/messages?$top=1&$select=id`, IMMUTABLE))
      .value as [Json];
    expect(row.id).toBe(messageId);
  });

  it('are case-sensitive (microsoft-graph 5.2)', async () => {
    const { simulator, ask, get } = await setup();
    const mailbox = someMailbox(simulator);
    const [row] = (await get(`/users/${mailbox}/messages?$select=id`)).value as [Json];
    expect((await ask(`/users/${mailbox}/messages/${String(row.id).toLowerCase()}`)).status).toBe(404);
  });

  it('can be translated (microsoft-graph 5.2)', async () => {
    const { simulator, tenantId, ask } = await setup();
    const mailbox = someMailbox(simulator);
    const { messageId, restId } = simulator.addMessage(tenantId, mailbox, 'inbox', { size: 900 });
    const body = JSON.stringify({
      inputIds: [restId],
      sourceIdType: 'restId',
      targetIdType: 'restImmutableEntryId',
    });
    const response = await ask(`/users/${mailbox}/translateExchangeIds`, { method: 'POST', body });
    expect(await response.json()).toMatchObject({ value: [{ sourceId: restId, targetId: messageId }] });
  });
});

describe('users without a mailbox', () => {
  it('are told apart only by asking, by one of several 404 codes (microsoft-graph 8.2, 9)', async () => {
    const { simulator, ask } = await connect({ tenants: [{ name: 'contoso', users: 400 }] });
    const codes = new Set<string>();
    for (const user of tenantOf(simulator).users.filter((one) => one.mailbox === 'none')) {
      const response = await ask(`/users/${user.id}/mailFolders`);
      expect(response.status).toBe(404);
      codes.add(((await response.json()) as { error: { code: string } }).error.code);
    }
    expect(codes).toEqual(new Set(['ResourceNotFound', 'MailboxNotEnabledForRESTAPI']));
    const nobody = await ask('/users/00000000-0000-4000-8000-000000000000/messages');
    expect(await nobody.json()).toMatchObject({ error: { code: 'ErrorInvalidUser' } });
  });

  it('say what the mailbox is for, where there is one (microsoft-graph 8.2)', async () => {
    const { simulator, get } = await setup();
    const shared = tenantOf(simulator).users.find((user) => user.mailbox === 'shared');
    expect(await get(`/users/${shared?.id}/mailboxSettings/userPurpose`)).toMatchObject({ value: 'shared' });
  });
});

describe('the manifest', () => {
  it('names each message once, by its immutable id', async () => {
    const { simulator } = await setup();
    const tenant = tenantOf(simulator);
    const entries: ManifestEntry[] = [...simulator.manifest(tenant)];
    expect(new Set(entries.map((entry) => entry.messageId)).size).toBe(entries.length);
    expect(entries).toHaveLength(
      tenant.mailboxes.reduce((sum, id) => sum + (tenant.mailbox(id)?.size ?? 0), 0),
    );
    const [entry] = entries;
    if (entry === undefined) throw new Error('empty');
    const bytes = await new Response(
      simulator.content(tenant.id, entry.mailboxId, entry.messageId),
    ).arrayBuffer();
    expect(bytes.byteLength).toBe(entry.bytes);
  });
});
