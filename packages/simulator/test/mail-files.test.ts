import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSimulator } from '@mailsphere/simulator';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect, IMMUTABLE, type Json, tenantOf } from './support.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'simulator-mail-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

describe('mail from a folder', () => {
  it('is dealt over the mailboxes, byte for byte, once each', async () => {
    mkdirSync(join(folder, 'deeper'));
    const files = Array.from({ length: 45 }, (_, index) => {
      const bytes = Buffer.concat([
        Buffer.from(`Subject: =?koi8-r?B?79TX1dTV?= ${index}\nFrom: a${index}@adatum.com\n\n`),
        Buffer.from([0, 255, 13, 200, index]),
        Buffer.alloc(index === 3 ? 200_000 : 5, index),
      ]);
      writeFileSync(join(folder, index % 2 === 0 ? `m${index}.eml` : `deeper/m${index}.EML`), bytes);
      return bytes;
    });
    writeFileSync(join(folder, 'notes.txt'), 'not a message');
    const { simulator, ask, get } = await connect({
      tenants: [{ name: 'contoso', users: 20, mail: { directory: folder } }],
    });
    const tenant = tenantOf(simulator);
    const entries = [...simulator.manifest(tenant)];
    expect(entries.map((entry) => entry.sha256).sort()).toEqual(files.map(sha256).sort());
    const perMailbox = tenant.mailboxes.map((id) => entries.filter((entry) => entry.mailboxId === id).length);
    expect(Math.max(...perMailbox) - Math.min(...perMailbox)).toBeLessThanOrEqual(1);
    for (const entry of entries) {
      const response = await ask(`/users/${entry.mailboxId}/messages/${entry.messageId}/$value`, {
        headers: IMMUTABLE,
      });
      expect(sha256(new Uint8Array(await response.arrayBuffer()))).toBe(entry.sha256);
    }
    const [row] = (await get(`/users/${entries[0]?.mailboxId}/messages?$select=subject,from&$top=1`))
      .value as [Json];
    expect(row.subject).toMatch(/^Отвуту \d+$/);
  });

  it('must be there', () => {
    expect(() => createSimulator({ tenants: [{ name: 'contoso', mail: { directory: folder } }] })).toThrow(
      /There is no mail in/,
    );
  });
});

describe('mail from an mbox file', () => {
  const messages = [
    'Subject: one\n\nIt comes\nFrom the start of a line, but after text\nFrom here too\n',
    'Subject: two\r\n\r\n>From quoted\r\n',
    'Subject: three\n\nlast\n',
  ];

  it('is split at From lines after an empty line, and each message keeps its bytes', () => {
    const path = join(folder, 'mail.mbox');
    writeFileSync(
      path,
      messages.map((message) => `From someone@example.com Mon Nov  2 10:00:00 2026\n${message}`).join('\n'),
    );
    const simulator = createSimulator({ tenants: [{ name: 'contoso', users: 1, mail: { mbox: path } }] });
    const hashes = [...simulator.manifest(tenantOf(simulator))].map((entry) => entry.sha256);
    expect(hashes.sort()).toEqual(messages.map(sha256).sort());
  });

  it('may be larger than what is read at once', () => {
    const path = join(folder, 'large.mbox');
    const large = Array.from(
      { length: 60 },
      (_, index) => `Subject: ${index}\n\n${`line ${index}\n`.repeat(5_000)}`,
    );
    writeFileSync(path, large.map((message) => `From a@b Mon Nov  2 10:00:00 2026\n${message}`).join('\n'));
    const simulator = createSimulator({ tenants: [{ name: 'contoso', users: 1, mail: { mbox: path } }] });
    const hashes = [...simulator.manifest(tenantOf(simulator))].map((entry) => entry.sha256);
    expect(hashes.sort()).toEqual(large.map(sha256).sort());
  });
});
