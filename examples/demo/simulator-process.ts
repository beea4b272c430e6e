import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ConnectorError } from '@mailsphere/core';
import { permissions } from '@mailsphere/office365';
import type { DemoOptions } from './demo-options.ts';

/** What the simulator prints about itself when it is ready. */
export interface SimulatorAddress {
  readonly login: string;
  readonly graph: string;
  readonly clientId: string;
  readonly secret: string;
  readonly tenants: readonly {
    readonly id: string;
    readonly name: string;
    readonly domains: readonly string[];
    readonly administrator: { readonly username: string };
  }[];
}

export interface SimulatorProcess extends SimulatorAddress {
  stop(): void;
}

const cli = fileURLToPath(new URL('../../packages/simulator/src/cli.ts', import.meta.url));

/** Starts the simulator in a process of its own, which ends with this one however this one ends. */
export async function startSimulator(options: DemoOptions): Promise<SimulatorProcess> {
  const { users, messages, seed, latency, mail } = options;
  const numbers = { users, messages, seed, latency };
  const flags = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(
    process.execPath,
    [
      '--conditions=@mailsphere/source',
      cli,
      '--json',
      '--exit-with-parent',
      ...flags,
      ...(mail === undefined ? [] : ['--mail', mail]),
      // What a host does once in the portal: list in the app registration what the provider needs.
      ...permissions.flatMap(({ id }) => ['--permission', id]),
    ],
    // Its own process group: Ctrl-C is for us, and we stop it when our work has ended.
    { stdio: ['pipe', 'pipe', 'pipe'], detached: process.platform !== 'win32' },
  );
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  const stop = () => child.kill('SIGTERM');
  process.once('exit', stop);

  const ready = new Promise<SimulatorAddress>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)));
    child.once('error', reject);
    child.once('exit', () =>
      reject(
        new ConnectorError(
          'invalid_options',
          complaint.trim().split('\n')[0] || 'The simulator did not start, and gave no reason.',
        ),
      ),
    );
  });
  return { ...(await ready), stop };
}
