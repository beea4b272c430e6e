import { HttpResponse, http } from 'msw';
import { describe, expect, it } from 'vitest';
import { collect, connect, failure, graph, mailboxId, refusal, tenant, tenantId, wire } from './wire.ts';

const { server, calls } = wire();
const mailbox = { tenantId, mailboxId };
const root = `${graph}/users/${mailboxId}/mailFolders`;

it('mailboxes are users with an address, shared ones too, and no guests', async () => {
  const users = `${graph}/users/delta`;
  server.use(
    http.get(users, () =>
      HttpResponse.json({
        value: [
          { id: '1', mail: 'ann@contoso.com', displayName: 'Ann', userPrincipalName: 'ann@contoso.com' },
          { id: '2', mail: 'info@contoso.com', accountEnabled: false, userType: 'Member' },
          { id: '3', mail: null, userPrincipalName: 'robot@contoso.com' },
          { id: '4', mail: 'x@y.com', userType: 'Guest' },
          { id: '5', mail: 'x@y.com', userPrincipalName: 'x_y.com#EXT#@contoso.onmicrosoft.com' },
          { id: '6', '@removed': { reason: 'changed' } },
        ],
        '@odata.deltaLink': `${users}?$deltatoken=a`,
      }),
    ),
  );
  const [page] = await collect(connect().provider.mail.mailboxes(tenant));
  expect(page?.changes).toEqual([
    { type: 'upserted', item: { tenantId, mailboxId: '1', address: 'ann@contoso.com', displayName: 'Ann' } },
    {
      type: 'upserted',
      item: { tenantId, mailboxId: '2', address: 'info@contoso.com', displayName: undefined },
    },
    { type: 'removed', id: '6', reason: 'recoverable' },
  ]);
});

describe('folders', () => {
  const folder = (id: string, childFolderCount = 0, more = {}) => ({
    id,
    displayName: id,
    parentFolderId: 'root',
    childFolderCount,
    totalItemCount: 3,
    isHidden: false,
    ...more,
  });
  const tree = () =>
    server.use(
      http.get(root, ({ request }) =>
        HttpResponse.json(
          request.url.includes('$skip=')
            ? { value: [folder('Sent')] }
            : {
                value: [
                  folder('Inbox', 1),
                  folder('Secret', 0, { isHidden: true }),
                  folder('Search', 5, { '@odata.type': '#microsoft.graph.mailSearchFolder' }),
                ],
                '@odata.nextLink': `${root}?includeHiddenFolders=true&$top=100&$skip=3`,
              },
        ),
      ),
      http.get(`${root}/Inbox/childFolders`, () => HttpResponse.json({ value: [folder('Deep', 1)] })),
      http.get(`${root}/Deep/childFolders`, () => refusal(404, 'ErrorItemNotFound')),
    );

  it('nested and hidden ones are listed, searches are not, and one that vanished meanwhile is no failure', async () => {
    tree();
    const pages = await collect(connect().provider.mail.folders(mailbox));
    const items = pages.flatMap(({ changes }) => changes.map((change) => 'item' in change && change.item));
    expect(items).toMatchObject([
      { folderId: 'Inbox', parentId: 'root', hidden: false, itemCount: 3, mailboxId, tenantId },
      { folderId: 'Secret', hidden: true },
      { folderId: 'Sent' },
      { folderId: 'Deep' },
    ]);
    expect(pages.at(-1)).toMatchObject({ caughtUp: true, cursor: undefined });
    for (const { url } of calls()) expect(url).toContain('includeHiddenFolders=true');
  });

  it('the walk goes on from any page', async () => {
    tree();
    const { provider } = connect();
    const pages = await collect(provider.mail.folders(mailbox));
    for (const [index, { cursor }] of pages.slice(0, -1).entries())
      expect(await collect(provider.mail.folders(mailbox, { cursor }))).toEqual(pages.slice(index + 1));
  });

  it.each(['x', '[]', '{}', '[{"parent":5}]'])('the cursor %s is refused', async (cursor) => {
    const { provider } = connect();
    expect(await failure(collect(provider.mail.folders(mailbox, { cursor })))).toMatchObject({
      code: 'invalid_request',
      field: 'cursor',
    });
  });

  it('a cursor does not lead to another mailbox', async () => {
    const { provider } = connect();
    const link = root.replace(mailboxId, '44444444-4444-4444-8444-444444444444');
    const cursor = JSON.stringify([{ link }]);
    expect(await failure(collect(provider.mail.folders(mailbox, { cursor })))).toMatchObject({
      code: 'link_refused',
    });
    expect(calls()).toHaveLength(0);
  });
});

it('every page of messages is asked for with immutable ids, and the service’s own links are followed as they are', async () => {
  const folder = { ...mailbox, folderId: 'AQMk=' };
  const first = `${root}/AQMk%3D/messages/delta`;
  const next = `${graph}/users('${mailboxId}')/mailfolders('AQMk=')/messages/delta`;
  server.use(
    http.get(first, () =>
      HttpResponse.json({
        value: [{ id: 'A', receivedDateTime: '2026-01-01T00:00:00Z' }, { id: 'a' }],
        '@odata.nextLink': `${next}?$skiptoken=s`,
      }),
    ),
    http.get(/mailfolders\('AQMk='\)/, ({ request }) =>
      HttpResponse.json({
        value: request.url.includes('skiptoken') ? [{ id: 'B', '@removed': { reason: 'deleted' } }] : [],
        '@odata.deltaLink': `${next}?$deltatoken=d`,
      }),
    ),
  );
  const { provider } = connect();
  const pages = await collect(provider.mail.messages(folder));
  expect(pages.map(({ changes, caughtUp }) => ({ changes, caughtUp }))).toEqual([
    {
      changes: [
        { type: 'upserted', item: { ...folder, messageId: 'A', receivedAt: '2026-01-01T00:00:00Z' } },
        { type: 'upserted', item: { ...folder, messageId: 'a', receivedAt: undefined } },
      ],
      caughtUp: false,
    },
    { changes: [{ type: 'removed', id: 'B', reason: 'recoverable' }], caughtUp: true },
  ]);
  await collect(provider.mail.messages(folder, { cursor: pages[1]?.cursor }));
  expect(calls()).toHaveLength(3);
  for (const { headers } of calls())
    expect(headers.get('prefer')).toBe('IdType="ImmutableId", odata.maxpagesize=500');
  expect(calls()[0]?.url).toContain('$select=id,receivedDateTime');
  expect(calls()[1]?.url).toBe(`${next}?$skiptoken=s`);
});
