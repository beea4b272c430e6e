import type { DirectoryChange, DirectoryKind } from '@mailsphere/core';
import { HttpResponse, http } from 'msw';
import { describe, expect, it } from 'vitest';
import { collect, connect, failure, graph, refusal, tenant, wire } from './wire.ts';

const { server, calls } = wire();

const paths = { user: 'users/delta', contact: 'contacts/delta', group: 'groups/delta' } as const;

/** Answers with these pages, one after the other, and reads them. */
async function read(kind: keyof typeof paths, ...pages: readonly (readonly object[])[]) {
  const url = `${graph}/${paths[kind]}`;
  server.use(
    http.get(url, ({ request }) => {
      const page = Number(new URL(request.url).searchParams.get('$skiptoken') ?? 0);
      const next =
        page + 1 < pages.length
          ? { '@odata.nextLink': `${url}?$skiptoken=${page + 1}` }
          : { '@odata.deltaLink': `${url}?$deltatoken=a` };
      return HttpResponse.json({ ...next, value: pages[page] });
    }),
  );
  return collect(connect().provider.directory.changes(tenant, kind));
}

const items = (pages: readonly { readonly changes: readonly DirectoryChange[] }[]) =>
  pages.flatMap(({ changes }) =>
    changes.flatMap((change) => (change.type === 'upserted' ? change.item : [])),
  );

describe('who has a mailbox by licence', () => {
  it.each<[boolean, object[] | null | undefined]>([
    [true, [{ service: 'exchange', capabilityStatus: 'Enabled' }]],
    [true, [{ service: 'Exchange', capabilityStatus: 'Warning', servicePlanId: 'ignored' }]],
    [
      true,
      [
        { service: 'exchange', capabilityStatus: 'Deleted' },
        { service: 'EXCHANGE', capabilityStatus: 'enabled' },
      ],
    ],
    [false, [{ service: 'exchange', capabilityStatus: 'Suspended' }]],
    [false, [{ service: 'exchange', capabilityStatus: 'LockedOut' }]],
    [false, [{ service: 'exchange', capabilityStatus: 'SomethingNew' }]],
    [false, [{ service: 'SharePoint', capabilityStatus: 'Enabled' }]],
    [false, [{ service: null, capabilityStatus: null }, {}]],
    [false, []],
    [false, null],
    [false, undefined],
  ])('%s: %j', async (licensed, assignedPlans) => {
    expect(items(await read('user', [{ id: '1', assignedPlans }]))).toMatchObject([{ licensed }]);
  });
});

it('contacts come with their company and all their addresses', async () => {
  const pages = await read('contact', [
    {
      id: 'c1',
      displayName: 'Kim',
      companyName: 'Fabrikam',
      mail: 'kim@fabrikam.com',
      proxyAddresses: ['smtp:k@fabrikam.com', 'SMTP: Kim@Fabrikam.com', 'X500:/o=kim'],
    },
    { id: 'c2', mail: 'lee@fabrikam.com' },
    { id: 'c3', displayName: null, companyName: null, mail: null, proxyAddresses: [] },
    { id: 'c4', '@removed': { reason: 'deleted' } },
  ]);
  const bare = { kind: 'contact', displayName: undefined, companyName: undefined, otherAddresses: [] };
  expect(items(pages)).toEqual([
    {
      kind: 'contact',
      id: 'c1',
      displayName: 'Kim',
      companyName: 'Fabrikam',
      addresses: [
        { address: 'Kim@Fabrikam.com', domain: 'fabrikam.com', primary: true },
        { address: 'k@fabrikam.com', domain: 'fabrikam.com', primary: false },
      ],
      otherAddresses: ['X500:/o=kim'],
    },
    {
      ...bare,
      id: 'c2',
      addresses: [{ address: 'lee@fabrikam.com', domain: 'fabrikam.com', primary: true }],
    },
    { ...bare, id: 'c3', addresses: [] },
  ]);
  expect(pages[0]?.changes[3]).toEqual({ type: 'removed', id: 'c4', reason: 'permanent' });
});

it('groups say whether a rule fills them, and whether they hide who is in them', async () => {
  const pages = await read('group', [
    { id: 'g1', groupTypes: ['Unified', 'DynamicMembership'], visibility: 'HiddenMembership' },
    { id: 'g2', groupTypes: ['dynamicmembership'], mailEnabled: true, visibility: 'Private' },
    { id: 'g3', groupTypes: null, visibility: null },
    { id: 'g4' },
  ]);
  expect(
    items(pages).map((item) => item.kind === 'group' && [item.dynamicMembership, item.hiddenMembership]),
  ).toEqual([
    [true, true],
    [true, false],
    [false, false],
    [false, false],
  ]);
  expect(items(pages)).toMatchObject([
    { groupType: 'microsoft_365' },
    { groupType: 'distribution' },
    { groupType: 'security' },
    { groupType: 'security' },
  ]);
});

it('somebody who joined and left in one page is out, and who left and came back is in', async () => {
  const member = (id: string, removed = false) => ({
    '@odata.type': '#microsoft.graph.user',
    id,
    ...(removed && { '@removed': { reason: 'deleted' } }),
  });
  const pages = await read('group', [
    { id: 'g1', 'members@delta': [member('a'), member('b', true), member('a', true), member('b')] },
  ]);
  expect(items(pages)).toMatchObject([{ members: { added: [{ id: 'b', type: 'user' }], removed: ['a'] } }]);
});

it('empty pages, repeated objects, and removals in the first round are passed on in their order', async () => {
  const pages = await read(
    'user',
    [],
    [
      { id: '1', displayName: 'Old' },
      { id: '2', '@removed': { reason: 'changed' } },
    ],
    [],
    [
      { id: '1', displayName: 'New' },
      { id: '1', displayName: 'New' },
    ],
  );
  expect(pages.map(({ changes, caughtUp }) => [changes.length, caughtUp])).toEqual([
    [0, false],
    [2, false],
    [0, false],
    [2, true],
  ]);
  expect(items(pages).map((item) => item.kind === 'user' && item.displayName)).toEqual(['Old', 'New', 'New']);
  expect(pages[1]?.changes[1]).toEqual({ type: 'removed', id: '2', reason: 'recoverable' });
});

it.each<[string, object, string]>([
  ['changed', { reason: 'changed' }, 'recoverable'],
  ['in another case', { reason: 'Changed' }, 'recoverable'],
  ['deleted', { reason: 'deleted' }, 'permanent'],
  ['unknown', { reason: 'somethingNew' }, 'permanent'],
  ['null', { reason: null }, 'permanent'],
  ['missing', {}, 'permanent'],
])('a row that is removed for a reason that is %s is a removal', async (_name, mark, reason) => {
  for (const kind of ['user', 'contact', 'group'] as const) {
    const [page] = await read(kind, [
      { id: '1', '@removed': mark },
      { id: '2', '@removed': null },
    ]);
    expect(page?.changes).toMatchObject([
      { type: 'removed', id: '1', reason },
      { type: 'upserted', item: { id: '2' } },
    ]);
  }
});

describe('a token that the service forgot', () => {
  const location = (kind: keyof typeof paths) => ({ location: `${graph}/${paths[kind]}?$deltatoken=` });
  const tokens = ['$deltatoken=old', '$skiptoken=stale'];
  const cases = (Object.keys(paths) as (keyof typeof paths)[]).flatMap((kind) =>
    tokens.map((token) => [kind, token] as const),
  );

  it.each(cases)('%s, %s: means to read everything again, however it is said', async (kind, token) => {
    const cursor = `/v1.0/${paths[kind]}?${token}`;
    const answers: (() => Response)[] = [
      () => refusal(410, 'SyncStateNotFound', location(kind)),
      () => new HttpResponse(null, { status: 410, headers: location(kind) }),
      () => refusal(410, 'SomethingNew'),
      ...['SyncStateNotFound', 'syncStateNotFound', 'RESYNCREQUIRED', 'resyncRequired'].flatMap((code) =>
        [400, 404, 409, 410].map((status) => () => refusal(status, code)),
      ),
    ];
    for (const answer of answers) {
      server.use(http.get(`${graph}/${paths[kind]}`, answer));
      const error = await failure(collect(connect().provider.directory.changes(tenant, kind, { cursor })));
      expect(error).toMatchObject({ code: 'cursor_expired' });
    }
    // Nothing is repeated, and the Location is not followed: what to do next is for whoever keeps the cursor.
    expect(calls().map(({ url }) => new URL(url).search)).toEqual(answers.map(() => `?${token}`));
  });
});

it('a kind that does not exist is named', async () => {
  const error = await failure(
    collect(connect().provider.directory.changes(tenant, 'device' as DirectoryKind)),
  );
  expect(error).toMatchObject({ code: 'invalid_request', field: 'kind' });
  expect(error.message).toContain('domain, user, contact or group');
});
