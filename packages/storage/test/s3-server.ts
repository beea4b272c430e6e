import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { S3Address } from './node/s3-client.ts';

/** A service that speaks S3, and keys of a user who may create buckets there. */
export interface S3Server extends S3Address {
  close(): Promise<void>;
}

const PROGRAMS = ['ceph', 'ceph-authtool', 'ceph-mon', 'ceph-osd', 'monmaptool', 'radosgw', 'radosgw-admin'];
const INSTALL = 'apt-get install -y --no-install-recommends radosgw ceph-mon ceph-osd ceph-common';

/** The service that tests are to use: the one of `S3_TEST_ENDPOINT`, or else a Ceph Object Gateway that is started for them. */
export async function testS3Server(env = process.env): Promise<S3Server> {
  const { S3_TEST_ENDPOINT: endpoint, S3_TEST_REGION: region = 'us-east-1' } = env;
  if (!endpoint) return startCeph();
  const { S3_TEST_ACCESS_KEY_ID: accessKeyId, S3_TEST_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (!accessKeyId || !secretAccessKey)
    throw new Error(
      'S3_TEST_ENDPOINT is set: set S3_TEST_ACCESS_KEY_ID and S3_TEST_SECRET_ACCESS_KEY as well.',
    );
  return { endpoint, region, accessKeyId, secretAccessKey, close: async () => {} };
}

/**
 * Starts a monitor, a store in memory and an object gateway, at free ports of 127.0.0.1. Everything of them is in one folder. Should this
 * process end without `close`, however it ends, they and the folder go with it.
 */
async function startCeph(): Promise<S3Server> {
  const absent = PROGRAMS.filter((program) => !isOnPath(program));
  if (absent.length > 0)
    throw new Error(
      `There is no S3 service to test with: ${absent.join(', ')} cannot be found. On Debian or Ubuntu: ${INSTALL}. Or set S3_TEST_ENDPOINT, S3_TEST_ACCESS_KEY_ID and S3_TEST_SECRET_ACCESS_KEY.`,
    );
  const folder = mkdtempSync(join(tmpdir(), 'mailsphere-ceph-'));
  const watch = watchdog(folder);
  const daemons: ChildProcess[] = [];
  const close = async () => {
    await Promise.all(daemons.toReversed().map(stop));
    watch.stdin?.end();
    await once(watch, 'exit');
  };
  try {
    const [v1, v2, gateway] = await Promise.all([freePort(), freePort(), freePort()]);
    const monitors = `[v2:127.0.0.1:${v2},v1:127.0.0.1:${v1}]`;
    const keys = {
      accessKeyId: randomBytes(10).toString('hex'),
      secretAccessKey: randomBytes(20).toString('hex'),
    };
    const cluster = createCluster(folder, monitors, gateway);
    await createMonitor(cluster, monitors);
    daemons.push(cluster.start('ceph-mon', '-i', 'a'));
    await createStore(cluster);
    daemons.push(cluster.start('ceph-osd', '-i', '0'));
    const { accessKeyId, secretAccessKey } = keys;
    const user = [
      '--uid=test',
      '--display-name=test',
      `--access-key=${accessKeyId}`,
      `--secret-key=${secretAccessKey}`,
    ];
    await cluster.run('radosgw-admin', 'user', 'create', ...user);
    daemons.push(cluster.start('radosgw', '-n', 'client.admin'));
    const endpoint = `http://127.0.0.1:${gateway}`;
    await answers(endpoint);
    return { endpoint, region: 'us-east-1', ...keys, close };
  } catch (error) {
    const log = daemons.map(({ spawnargs }) => tail(join(folder, 'log', `${spawnargs[0]}.log`))).join('\n');
    await close();
    throw new Error(`The object gateway did not start. ${log}`, { cause: error });
  }
}

interface Cluster {
  readonly id: string;
  readonly path: (...names: string[]) => string;
  /** A program that ends. */
  readonly run: (program: string, ...args: string[]) => Promise<unknown>;
  /** A program that stays until it is stopped. */
  readonly start: (program: string, ...args: string[]) => ChildProcess;
}

function createCluster(folder: string, monitors: string, gateway: number): Cluster {
  const path = (...names: string[]) => join(folder, ...names);
  for (const name of ['mon', 'osd', 'rgw', 'run', 'log']) mkdirSync(path(name));
  const id = randomUUID();
  const file = path('ceph.conf');
  writeFileSync(file, configuration(path, id, monitors, gateway), { mode: 0o600 });
  const env = { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', CEPH_CONF: file };
  const execute = promisify(execFile);
  return {
    id,
    path,
    run: (program, ...args) => execute(program, args, { env, cwd: folder, timeout: 60_000 }),
    start: (program, ...args) =>
      spawn(program, ['-f', ...args], { env, cwd: folder, stdio: 'ignore', argv0: program }),
  };
}

// One copy of everything, in memory, and no process that is not needed for it.
const configuration = (path: Cluster['path'], id: string, monitors: string, gateway: number) => `
[global]
fsid = ${id}
mon host = ${monitors}
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = ${path('keyring')}
run dir = ${path('run')}
admin socket = ${path('run', '$name.asok')}
pid file = ${path('run', '$name.pid')}
log file = ${path('log', '$name.log')}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
mon allow pool size one = true
mon max pg per osd = 1000
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
rgw rados pool pg num min = 1
[mon]
mon data = ${path('mon')}
mon cluster log file = ${path('log', 'cluster.log')}
[osd]
osd data = ${path('osd')}
keyring = ${path('osd', 'keyring')}
osd objectstore = memstore
memstore device bytes = ${2 * 2 ** 30}
osd class load list = *
osd class default list = *
[client]
rgw data = ${path('rgw')}
rgw frontends = beast endpoint=127.0.0.1:${gateway} tcp_nodelay=1
rgw enable apis = s3
rgw run sync thread = false
rgw crypt require ssl = false
`;

async function createMonitor({ id, path, run }: Cluster, monitors: string): Promise<void> {
  const all = (...parts: string[]) => parts.flatMap((part) => ['--cap', part, 'allow *']);
  await run('monmaptool', '--create', '--fsid', id, '--addv', 'a', monitors, path('monmap'));
  await run(
    'ceph-authtool',
    '--create-keyring',
    path('mon-keyring'),
    '--gen-key',
    '-n',
    'mon.',
    ...all('mon'),
  );
  const admin = ['--gen-key', '-n', 'client.admin', ...all('mon', 'osd', 'mgr')];
  await run('ceph-authtool', '--create-keyring', path('keyring'), ...admin);
  await run('ceph-authtool', path('mon-keyring'), '--import-keyring', path('keyring'));
  const from = ['--monmap', path('monmap'), '--keyring', path('mon-keyring')];
  await run('ceph-mon', '--mkfs', '-i', 'a', ...from);
}

async function createStore({ path, run }: Cluster): Promise<void> {
  const store = randomUUID();
  await run('ceph', '--connect-timeout', '30', 'osd', 'new', store);
  const caps = ['mon', 'allow profile osd', 'mgr', 'allow profile osd', 'osd', 'allow *'];
  await run('ceph', 'auth', 'get-or-create', 'osd.0', ...caps, '-o', path('osd', 'keyring'));
  await run('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', store);
}

/** Waits until this process is gone, which closes its input; then ends what still runs, and removes the folder. */
function watchdog(folder: string): ChildProcess {
  const script = `
    cat
    for file in "$1"/run/*.pid; do
      if pid=$(cat "$file" 2>/dev/null); then kill -KILL "$pid" 2>/dev/null; fi
    done
    rm -rf "$1"`;
  return spawn('sh', ['-c', script, 'sh', folder], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
}

async function stop(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  // Nothing of it is kept, so it need not be put in order.
  daemon.kill('SIGKILL');
  await once(daemon, 'exit');
}

async function answers(endpoint: string): Promise<void> {
  for (const patience = AbortSignal.timeout(60_000); ; await setTimeout(200)) {
    patience.throwIfAborted();
    if (
      await fetch(endpoint).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      return;
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

const isOnPath = (program: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

const tail = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').slice(-2000);
  } catch {
    return '';
  }
};
