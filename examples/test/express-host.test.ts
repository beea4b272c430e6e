import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { explain, readEnvironment } from '../express-host/environment.ts';
import { createProvider } from '../express-host/office365.ts';
import { createOrganizations } from '../express-host/organizations.ts';
import { createExampleWorld, type ExampleWorld, PASSWORD } from './browser/example-world.ts';

let folder: string;
const children = new Set<ChildProcess>();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailsphere-test-'));
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const registered = {
  CLIENT_ID: '3f2c6a52-8d0e-4a8e-9a51-0d6c1c0d9b10',
  CLIENT_SECRET: 'a secret value',
  SESSION_KEY: 'k'.repeat(32),
  PASSWORD: 'p'.repeat(12),
};

describe('The environment of the example host', () => {
  it('needs nothing when the simulator stands for Microsoft 365', () => {
    const { registration, password = '', people, port } = readEnvironment({});
    expect({ registration, port }).toEqual({ registration: undefined, port: 3000 });
    expect(password.length).toBeGreaterThanOrEqual(12);
    expect(people.every((person) => person.password === password)).toBe(true);
  });

  it.each([
    ['CLIENT_ID', { CLIENT_ID: '' }],
    ['CLIENT_SECRET', { CLIENT_SECRET: undefined }],
    ['CLIENT_SECRET', { CLIENT_CERTIFICATE_FILE: 'both.pem' }],
    [
      'CLIENT_KEY_FILE',
      { CLIENT_SECRET: undefined, CLIENT_CERTIFICATE_FILE: fileURLToPath(import.meta.url) },
    ],
    [
      'CLIENT_CERTIFICATE_FILE',
      { CLIENT_SECRET: '', CLIENT_CERTIFICATE_FILE: 'no-such.pem', CLIENT_KEY_FILE: 'x' },
    ],
    ['SESSION_KEY', { SESSION_KEY: undefined }],
    ['SESSION_KEY', { SESSION_KEY: 'short' }],
    ['PASSWORD', { PASSWORD: undefined }],
    ['PORT', { PORT: '3000x' }],
    ['BASE_URL', { BASE_URL: 'http://app.example' }],
    ['BASE_URL', { BASE_URL: 'https://app.example/host' }],
    ['SEED_FILE', { SEED_FILE: 'no-such.json' }],
  ])('names %s when it is wrong: %o', (name, changed) => {
    let line = '';
    try {
      readEnvironment({ ...registered, ...changed });
    } catch (error) {
      line = explain(error);
    }
    expect(line).toMatch(new RegExp(`^${name}: [^\\n]+$`));
  });

  it.each([
    ['CLIENT_ID', { CLIENT_ID: 'my-app' }],
    ['CLIENT_SECRET', { CLIENT_SECRET: registered.CLIENT_ID }],
    ['CLOUD', { CLOUD: 'mars' }],
  ])('names %s when the provider refuses what it says', (name, changed) => {
    const { registration } = readEnvironment({ ...registered, ...changed });
    let line = '';
    try {
      if (registration) createProvider(registration);
    } catch (error) {
      line = explain(error);
    }
    expect(line).toMatch(new RegExp(`^${name}: [^\\n]+$`));
  });

  it('refuses a seed in which a person manages nothing', () => {
    const file = join(folder, 'seed.json');
    writeFileSync(file, JSON.stringify({ people: [{ id: 'a', name: 'A', email: 'a@b.example' }] }));
    expect(() => readEnvironment({ SEED_FILE: file })).toThrow('SEED_FILE: people[0]');
  });
});

describe('npm run host', () => {
  const start = (variables: Readonly<Record<string, string>>) => {
    const main = fileURLToPath(new URL('../express-host/main.ts', import.meta.url));
    const child = spawn(process.execPath, ['--conditions=@mailsphere/source', main], {
      // The test runner has a BASE_URL of its own.
      env: { ...process.env, BASE_URL: '', ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    const said = { output: '', errors: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.errors += text;
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const ready = new Promise<void>((resolve, reject) => {
      child.stdout.on('data', () => said.output.includes('Ctrl-C stops it.') && resolve());
      child.once('close', () => reject(new Error(`It ended: ${said.errors}`)));
    });
    ready.catch(() => {});
    return { child, said, ready, ended };
  };

  it('says where it is and who may sign in, and leaves nothing behind when it is stopped', async () => {
    const { child, said, ready, ended } = start({ PORT: '0', TMPDIR: folder });
    await ready;
    const url = /The host is at (\S+)/.exec(said.output)?.[1] ?? '';
    const kept = /State and mail are in (.+)/.exec(said.output)?.[1] ?? '';
    expect((await fetch(`${url}/sign-in`)).status).toBe(200);
    expect(said.output).toMatch(/hanna@harbour\.example .* Contoso and Fabrikam/);
    expect(said.output).toContain('admin@contoso.onmicrosoft.com  Global Administrator');
    expect(existsSync(kept)).toBe(true);

    child.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(said.output).toContain('Stopped.');
    expect(existsSync(kept)).toBe(false);
    expect(said.errors).toBe('');
  });

  it('names a wrong variable in one line', async () => {
    const { said, ended } = start({ PORT: '0', CLIENT_ID: 'my-app', CLIENT_SECRET: '' });
    expect(await ended).toBe(1);
    expect(said.errors).toMatch(/^CLIENT_SECRET: [^\n]+\n$/);
  });
});

describe('Signing in to the example host', () => {
  let world: ExampleWorld;
  beforeEach(async () => {
    world = await createExampleWorld();
  });
  afterEach(() => world.close());

  const request = (path: string, init: { cookie?: string; form?: Record<string, string> } = {}) =>
    fetch(world.host.url + path, {
      redirect: 'manual',
      headers: { origin: world.host.url, cookie: init.cookie ?? '' },
      ...(init.form && { method: 'POST', body: new URLSearchParams(init.form) }),
    });
  const signIn = (form: Record<string, string> = {}, cookie = '') =>
    request('/sign-in', { cookie, form: { email: 'hanna@harbour.example', password: PASSWORD, ...form } });
  const cookieOf = (response: Response) => response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const isSignedIn = async (cookie: string) => (await request('/organizations', { cookie })).status === 200;

  it('gives a cookie that no script reads and no other site sends along with a form', async () => {
    const [cookie = ''] = (await signIn()).headers.getSetCookie();
    expect(cookie).toContain('HttpOnly');
    expect(cookie).toContain('SameSite=Lax');
    expect(await isSignedIn(cookie.split(';')[0] ?? '')).toBe(true);
  });

  it('believes no cookie that it did not sign, and none that is over', async () => {
    const cookie = cookieOf(await signIn());
    const [, payload = '', signature = ''] = /=(.+)\.(.+)$/.exec(cookie) ?? [];
    const session = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const forged = Buffer.from(JSON.stringify({ ...session, personId: 'sofia' })).toString('base64url');
    for (const bad of [
      `session=${forged}.${signature}`,
      `session=${payload}.`,
      'session=',
      `session=${payload}`,
    ])
      expect(await isSignedIn(bad)).toBe(false);
    await world.advance(8 * 3600_000 + 1);
    expect(await isSignedIn(cookie)).toBe(false);
  });

  it('ends the session when somebody signs out, or signs in anew in the same browser', async () => {
    const first = cookieOf(await signIn());
    const second = cookieOf(await signIn({}, first));
    expect(await isSignedIn(first)).toBe(false);
    expect(await isSignedIn(second)).toBe(true);
    await request('/sign-out', { cookie: second, form: {} });
    expect(await isSignedIn(second)).toBe(false);
  });

  it('leads nowhere but to a page of the host afterwards', async () => {
    const leads = async (next: string) => (await signIn({ next })).headers.get('location');
    expect(await leads('/organizations/contoso?said=saved')).toBe('/organizations/contoso?said=saved');
    for (const next of [
      'https://evil.example/',
      '//evil.example',
      '/\\evil.example',
      '/.//evil.example',
      'javascript:1',
    ])
      expect(await leads(next)).toBe('/');
  });

  it('lets nobody try passwords without end, and forgets that after a while', async () => {
    for (let attempt = 0; attempt < 10; attempt++)
      expect((await signIn({ password: `wrong ${attempt}` })).status).toBe(403);
    expect((await signIn()).status).toBe(429);
    expect((await signIn({ email: 'omar@contoso.example' })).status).toBe(303);
    await world.advance(15 * 60_000 + 1);
    expect((await signIn()).status).toBe(303);
  });
});

it('A new name of an organization is there after a restart', () => {
  const seed = [{ id: 'contoso', name: 'Contoso', partnerId: 'harbour' }];
  const file = join(folder, 'organizations.json');
  createOrganizations(seed, file).rename('contoso', '<Contoso & Söhne>');
  expect(createOrganizations(seed, file).get('contoso')?.name).toBe('<Contoso & Söhne>');
});
