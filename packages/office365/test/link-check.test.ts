import { ConnectorError } from '@mailsphere/core';
import { virtualClock } from '@mailsphere/core/testing';
import { describe, expect, it } from 'vitest';
import { checkLink } from '../src/graph/link-check.ts';
import { office365, type Transport, type TransportResponse } from '../src/index.ts';
import { clientId, collect, failure, mailboxId, secret, tenant, tenantId } from './wire.ts';

const folderId = 'AQMkADNkNAAAgEMAAAA=';
const folder = { tenantId, mailboxId, folderId };
const own = `/v1.0/users/${mailboxId}/mailFolders/${folderId}/messages/delta?$deltatoken=a`;
const graph = 'https://graph.microsoft.com';
const good = `${graph}${own}`;

const hostile = [
  `https://evil.example${own}`,
  `https://graph.microsoft.com@evil.example${own}`,
  `https://graph.microsoft.com:443@evil.example${own}`,
  `https://user:password@graph.microsoft.com${own}`,
  `https://@graph.microsoft.com${own}`,
  `https://:@graph.microsoft.com${own}`,
  `https://graph.microsoft.com.evil.example${own}`,
  `https://graph.microsoft.com.${own}`,
  `https://evilgraph.microsoft.com${own}`,
  `https://graph.microsoft.com:8443${own}`,
  `https://graph.microsoft.com:80${own}`,
  `http://graph.microsoft.com${own}`,
  `ftp://graph.microsoft.com${own}`,
  `file:///v1.0/users/${mailboxId}`,
  `javascript:alert(1)//graph.microsoft.com${own}`,
  `//graph.microsoft.com${own}`,
  own,
  '',
  'not a link',
  `https://graph.microsoft.us${own}`,
  `https://gräph.microsoft.com${own}`,
  `https://graph。microsoft。com.evil.example${own}`,
  `https://127.0.0.1${own}`,
  `https://[::1]${own}`,
  `https://[::ffff:169.254.169.254]${own}`,
  `https://169.254.169.254/latest/meta-data`,
  `https://2130706433${own}`,
  `https:\\\\evil.example${own}`,
  `https://graph.microsoft.com\\@evil.example${own}`,
  `https://graph.microsoft.com\t.evil.example${own}`,
  `https://evil.example\n${own}`,
  ` ${good}`,
  `${good}#@evil.example`,
  good.replace('/v1.0/', '/beta/'),
  good.replace('/v1.0/', '/v1.0/../beta/'),
  good.replace('/v1.0/', '/v1.0/%2e%2e/beta/'),
  good.replace('/v1.0/', '//v1.0/'),
  good.replace('/v1.0/', '/v1.0//'),
  good.replace('/v1.0/', '/'),
  good.replace(mailboxId, '44444444-4444-4444-8444-444444444444'),
  good.replace(folderId, folderId.toLowerCase()),
  good.replace(folderId, 'inbox'),
  good.replace('/messages/delta', '/messages'),
  good.replace('/messages/delta', '/messages/delta/$value'),
  good.replace('/messages/delta', '/messages/delta/..'),
  good.replace('/mailFolders/', '/mailFolders%2F'),
  good.replace('/users/', '/users/%zz/'),
  `https://graph.microsoft.com/v1.0/users/delta?$deltatoken=a`,
  `https://graph.microsoft.com/v1.0/me/mailFolders/${folderId}/messages/delta`,
  `https://graph.microsoft.com/v1.0/users('${mailboxId}/x')/mailFolders('${folderId}')/messages/delta`,
  `https://graph.microsoft.com/v1.0/users('${mailboxId}')('x')/mailFolders('${folderId}')/messages/delta`,
  `${good}&${'x'.repeat(20_000)}`,
];

// A cursor is a link without its origin: what is put behind the origin must not move it.
const hostileCursors = [
  ...hostile.filter((link) => link !== own),
  ...hostile.flatMap((link) => (link.startsWith(`${graph}/`) ? [link.slice(graph.length)] : [])),
  `@evil.example${own}`,
  `.evil.example${own}`,
  `:8443${own}`,
  `\\@evil.example${own}`,
  `//evil.example${own}`,
];

const harmless = [
  good,
  good.replace('https://', 'HTTPS://'),
  good.replace('graph.microsoft.com', 'GRAPH.microsoft.com'),
  good.replace('graph.microsoft.com', 'graph.microsoft.com:443'),
  good.replace('/delta?', '/microsoft.graph.delta?'),
  good.replace('/delta?', '/delta()?'),
  good.replace('/delta?', '/microsoft.graph.delta()?'),
  `https://graph.microsoft.com/v1.0/users('${mailboxId}')/mailfolders('${folderId}')/messages/delta?$skiptoken=b`,
  `https://graph.microsoft.com/v1.0/Users('${mailboxId}')/MailFolders('${encodeURIComponent(folderId)}')/Messages/Delta?$skiptoken=b`,
  good.replace(folderId, encodeURIComponent(folderId)),
];

const json = (body: unknown): TransportResponse => ({
  status: 200,
  headers: new Headers({ 'content-type': 'application/json' }),
  body: (async function* () {
    yield Buffer.from(JSON.stringify(body));
  })(),
  cancel: () => undefined,
});

/** A provider whose every request is looked at before it could leave. */
function watched(page: unknown) {
  const strangers: string[] = [];
  const transport: Transport = async ({ url, headers, method }) => {
    if (method === 'POST') return json({ access_token: 'canary-token', expires_in: 3599 });
    const inPlace =
      url.origin === 'https://graph.microsoft.com' && url.pathname.toLowerCase().includes('delta');
    if (!inPlace || url.username || !url.pathname.includes(mailboxId))
      if (headers.authorization) strangers.push(url.href);
    return json(page);
  };
  const provider = office365({
    clientId,
    credential: { secret },
    transport,
    clock: virtualClock(),
    random: () => 0,
  });
  return { provider, strangers };
}

describe('a token never leaves for a link that is not ours', () => {
  it.each(hostileCursors)('as a stored cursor: %s', async (link) => {
    const { provider, strangers } = watched({ value: [], '@odata.deltaLink': good });
    const error = await failure(collect(provider.mail.messages(folder, { cursor: link })));
    expect(ConnectorError.is(error, 'link_refused')).toBe(true);
    if (link.length > 20) expect(`${error.message} ${error.stack}`).not.toContain(link);
    expect(strangers).toEqual([]);
  });

  it.each(hostile.filter((link) => link !== ''))('as a nextLink or deltaLink: %s', async (link) => {
    for (const name of ['@odata.nextLink', '@odata.deltaLink']) {
      const { provider, strangers } = watched({ value: [], [name]: link });
      const error = await failure(collect(provider.mail.messages(folder)));
      expect(ConnectorError.is(error, 'link_refused')).toBe(true);
      expect(strangers).toEqual([]);
    }
  });

  it('and a redirect is not followed', async () => {
    let calls = 0;
    const provider = office365({
      clientId,
      credential: { secret },
      clock: virtualClock(),
      transport: async ({ method }) => {
        if (method === 'POST') return json({ access_token: 'canary-token', expires_in: 3599 });
        calls++;
        return { ...json({}), status: 302, headers: new Headers({ location: 'https://evil.example/' }) };
      },
    });
    const error = await failure(collect(provider.directory.changes(tenant, 'user')));
    expect(ConnectorError.is(error, 'link_refused')).toBe(true);
    expect(calls).toBe(1);
  });
});

describe('a link in the service’s own spelling is followed', () => {
  it.each(harmless)('%s', (link) => {
    const path = ['users', { id: mailboxId }, 'mailFolders', { id: folderId }, 'messages', 'delta'];
    expect(checkLink(link, 'https://graph.microsoft.com', path).origin).toBe('https://graph.microsoft.com');
  });
});

it('an id that would change the path is not asked for', async () => {
  const { provider, strangers } = watched({ value: [] });
  for (const mailbox of ['..', '.', '']) {
    const error = await failure(collect(provider.mail.folders({ tenantId, mailboxId: mailbox })));
    expect(error).toMatchObject({ code: 'invalid_request', field: 'mailboxId' });
  }
  const error = await failure(collect(provider.directory.changes({ tenantId: 'x/../y' }, 'user')));
  expect(error).toMatchObject({ code: 'invalid_request', field: 'tenantId' });
  expect(strangers).toEqual([]);
});
