import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { ProcessOrder, ProcessReport, ProcessSettings } from './sync-directory.ts';

/** A process of a host, ready to synchronise the directory. It does not outlive the test. */
export const startProcess = (settings: ProcessSettings) =>
  startProgram<ProcessOrder, ProcessReport>('sync-directory.ts', settings);

/**
 * A process that runs a program of this folder, and is ready. It does not outlive the test.
 *
 * @param compileCache A folder for what the next such process need not compile again.
 */
export async function startProgram<Order, Report>(program: string, settings: object, compileCache?: string) {
  // Nothing of the test runner's environment: it would change how the child behaves.
  const env = {
    PATH: process.env.PATH,
    ...(compileCache !== undefined && { NODE_COMPILE_CACHE: compileCache }),
  };
  const child = spawn(
    process.execPath,
    [
      '--conditions=@mailsphere/source',
      fileURLToPath(new URL(program, import.meta.url)),
      JSON.stringify(settings),
    ],
    { env, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const errors = text(child.stderr);
  const closed = once(child, 'close');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  // One that is killed does not read any more.
  child.stdin.on('error', () => undefined);

  const read = async (): Promise<Report | undefined> => {
    const { value, done } = await lines.next();
    return done ? undefined : JSON.parse(value);
  };
  const next = async (): Promise<Report> => {
    const report = await read();
    if (report === undefined)
      throw new Error(`The process ended before it said anything more: ${await errors}`);
    return report;
  };
  await next();
  return {
    tell: (order: Order) => void child.stdin.write(`${JSON.stringify(order)}\n`),
    /** How its next work ends. */
    report: next,
    /** The same; `undefined` when the process was killed before. */
    reportIfAlive: read,
    stop: () => child.kill('SIGSTOP'),
    goOn: () => child.kill('SIGCONT'),
    async kill() {
      child.kill('SIGKILL');
      await closed;
    },
    /** Ends it in good order. Resolves with its exit code, and with what it wrote to its standard error. */
    async end() {
      child.stdin.end('"end"\n');
      const [code] = await closed;
      return { code, errors: await errors };
    },
    /** Resolves when it was ended, by whomever, with the signal that did it. */
    async ended() {
      const [, signal] = await closed;
      return { signal, errors: await errors };
    },
  };
}
