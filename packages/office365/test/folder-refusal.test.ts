import type { ErrorCode } from '@mailsphere/core';
import { HttpResponse, http } from 'msw';
import { expect, it } from 'vitest';
import { collect, connect, failure, graph, mailboxId, refusal, tenantId, wire } from './wire.ts';

const { server } = wire();
const folder = { tenantId, mailboxId, folderId: 'folder' };
const root = `${graph}/users/${mailboxId}/mailFolders`;
const bare = (status: number) => new HttpResponse(null, { status });
const html = (status: number) => HttpResponse.html('<html>not here</html>', { status });

async function code(work: (connection: ReturnType<typeof connect>) => Promise<unknown>) {
  const connection = connect();
  return (await connection.clock.run(failure(work(connection)))).code;
}

it.each<[string, () => Response, ErrorCode]>([
  ['ErrorItemNotFound', () => refusal(404, 'ErrorItemNotFound'), 'gone'],
  ['ErrorFolderNotFound', () => refusal(404, 'ErrorFolderNotFound'), 'gone'],
  ['ErrorInvalidUser', () => refusal(404, 'ErrorInvalidUser'), 'mailbox_not_found'],
  ['ResourceNotFound', () => refusal(404, 'ResourceNotFound'), 'mailbox_not_found'],
  ['Request_ResourceNotFound', () => refusal(404, 'Request_ResourceNotFound'), 'mailbox_not_found'],
  ['another word', () => refusal(404, 'UnknownError'), 'unavailable'],
  ['no word', () => refusal(404, ''), 'unavailable'],
  ['no body', () => bare(404), 'unavailable'],
  ['the page of a proxy', () => html(404), 'unavailable'],
  ['a message that cannot be listed', () => refusal(500, 'ErrorCorruptData'), 'unavailable'],
])('a folder is not skipped as gone for a refusal with %s', async (_name, answer, expected) => {
  server.use(http.get(`${root}/folder/messages/delta`, answer));
  expect(await code(({ provider }) => collect(provider.mail.messages(folder)))).toBe(expected);
});

it.each<[string, () => Response]>([
  ['no body', () => bare(404)],
  ['the page of a proxy', () => html(404)],
])('the subfolders are not left out for a 404 with %s', async (_name, answer) => {
  server.use(
    http.get(root, () => HttpResponse.json({ value: [{ id: 'folder', childFolderCount: 1 }] })),
    http.get(`${root}/folder/childFolders`, answer),
  );
  expect(await code(({ provider }) => collect(provider.mail.folders(folder)))).toBe('unavailable');
});

it.each<[string, () => Response, ErrorCode]>([
  ['of Graph', () => refusal(404, 'UnknownError'), 'mailbox_not_found'],
  ['of a proxy', () => html(404), 'unavailable'],
])('a mailbox is not given up for a 404 %s', async (_name, answer, expected) => {
  server.use(http.get(root, answer));
  expect(await code(({ provider }) => collect(provider.mail.folders(folder)))).toBe(expected);
});
