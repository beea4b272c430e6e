import { HttpResponse, http } from 'msw';
import { describe, expect, it } from 'vitest';
import { emailAddresses, otherAddresses } from '../src/directory/proxy-addresses.ts';
import { collect, connect, graph, tenant, wire } from './wire.ts';

const { server, calls } = wire();

describe('addresses', () => {
  it.each<[string[] | null, string | null, [string, boolean][]]>([
    [
      ['smtp:b@contoso.com', 'SMTP:a@contoso.com', 'SIP:a@contoso.com', 'X500:/o=x', 'x400:c=us', 'EUM:1'],
      'a@contoso.com',
      [
        ['a@contoso.com', true],
        ['b@contoso.com', false],
      ],
    ],
    [['SMTP: bob@contoso.com '], null, [['bob@contoso.com', true]]],
    [['smtp:A@contoso.com', 'SMTP:a@Contoso.com'], null, [['a@Contoso.com', true]]],
    [['smtp:a@contoso.com', 'smtp:A@contoso.com'], null, [['a@contoso.com', false]]],
    [
      ['smtp:b@contoso.com', 'smtp:a@contoso.com'],
      'A@contoso.com',
      [
        ['A@contoso.com', true],
        ['b@contoso.com', false],
      ],
    ],
    [[], 'a@contoso.com', [['a@contoso.com', true]]],
    [null, null, []],
    [['smtp:', 'SMTP: ', 'nonsense', ':x', 'smtp:bob', 'smtp:@contoso.com', 'SMTP:bob@'], 'bob', []],
    [['smtp:"a@b"@Contoso.com'], null, [['"a@b"@Contoso.com', false]]],
  ])('%j with mail %s', (typed, mail, expected) => {
    expect(emailAddresses(typed, mail)).toEqual(
      expected.map(([address, primary]) => ({ address, domain: 'contoso.com', primary })),
    );
  });

  it('of other kinds stay as they were written, each once, and what is no address is in neither list', () => {
    const x500 = 'X500:/o=ExchangeLabs/cn=Recipients/cn=a:b';
    const typed = ['SMTP:a@contoso.com', 'sip:A@contoso.com', x500, 'sip:A@contoso.com', 'SIP: ', ':x', 'no'];
    expect(otherAddresses(typed)).toEqual(['sip:A@contoso.com', x500]);
    expect([otherAddresses(null), otherAddresses(undefined)]).toEqual([[], []]);
  });
});

it('domains are listed whole each time, and those for mail are told apart', async () => {
  const row = (id: string, isVerified: boolean, ...supportedServices: string[]) => ({
    id,
    isVerified,
    supportedServices,
    isDefault: id === 'Contoso.com',
    isInitial: false,
  });
  server.use(
    http.get(`${graph}/domains`, ({ request }) =>
      HttpResponse.json(
        request.url.includes('skiptoken')
          ? { value: [row('relay.com', true, 'EmailInternalRelayOnly')] }
          : {
              value: [
                row('Contoso.com', true, 'OrgIdAuthentication', 'Email'),
                row('new.com', false, 'Email'),
              ],
              '@odata.nextLink': `${graph}/domains?$skiptoken=a`,
            },
      ),
    ),
  );
  const pages = await collect(connect().provider.directory.changes(tenant, 'domain'));
  expect(pages.map(({ cursor, caughtUp }) => [cursor !== undefined, caughtUp])).toEqual([
    [true, false],
    [false, true],
  ]);
  expect(pages.flatMap(({ changes }) => changes)).toMatchObject([
    { type: 'upserted', item: { kind: 'domain', id: 'contoso.com', isDefault: true, acceptsMail: true } },
    { type: 'upserted', item: { id: 'new.com', isVerified: false, acceptsMail: false } },
    { type: 'upserted', item: { id: 'relay.com', acceptsMail: false } },
  ]);
});

it('users come by delta, page by page, and go on from any cursor', async () => {
  const users = `${graph}/users/delta`;
  server.use(
    http.get(users, ({ request }) => {
      const token = new URL(request.url).searchParams;
      if (token.has('$deltatoken'))
        return HttpResponse.json({
          value: [
            { id: '1', '@removed': { reason: 'changed' } },
            { id: '2', '@removed': { reason: 'deleted' } },
          ],
          '@odata.deltaLink': `${users}?$deltatoken=second`,
        });
      if (token.has('$skiptoken'))
        return HttpResponse.json({ value: [], '@odata.deltaLink': `${users}?$deltatoken=first` });
      return HttpResponse.json({
        '@odata.context': 'ignored',
        '@microsoft.graph.tips': 'ignored',
        value: [
          {
            id: '1',
            userPrincipalName: 'ann@contoso.onmicrosoft.com',
            displayName: 'Ann',
            mail: 'ann@contoso.com',
            proxyAddresses: ['SMTP:ann@contoso.com', 'smtp:a@Contoso.com', 'SIP:ann@contoso.com'],
            assignedPlans: [{ service: 'exchange', capabilityStatus: 'Enabled' }],
            userType: 'Member',
            accountEnabled: true,
          },
          { id: '2', userPrincipalName: 'x_y.com#EXT#@contoso.onmicrosoft.com', displayName: null },
          { id: '3', userPrincipalName: 'off@contoso.com', accountEnabled: false, userType: 'SomethingNew' },
        ],
        '@odata.nextLink': `${users}?$skiptoken=next`,
      });
    }),
  );
  const { provider } = connect();
  const [first, second] = await collect(provider.directory.changes(tenant, 'user'));
  expect(first?.changes).toEqual([
    {
      type: 'upserted',
      item: {
        kind: 'user',
        id: '1',
        userPrincipalName: 'ann@contoso.onmicrosoft.com',
        displayName: 'Ann',
        userType: 'member',
        enabled: true,
        licensed: true,
        mailboxKind: undefined,
        addresses: [
          { address: 'ann@contoso.com', domain: 'contoso.com', primary: true },
          { address: 'a@Contoso.com', domain: 'contoso.com', primary: false },
        ],
        otherAddresses: ['SIP:ann@contoso.com'],
      },
    },
    expect.objectContaining({ item: expect.objectContaining({ id: '2', userType: 'guest', addresses: [] }) }),
    expect.objectContaining({
      item: expect.objectContaining({ id: '3', userType: 'member', enabled: false }),
    }),
  ]);
  expect([first?.caughtUp, second?.caughtUp, second?.changes]).toEqual([false, true, []]);
  expect(new URL(calls()[0]?.url ?? '').searchParams.get('$select')).toContain('proxyAddresses');

  const again = await collect(provider.directory.changes(tenant, 'user', { cursor: first?.cursor }));
  expect(again).toEqual([second]);
  const [later] = await collect(provider.directory.changes(tenant, 'user', { cursor: second?.cursor }));
  expect(later?.changes).toEqual([
    { type: 'removed', id: '1', reason: 'recoverable' },
    { type: 'removed', id: '2', reason: 'permanent' },
  ]);
  expect(later?.cursor).toContain('second');
});

it('groups come with what changed of their members, one page after the other', async () => {
  const groups = `${graph}/groups/delta`;
  const member = (id: string, type: string, removed = false) => ({
    '@odata.type': `#microsoft.graph.${type}`,
    id,
    ...(removed && { '@removed': { reason: 'deleted' } }),
  });
  server.use(
    http.get(groups, ({ request }) =>
      HttpResponse.json(
        request.url.includes('skiptoken')
          ? {
              value: [{ id: 'g1', mailEnabled: true, 'members@delta': [member('u2', 'user', true)] }],
              '@odata.deltaLink': `${groups}?$deltatoken=a`,
            }
          : {
              value: [
                {
                  id: 'g1',
                  displayName: 'All',
                  groupTypes: [],
                  mailEnabled: true,
                  securityEnabled: false,
                  proxyAddresses: ['SMTP:all@contoso.com', 'x500:/o=all'],
                  'members@delta': [
                    member('u1', 'user'),
                    member('g2', 'group'),
                    member('c1', 'orgContact'),
                    member('d1', 'device'),
                    member('s1', 'servicePrincipal'),
                    member('n1', 'somethingNew'),
                    { id: 'n2' },
                  ],
                },
                { id: 'g2', groupTypes: ['Unified', 'DynamicMembership'], mailEnabled: true },
                { id: 'g3', groupTypes: [], mailEnabled: true, securityEnabled: true },
                { id: 'g4', groupTypes: [], mailEnabled: false, securityEnabled: true },
              ],
              '@odata.nextLink': `${groups}?$skiptoken=a`,
            },
      ),
    ),
  );
  const [first, second] = await collect(connect().provider.directory.changes(tenant, 'group'));
  const items = first?.changes.map((change) => (change.type === 'upserted' ? change.item : undefined)) ?? [];
  expect(items[0]).toEqual({
    kind: 'group',
    id: 'g1',
    displayName: 'All',
    groupType: 'distribution',
    dynamicMembership: false,
    hiddenMembership: false,
    addresses: [{ address: 'all@contoso.com', domain: 'contoso.com', primary: true }],
    otherAddresses: ['x500:/o=all'],
    members: {
      added: [
        { id: 'u1', type: 'user' },
        { id: 'g2', type: 'group' },
        { id: 'c1', type: 'contact' },
        { id: 'd1', type: 'device' },
        { id: 's1', type: 'service_principal' },
        { id: 'n1', type: 'other' },
        { id: 'n2', type: 'other' },
      ],
      removed: [],
    },
  });
  expect(items.slice(1).map((item) => item?.kind === 'group' && item.groupType)).toEqual([
    'microsoft_365',
    'mail_enabled_security',
    'security',
  ]);
  expect(second?.changes).toMatchObject([{ item: { id: 'g1', members: { added: [], removed: ['u2'] } } }]);
});
