import { existsSync } from 'node:fs';
import pg from 'pg';
import { describe, expect, it, vi } from 'vitest';
import { child, killAfter } from './node/child.ts';

describe('the server of the tests', () => {
  it('leaves neither process nor folder behind when the run that started it is killed', async () => {
    const [folder = '', url = ''] = await killAfter(child('start-postgres.ts'), 2);
    await vi.waitFor(() => expect(existsSync(folder)).toBe(false), { timeout: 10_000 });
    const client = new pg.Client({ connectionString: url });
    await expect(client.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
