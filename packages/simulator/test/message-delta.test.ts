import { describe, expect, it } from 'vitest';
import { connect, IMMUTABLE, type Json, someMailbox, tenantOf } from './support.ts';

async function setup(quirks = { emptyPages: 0, repeatedRows: 0 }) {
  const connected = await connect({
    quirks,
    tenants: [{ name: 'contoso', users: 12, messagesPerUser: 200, skew: 0 }],
  });
  const mailbox = someMailbox(connected.simulator);
  const inbox = tenantOf(connected.simulator).mailbox(mailbox)?.folder('inbox');
  const path = `/users/${mailbox}/mailFolders/inbox/messages/delta?$select=subject`;
  return { ...connected, mailbox, path, inInbox: inbox?.live ?? 0 };
}

const page = (size: number) => ({ prefer: `odata.maxpagesize=${size}` });
const ids = (rows: Json[]) => rows.map((row) => row.id);

describe('messages/delta', () => {
  it('takes its page size from the header of each request, ten without it (microsoft-graph 3.3)', async () => {
    const { get, path } = await setup();
    const first = await get(path, page(40));
    expect(first.value).toHaveLength(40);
    expect((await get(String(first['@odata.nextLink']))).value).toHaveLength(10);
    expect((await get(path)).value).toHaveLength(10);
  });

  it('links to mailfolders in lower case with the key in parentheses, and such a link works (microsoft-graph 3.3)', async () => {
    const { ask, path, mailbox, pages } = await setup();
    const response = await ask(path);
    expect(response.headers.get('preference-applied')).toBe('odata.track-changes');
    const body = (await response.json()) as Json;
    expect(body['@odata.nextLink']).toMatch(
      new RegExp(`/users/${mailbox}/mailfolders\\('[^']+'\\)/messages/delta\\?\\$skiptoken=`),
    );
    expect(body['@odata.context']).toMatch(/\$metadata#Collection\(message\)$/);
    expect((await pages(path)).deltaLink).toMatch(/\/messages\/delta\?\$deltatoken=/);
  });

  it('enumerates one folder, each message once (microsoft-graph 3.3)', async () => {
    const { path, pages, inInbox } = await setup();
    const { rows } = await pages(path, page(50));
    expect(new Set(ids(rows)).size).toBe(rows.length);
    expect(rows).toHaveLength(inInbox);
    expect(rows[0]).toMatchObject({
      '@odata.type': '#microsoft.graph.message',
      '@odata.etag': expect.any(String),
      subject: expect.any(String),
    });
    expect(rows[0]).not.toHaveProperty('receivedDateTime');
  });

  it('reports arrivals, changes and removals, in the id form of the request (microsoft-graph 3.3)', async () => {
    const { simulator, tenantId, mailbox, path, pages } = await setup();
    const { rows, deltaLink } = await pages(path, { prefer: 'odata.maxpagesize=100, IdType="ImmutableId"' });
    const [gone, read] = ids(rows).map(String);
    const added = simulator.addMessage(tenantId, mailbox, 'inbox', { raw: 'Subject: fresh\r\n\r\n.' });
    simulator.markMessage(tenantId, mailbox, read ?? '', false);
    simulator.removeMessage(tenantId, mailbox, gone ?? '');
    const immutable = await pages(deltaLink, IMMUTABLE);
    expect(immutable.rows).toEqual([
      expect.objectContaining({ id: added.messageId, subject: 'fresh' }),
      expect.objectContaining({ id: read }),
      { '@odata.type': '#microsoft.graph.message', id: gone, '@removed': { reason: 'deleted' } },
    ]);
    // The same link, without the header: the other form.
    expect(ids((await pages(deltaLink)).rows)).toContain(added.restId);
    expect((await pages(immutable.deltaLink, IMMUTABLE)).rows).toEqual([]);
  });

  it('shows a move as a removal here and an arrival there, with one immutable id and two default ones (microsoft-graph 3.3)', async () => {
    const { simulator, tenantId, mailbox, path, pages } = await setup();
    const { messageId, restId } = simulator.addMessage(tenantId, mailbox, 'inbox', { size: 1_000 });
    const from = (await pages(path, page(100))).deltaLink;
    const to = (await pages(path.replace('inbox', 'archive'), page(100))).deltaLink;
    const moved = simulator.moveMessage(tenantId, mailbox, messageId, 'archive');
    expect((await pages(from, IMMUTABLE)).rows).toMatchObject([
      { id: messageId, '@removed': { reason: 'deleted' } },
    ]);
    expect((await pages(to, IMMUTABLE)).rows).toMatchObject([{ id: messageId, subject: expect.any(String) }]);
    expect((await pages(from)).rows).toMatchObject([{ id: restId, '@removed': { reason: 'deleted' } }]);
    expect(ids((await pages(to)).rows)).toEqual([moved.restId]);
    expect(moved.restId).not.toBe(restId);
  });

  it('loses a message that went away and came back, with immutable ids: only a list finds it (microsoft-graph 3.3, engineering 10.1)', async () => {
    const { simulator, tenantId, mailbox, path, get, pages } = await setup();
    const { messageId } = simulator.addMessage(tenantId, mailbox, 'inbox', { size: 1_000 });
    const { deltaLink } = await pages(path, IMMUTABLE);
    simulator.moveMessage(tenantId, mailbox, messageId, 'archive');
    simulator.moveMessage(tenantId, mailbox, messageId, 'inbox');
    const round = await pages(deltaLink, IMMUTABLE);
    expect(round.rows).toMatchObject([{ id: messageId, '@removed': { reason: 'deleted' } }]);
    expect((await pages(round.deltaLink, IMMUTABLE)).rows).toEqual([]);
    const list = await get(`/users/${mailbox}/mailFolders/inbox/messages?$top=1000&$select=id`, IMMUTABLE);
    expect(ids(list.value as Json[])).toContain(messageId);
    expect(
      ids((await pages(path, { prefer: 'odata.maxpagesize=500, IdType="ImmutableId"' })).rows),
    ).toContain(messageId);
    // With default ids nothing is lost.
    expect((await pages(deltaLink)).rows.some((row) => !('@removed' in row))).toBe(true);
  });

  it('answers 410 SyncStateNotFound to old delta links and to stale next links (microsoft-graph 3.1)', async () => {
    const { simulator, tenantId, ask, get, path, pages } = await setup();
    const first = await get(path);
    const { deltaLink } = await pages(path, page(100));
    simulator.expireTokens(tenantId, 'mail');
    for (const link of [deltaLink, String(first['@odata.nextLink'])]) {
      const response = await ask(link);
      expect(response.status).toBe(410);
      expect(await response.json()).toMatchObject({ error: { code: 'SyncStateNotFound' } });
    }
    expect((await ask(path)).status).toBe(200);
  });

  it('sends empty pages with a next link, and rows twice, when told to (microsoft-graph 3.1)', async () => {
    const { path, pages, inInbox } = await setup({ emptyPages: 0.7, repeatedRows: 0.7 });
    const { rows, pages: all } = await pages(path);
    expect(all.some((one) => (one.value as Json[]).length === 0 && '@odata.nextLink' in one)).toBe(true);
    expect(rows.length).toBeGreaterThan(inInbox);
    expect(new Set(ids(rows)).size).toBe(inInbox);
  });

  it('filters by time only, and ends after 5,000 messages then (microsoft-graph 3.3)', async () => {
    const { simulator, tenantId, mailbox, ask, path, pages } = await setup();
    for (let count = 0; count < 5_100; count++)
      simulator.addMessage(tenantId, mailbox, 'archive', { raw: 'Subject: x\r\n\r\n' });
    const archive = path.replace('inbox', 'archive');
    const filter = encodeURIComponent('receivedDateTime ge 2020-01-01T00:00:00Z');
    expect((await pages(`${archive}&$filter=${filter}`, page(1_000))).rows).toHaveLength(5_000);
    expect((await pages(archive, page(1_000))).rows.length).toBeGreaterThan(5_100);
    expect((await ask(`${archive}&$filter=${encodeURIComponent("subject eq 'x'")}`)).status).toBe(400);
  });

  it('tells only the kinds of change that were asked for (microsoft-graph 3.3)', async () => {
    const { simulator, tenantId, mailbox, path, pages } = await setup();
    const { rows, deltaLink } = await pages(`${path}&changeType=created`, page(100));
    const [gone] = ids(
      (await pages(path, { prefer: 'odata.maxpagesize=100, IdType="ImmutableId"' })).rows,
    ).map(String);
    simulator.removeMessage(tenantId, mailbox, gone ?? '');
    const added = simulator.addMessage(tenantId, mailbox, 'inbox', { size: 800 });
    expect(rows.length).toBeGreaterThan(0);
    expect(ids((await pages(deltaLink)).rows)).toEqual([added.restId]);
  });

  it('does not exist for a whole mailbox (microsoft-graph 3.3)', async () => {
    const { ask, mailbox } = await setup();
    expect((await ask(`/users/${mailbox}/messages/delta`)).status).toBe(400);
  });
});
