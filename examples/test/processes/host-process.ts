import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { ProcessOrder, ProcessReport, ProcessSettings } from './sync-directory.ts';

const program = fileURLToPath(new URL('sync-directory.ts', import.meta.url));

/** A process of a host, ready to synchronise. It does not outlive the test. */
export async function startProcess(settings: ProcessSettings) {
  const child = spawn(
    process.execPath,
    ['--conditions=@mailsphere/source', program, JSON.stringify(settings)],
    // Nothing of the test runner's environment: it would change how the child behaves.
    { env: { PATH: process.env.PATH }, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const errors = text(child.stderr);
  const closed = once(child, 'close');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  // One that is killed does not read any more.
  child.stdin.on('error', () => undefined);

  const next = async (): Promise<ProcessReport> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`The process ended before it said anything more: ${await errors}`);
    return JSON.parse(value);
  };
  await next();
  return {
    tell: (order: ProcessOrder) => void child.stdin.write(`${JSON.stringify(order)}\n`),
    /** How its next sync ends. */
    report: next,
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
  };
}
