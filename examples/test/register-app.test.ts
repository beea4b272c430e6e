import { execFile, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv, promisify } from 'node:util';
import { permissions, requiredResourceAccess } from '@mailsphere/office365';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEnvironment } from '../express-host/environment.ts';
import { CLIENT_ID, FAKE_AZ, OBJECT_ID, SECRET, unknownOptions } from './fake-az.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const guide = read('docs/register-app.md');

const generate = (...args: readonly string[]) =>
  promisify(execFile)(
    process.execPath,
    ['--conditions=@mailsphere/source', 'scripts/app-manifest.ts', ...args],
    { cwd: root },
  );

it('the manifest that people paste asks for what the connector uses, and for nothing else', async () => {
  const { stdout } = await generate();
  expect(read('docs/app-manifest.json')).toBe(stdout);
  expect(JSON.parse(stdout)).toMatchObject({
    signInAudience: 'AzureADMultipleOrgs',
    groupMembershipClaims: 'DirectoryRole',
    optionalClaims: { idToken: [{ name: 'acct' }] },
    requiredResourceAccess: requiredResourceAccess(permissions),
  });
});

it('a registration for narrowed mail asks for everything but mail', async () => {
  const { stdout } = await generate('--without', 'Mail.Read');
  const rest = permissions.filter(({ id }) => id !== 'Mail.Read');
  expect(JSON.parse(stdout).requiredResourceAccess).toEqual(requiredResourceAccess(rest));
  await expect(generate('--without', 'Mail.Raed')).rejects.toThrow('must be a permission of the connector');
});

it('the table of permissions in the guide is that of the connector', () => {
  const rows = guide.matchAll(/^\| `([\w.]+)` \| (required|optional) \|/gm);
  expect([...rows].map(([, id, need]) => ({ id, need }))).toEqual(
    permissions.map(({ id, required }) => ({ id, need: required ? 'required' : 'optional' })),
  );
});

const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

it('the guide names the settings that the example host reads', () => {
  const given: Readonly<Record<string, string>> = {
    CLIENT_ID,
    CLIENT_SECRET: SECRET,
    SESSION_KEY: 's'.repeat(32),
    PASSWORD: 'p'.repeat(12),
  };
  const asked = new Set<string>();
  const get = (all: typeof given, name: string) => {
    asked.add(name);
    return all[name];
  };
  readEnvironment(new Proxy(given, { get }));
  const [, rows = ''] = guide.split('Complete `examples/express-host/.env`');
  const names = [...rows.matchAll(/^ {3}\| (`[A-Z_, `]+`) \|/gm)].flatMap(
    ([, cell = '']) => cell.match(/\w+/g) ?? [],
  );
  expect(names).toEqual(expect.arrayContaining(['CLIENT_ID', 'CLIENT_KEY_FILE', 'BASE_URL']));
  expect(names.filter((name) => !asked.has(name))).toEqual([]);
});

// On Windows, there need not be a bash.
describe.each(process.platform === 'win32' ? [] : ['bash'])('register-app.sh in %s', (shell) => {
  let folder: string;
  const inFolder = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), 0o700);
    return join(folder, name);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'register-app-'));
    inFolder('az', FAKE_AZ);
    inFolder('sleep', '#!/usr/bin/env bash\n');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function register(
    args: readonly string[],
    az: { existing?: string; refuses?: string; late?: string } = {},
  ) {
    const calls = join(folder, 'calls');
    rmSync(calls, { force: true });
    const script = spawn(shell, ['docs/register-app.sh', ...args], {
      cwd: root,
      env: {
        PATH: `${folder}${delimiter}${process.env.PATH}`,
        AZ_CALLS: calls,
        AZ_EXISTING: az.existing ?? '',
        AZ_REFUSES: az.refuses ?? 'nothing',
        AZ_LATE: az.late ?? 'nothing',
      },
    });
    const text = async (stream: AsyncIterable<Buffer>) =>
      Buffer.concat(await Array.fromAsync(stream)).toString();
    const [stdout, stderr, code] = await Promise.all([
      text(script.stdout),
      text(script.stderr),
      new Promise((resolve) => script.on('close', resolve)),
    ]);
    const lines = existsSync(calls) ? readFileSync(calls, 'utf8').split('\0\n').slice(0, -1) : [];
    return { code, stdout, stderr, calls: lines.map((line) => line.split('\0')) };
  }

  it('makes a registration of many organizations and prints the lines of .env', async () => {
    const { code, stdout, stderr, calls } = await register(['Mail archive', 'https://app.example/connect/']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `CLIENT_ID=${CLIENT_ID}\nCLIENT_SECRET=${SECRET}\n`,
    });
    expect(stderr).not.toContain(SECRET);
    expect(calls.map((call) => call.slice(0, 4).join(' '))).toEqual([
      'account show --query tenantId',
      'ad app list --display-name',
      'ad app create --display-name',
      'ad app update --id',
      'ad app credential reset',
    ]);
    const [, , create = [], update = [], credential = []] = calls;
    expect(create).toEqual([
      ...['ad', 'app', 'create', '--display-name', 'Mail archive'],
      ...['--sign-in-audience', 'AzureADMultipleOrgs'],
      ...['--web-redirect-uris', 'https://app.example/connect/callback'],
      ...['--required-resource-accesses', '@docs/app-manifest.json'],
      ...['--optional-claims', '@docs/app-manifest.json'],
      ...['--query', '[appId, id]', '--only-show-errors', '--output', 'tsv'],
    ]);
    expect(update.slice(3, 7)).toEqual(['--id', OBJECT_ID, '--set', 'groupMembershipClaims=DirectoryRole']);
    expect(credential).toEqual(expect.arrayContaining(['--id', OBJECT_ID, '--append']));
    const until = Date.parse(credential[credential.indexOf('--end-date') + 1] ?? '');
    expect(Math.abs(until - Date.now() - 180 * 86_400_000)).toBeLessThan(2 * 86_400_000);
  });

  it('uploads the certificate and makes no secret', async () => {
    const certificate = inFolder('certificate.pem', PEM);
    const { code, stdout, calls } = await register([
      'A',
      'http://localhost:3000',
      '--certificate',
      certificate,
    ]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `CLIENT_ID=${CLIENT_ID}\nCLIENT_CERTIFICATE_FILE=${certificate}\n`,
    });
    const credentials = calls.filter((call) => call[2] === 'credential');
    expect(credentials).toHaveLength(1);
    expect(credentials[0]).toEqual(expect.arrayContaining(['--append', '--cert', `@${certificate}`]));
  });

  it('prints what the example host understands', async () => {
    const certificate = inFolder('certificate.pem', PEM);
    const key = inFolder('key.pem', 'the key');
    const rest = { SESSION_KEY: 's'.repeat(32), PASSWORD: 'p'.repeat(12) };
    const withSecret = await register(['A', 'http://localhost:3000/connect']);
    expect(readEnvironment({ ...parseEnv(withSecret.stdout), ...rest }).registration).toEqual({
      clientId: CLIENT_ID,
      cloud: undefined,
      credential: { secret: SECRET },
    });
    const { stdout } = await register(['A', 'https://app.example', '--certificate', certificate]);
    const variables = { ...parseEnv(stdout), CLIENT_KEY_FILE: key, ...rest };
    expect(readEnvironment(variables).registration?.credential).toEqual({
      certificate: { certificate: PEM, privateKey: 'the key' },
    });
  });

  it('calls the Azure CLI with options that it has', async () => {
    const certificate = inFolder('certificate.pem', PEM);
    const address = 'https://app.example';
    const runs = [
      await register(['A', address]),
      await register(['A', address, '--certificate', certificate]),
    ];
    expect(runs.flatMap(({ calls }) => calls.flatMap(unknownOptions))).toEqual([]);
    expect(unknownOptions(['ad', 'app', 'create', '--redirect-uris'])).toEqual(['--redirect-uris']);
  });

  it('never touches a registration that has the name already', async () => {
    const { code, stdout, stderr, calls } = await register(['A', 'https://app.example'], {
      existing: `${CLIENT_ID}\\r\\n`,
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`"A" is registered already: ${CLIENT_ID}. Nothing was changed.`);
    expect(calls.map((call) => call[2])).toEqual(['--query', 'list']);
  });

  it('says how to sign in, and makes nothing, when nobody is signed in', async () => {
    const { code, stderr, calls } = await register(['A', 'https://app.example'], { refuses: 'account show' });
    expect(code).toBe(1);
    expect(stderr).toContain('az login');
    expect(calls).toHaveLength(1);
  });

  it('waits for a new registration that the directory does not know everywhere yet', async () => {
    const { code, calls } = await register(['A', 'https://app.example'], { late: 'ad app update' });
    expect(code).toBe(0);
    expect(calls.filter((call) => call[2] === 'update')).toHaveLength(2);
  });

  it.each(['ad app update', 'ad app credential'])('names what is left when "%s" fails', async (refuses) => {
    const { code, stdout, stderr } = await register(['A', 'https://app.example'], { refuses });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`az ad app delete --id ${CLIENT_ID}`);
  });

  it.each([
    'http://app.example',
    'http://localhost.evil.example',
    'https://App.example',
    'https://app.example:443/connect',
    'https://app.example/connect?a=1',
    'https://app.example/(connect)',
    `https://app.example/${'a'.repeat(240)}`,
    'app.example',
  ])('refuses the base URL %s before anything is made', async (address) => {
    const { code, stderr, calls } = await register(['A', address]);
    expect({ code, calls }).toEqual({ code: 2, calls: [] });
    expect(stderr).toContain('BASE_URL must');
  });

  it.each(['', "O'Neill", '@secrets.txt', 'a=@secrets.txt'])('refuses the name "%s"', async (name) => {
    const { code, stderr, calls } = await register([name, 'https://app.example']);
    expect({ code, calls }).toEqual({ code: 2, calls: [] });
    expect(stderr).toContain('NAME must not');
  });

  it('never uploads a private key', async () => {
    const key = inFolder('both.pem', `${PEM}-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n`);
    const { code, stderr, calls } = await register(['A', 'https://app.example', '--certificate', key]);
    expect({ code, calls }).toEqual({ code: 2, calls: [] });
    expect(stderr).toContain('holds a private key');
  });
});
