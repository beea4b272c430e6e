import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Json } from './support.ts';

const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));

function run(...flags: string[]): ChildProcess {
  return spawn(process.execPath, ['--conditions=@mailsphere/source', CLI, ...flags], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no stdout');
  for await (const line of createInterface(child.stdout)) return line;
  return '';
}

async function ended(child: ChildProcess) {
  let errors = '';
  child.stderr?.on('data', (chunk) => {
    errors += String(chunk);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, errors };
}

describe('npm run simulator', () => {
  it('prints one line of JSON when it is ready, answers, and stops on SIGTERM', async () => {
    const child = run('--json', '--users', '9', '--seed', '5');
    const ready = JSON.parse(await firstLine(child)) as {
      login: string;
      graph: string;
      clientId: string;
      secret: string;
      tenants: Json[];
    };
    expect(ready.tenants).toMatchObject([
      { name: 'contoso', administrator: { username: 'admin@contoso.onmicrosoft.com' } },
    ]);
    expect(ready.secret.length).toBeGreaterThan(20);
    const tenants = (await (await fetch(`${ready.graph}/simulator/tenants`)).json()) as Json[];
    expect(tenants).toMatchObject([{ users: 9 }]);
    const end = ended(child);
    child.kill('SIGTERM');
    expect(await end).toEqual({ code: 0, errors: '' });
  });

  it('stops with its parent when told to', async () => {
    const child = run('--json', '--exit-with-parent');
    await firstLine(child);
    const end = ended(child);
    child.stdin?.end();
    expect((await end).code).toBe(0);
  });

  it('rehearses the bad day of a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mailsphere-'));
    const file = join(folder, 'bad-day.json');
    await writeFile(
      file,
      JSON.stringify({ faults: [{ answer: 'proxyPage', route: 'openid-configuration' }] }),
    );
    const child = run('--json', '--scenario', file);
    const { login } = JSON.parse(await firstLine(child)) as { login: string };
    expect((await fetch(`${login}/contoso.com/v2.0/.well-known/openid-configuration`)).status).toBe(502);
    const end = ended(child);
    child.kill('SIGTERM');
    expect((await end).code).toBe(0);
    await writeFile(file, JSON.stringify({ faults: [{ answer: 'hang', share: '1' }] }));
    const refused = await ended(run('--scenario', file));
    expect(refused.code).toBe(1);
    expect(refused.errors).toMatch(/scenario\.faults\[0\]\.share must be a number from 0 to 1/);
    await rm(folder, { recursive: true });
  });

  it.each([
    [['--users', 'many'], /^--users takes a whole number from 1 to 1000000, not 'many'/],
    [['--port', '3'], /^Unknown option '--port'/],
    [['extra'], /^Unexpected argument 'extra'/],
    [['--mail', '/nowhere/at/all'], /^--mail: there is nothing at/],
    [['--redirect-uri', 'localhost'], /^--redirect-uri takes a whole address/],
  ])('answers %j with one line and exit code 1', async (flags, message) => {
    const { code, errors } = await ended(run(...flags));
    expect(code).toBe(1);
    expect(errors).toMatch(message);
    expect(errors.trim().split('\n')).toHaveLength(1);
  });
});
