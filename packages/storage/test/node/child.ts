import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export interface ChildOptions {
  /** What a shell does before it becomes the process, such as `ulimit -n 40`. */
  readonly shell?: string;
  /** Options of node. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

type Child = ChildProcessByStdio<null, Readable, null>;

/** Runs a script of this folder in a process of its own. */
export function child(
  script: string,
  args: readonly string[] = [],
  { shell, flags = [], env: extra }: ChildOptions = {},
): Child {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const command = [process.execPath, '--conditions=@mailsphere/source', ...flags, file, ...args];
  const [program = '', ...rest] = shell ? ['sh', '-c', `${shell} && exec "$@"`, 'sh', ...command] : command;
  // Nothing of the test runner's environment: it would change how the child behaves.
  const env = { PATH: process.env.PATH, ...extra };
  return spawn(program, rest, { env, stdio: ['ignore', 'pipe', 'inherit'] });
}

/**
 * What a script writes until it ends.
 *
 * @throws Error when it fails.
 */
export async function outputOf(...args: Parameters<typeof child>): Promise<string> {
  const running = child(...args);
  const [output, [code]] = await Promise.all([text(running.stdout), once(running, 'close')]);
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}: ${output}`);
  return output;
}

/** Kills a process, the hard way, once it has written so many lines. Resolves with the whole lines that it wrote. */
export async function killAfter(running: Child, lines: number): Promise<readonly string[]> {
  let written = '';
  running.stdout.on('data', (chunk) => {
    written += chunk;
    if (written.split('\n').length > lines) running.kill('SIGKILL');
  });
  await once(running, 'close');
  return written.split('\n').slice(0, -1);
}
