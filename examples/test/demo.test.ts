import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../demo/main.ts', import.meta.url));
const command = [process.execPath, '--conditions=@mailsphere/source', main];

const folders: string[] = [];
const folder = () => {
  const made = mkdtempSync(join(tmpdir(), 'mailsphere-test-'));
  folders.push(made);
  return made;
};
const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs the demo as a user does, in a pipe. */
function start(args: readonly string[], [file = '', ...before]: readonly string[] = command) {
  const child = spawn(file, [...before, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  let output = '';
  let errors = '';
  const waiting = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    for (const look of waiting) look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => {
      children.delete(child);
      resolve({ code, output, errors });
    });
  });
  return {
    child,
    ended,
    /** Resolves when the demo has printed this. */
    printed: (pattern: RegExp) =>
      new Promise<void>((resolve, reject) => {
        const look = () => {
          if (!pattern.test(output)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
        void ended.then(() => reject(new Error(`ended before it printed ${pattern}: ${output}${errors}`)));
      }),
  };
}

/** Messages with everything that a careless path would change. */
function oddMessages(count: number): string {
  const directory = folder();
  const bodies = [
    'Subject: crlf\r\n\r\nbody\r\n',
    'Subject: lf\n\nbody\n',
    'Subject: cr\r\rbody\r',
    'From nobody Mon Jan  5 00:00:00 2026\nSubject: mbox line\n\nno end',
    '\ufeffSubject: byte-order mark\r\n\r\n',
    'Subject: nul\r\n\r\na\0b\r\n',
    '',
  ].map((text) => Buffer.from(text));
  bodies.push(Buffer.from([0x53, 0x3a, 0x20, 0xe9, 0xff, 0x80, 0x0a, 0x0a, 0xfe]));
  for (let index = 0; index < count; index++) {
    const body = bodies[index % bodies.length] ?? Buffer.alloc(0);
    const content = index < bodies.length ? body : Buffer.concat([Buffer.from(`X-Number: ${index}\n`), body]);
    writeFileSync(join(directory, `${String(index).padStart(4, '0')}.eml`), content);
  }
  return directory;
}

const filesBelow = (directory: string) =>
  readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
const emlBelow = (directory: string) => filesBelow(directory).filter((entry) => entry.name.endsWith('.eml'));

describe('npm run demo', () => {
  it('connects, synchronises and archives, and proves that every byte is the same', async () => {
    const { code, output, errors } = await start(['--users', '4', '--messages', '30']).ended;
    expect(errors).toBe('');
    expect(code).toBe(0);
    expect(output).toMatch(/verified +(\d+) of \1 messages are byte for byte/);
    expect(output).toMatch(/ 0 answered with 429, at most [1-4] in flight for one mailbox/);
    expect(output).not.toContain('\x1b[');
  });

  it('needs at most 1.05 requests per message for mailboxes of a thousand messages', async () => {
    const { output } = await start(['--users', '2', '--messages', '1000', '--latency', '0']).ended;
    const requests = Number(/with ([\d.]+) requests each/.exec(output)?.[1]);
    expect(requests).toBeGreaterThan(1);
    expect(requests).toBeLessThanOrEqual(1.05);
  }, 120_000);

  it('archives real messages unchanged, and downloads nothing when it is run again', async () => {
    const args = ['--mail', oddMessages(60), '--users', '3', '--keep', folder()];
    const first = await start(args).ended;
    expect(first.output).toMatch(/verified +60 of 60 messages/);
    const second = await start(args).ended;
    expect(second.errors).toBe('');
    expect(second.output).toContain('no message was downloaded');
    expect(second.output).toMatch(/verified +60 of 60 messages/);
  }, 60_000);

  it('is complete and has nothing twice after kill -9 at five moments, from the start to half way', async () => {
    const keep = folder();
    const args = ['--mail', oddMessages(400), '--users', '3', '--latency', '30', '--keep', keep];
    const killAt = async (moment: (demo: ReturnType<typeof start>) => Promise<unknown>) => {
      const demo = start(args);
      await moment(demo);
      demo.child.kill('SIGKILL');
      await demo.ended;
    };
    await killAt(() => wait(300));
    await killAt(({ printed }) => printed(/the administrator /));
    await killAt(({ printed }) => printed(/messages \([1-9]\d?%\)/));
    const before = emlBelow(keep).length;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(400);
    await killAt(({ printed }) => printed(/Synchronise/));
    await killAt(async ({ printed }) => {
      await printed(/Synchronise/);
      await wait(500);
    });
    const last = await start(args).ended;
    expect(last.errors).toBe('');
    expect(last.output).toMatch(/verified +400 of 400 messages/);
    expect(emlBelow(keep)).toHaveLength(400);
  }, 120_000);

  it('stops cleanly on Ctrl-C, and the next run goes on', async () => {
    const args = ['--mail', oddMessages(300), '--users', '3', '--latency', '30', '--keep', folder()];
    const first = start(args);
    await first.printed(/messages \([1-9]\d?%\)/);
    first.child.kill('SIGINT');
    const stopped = await first.ended;
    expect(stopped.code).toBe(130);
    expect(stopped.errors).toBe('');
    expect(stopped.output).toContain('Stopped. Nothing is lost');
    const second = await start(args).ended;
    expect(second.output).toMatch(/verified +300 of 300 messages/);
  }, 120_000);
});

describe('what goes wrong gives one clear error', () => {
  const expectError = ({ code, errors }: Ended, pattern: RegExp) => {
    expect(errors.trim()).toMatch(pattern);
    expect(errors.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(1);
  };

  it.each([
    [['--users', 'many'], /^error invalid_options: --users: must be a whole number/],
    [['--colour'], /^error invalid_options: .*--colour/],
    [['--keep='], /^error invalid_options: --keep: must not be empty/],
    [['--keep', '/proc/no/such'], /^error storage_failed: --keep: /],
    [['--mail', '/nowhere/at/all'], /^error invalid_options: .*mail/],
    [['--tenant', 'nobody'], /^error tenant_not_found: /],
    [['--tenant', 'no such/tenant'], /^error invalid_request: /],
    [['--refuse'], /^error consent_refused: .*authorise this application/],
  ])('%s', async (args, pattern) => {
    expectError(await start(['--users', '3', '--messages', '5', ...args]).ended, pattern);
  });

  it('a folder that cannot be written', async () => {
    const file = join(folder(), 'file');
    writeFileSync(file, '');
    expectError(
      await start(['--keep', join(file, 'state')]).ended,
      /^error storage_failed: --keep: .*another one/,
    );
  });

  it('a folder of another tenant, which stays as it is', async () => {
    const keep = folder();
    await start(['--users', '2', '--messages', '2', '--keep', keep]).ended;
    const before = readFileSync(join(keep, 'demo.json'), 'utf8');
    expectError(
      await start(['--users', '3', '--messages', '2', '--keep', keep]).ended,
      /^error invalid_options: --keep: .*--users 2, not 3/,
    );
    expect(readFileSync(join(keep, 'demo.json'), 'utf8')).toBe(before);
  }, 60_000);

  it('a folder whose messages have changed since', async () => {
    const mail = oddMessages(5);
    const args = ['--mail', mail, '--users', '2', '--keep', folder()];
    await start(args).ended;
    writeFileSync(join(mail, '0000new.eml'), 'Subject: new\r\n\r\n');
    expectError(await start(args).ended, /^error invalid_options: --keep: .*have changed/);
  }, 60_000);

  it('a message that vanished from the mail folder; the weekly comparison or what the error advises brings it back', async () => {
    const keep = folder();
    const args = ['--mail', oddMessages(20), '--users', '2', '--keep', keep];
    await start(args).ended;
    const vanish = () => {
      const [vanished] = emlBelow(keep);
      rmSync(join(vanished?.parentPath ?? '', vanished?.name ?? ''));
    };
    // The second run compares the ids of all messages with the folder, and the next one to do so is due in a week.
    vanish();
    expect((await start(args).ended).output).toMatch(/verified +20 of 20 messages/);
    vanish();
    expectError(await start(args).ended, /1 messages are missing .*Remove .* the database, then run again/);
    for (const { name } of filesBelow(keep))
      if (name.startsWith('mailsphere.sqlite')) rmSync(join(keep, name));
    expect((await start(args).ended).output).toMatch(/verified +20 of 20 messages/);
  }, 60_000);

  it('a reader of the output that leaves early; nothing is left running', async () => {
    const shell = ['sh', '-c', '"$@" | head -1', 'sh', ...command];
    const { code, errors } = await start(['--users', '2', '--messages', '20'], shell).ended;
    expect(code).toBe(0);
    expect(errors).toBe('');
  });

  it('a disk that is full; the next run with room goes on', async () => {
    const mail = oddMessages(20);
    writeFileSync(join(mail, '0010.eml'), Buffer.alloc(12_000_000, 'x'));
    const keep = folder();
    const args = ['--mail', mail, '--users', '2', '--keep', keep];
    // No file may grow beyond 8 MB: to the process, that is a disk without room.
    const limited = ['sh', '-c', 'ulimit -f 16384 && exec "$@"', 'sh', ...command];
    expectError(
      await start(args, limited).ended,
      /^error storage_failed: .*raise the limit, or choose another disk/,
    );
    const second = await start(args).ended;
    expect(second.errors).toBe('');
    expect(second.output).toMatch(/verified +20 of 20 messages/);
    expect(emlBelow(keep)).toHaveLength(20);
  }, 120_000);

  it('a service that stops; the next run goes on', async () => {
    const args = ['--mail', oddMessages(300), '--users', '3', '--latency', '30', '--keep', folder()];
    const first = start(args);
    await first.printed(/messages \([1-9]\d?%\)/);
    const [simulator] = readFileSync(`/proc/${first.child.pid}/task/${first.child.pid}/children`, 'utf8')
      .trim()
      .split(' ');
    process.kill(Number(simulator), 'SIGKILL');
    expectError(await first.ended, /^error unavailable: .*(again|try)/);
    const second = await start(args).ended;
    expect(second.output).toMatch(/verified +300 of 300 messages/);
  }, 180_000);
});
