import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A program in a process of its own, so that its peak of memory is its own too. */
export interface Program {
  /** Has one of its tasks done, with `given`, and waits for what it comes to. */
  ask<Result>(task: string, given?: unknown): Promise<Result>;
  stop(): Promise<void>;
}

type Answer = { readonly result: unknown } | { readonly error: string };

/**
 * Starts a program of this folder, which ends with this process however this one ends.
 *
 * @param heap Megabytes that its objects may take: without a cap, V8 keeps what nobody needs any more, and shows it as needed.
 */
export function startProgram(name: string, heap?: number): Program {
  const child = fork(fileURLToPath(new URL(name, import.meta.url)), {
    execArgv: [
      ...['--conditions=@mailsphere/source', '--expose-gc'],
      ...(heap === undefined ? [] : [`--max-old-space-size=${heap}`, '--max-semi-space-size=8']),
    ],
    serialization: 'advanced',
  });
  return {
    async ask<Result>(task: string, given?: unknown) {
      child.send({ task, given });
      const answer = await answerOf(child, name);
      if ('error' in answer) throw new Error(`${name}: ${answer.error}`);
      return answer.result as Result;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

async function answerOf(child: ChildProcess, name: string): Promise<Answer> {
  const waiting = new AbortController();
  const ended = once(child, 'exit', { signal: waiting.signal }).then(() => {
    throw new Error(`${name} ended before it answered.`);
  });
  ended.catch(() => {});
  try {
    const [answer] = await Promise.race([once(child, 'message', { signal: waiting.signal }), ended]);
    return answer as Answer;
  } finally {
    waiting.abort();
  }
}

/** In the program: does one task after the other. */
export function serve(tasks: Readonly<Record<string, (given: never) => unknown>>): void {
  process.on('message', async ({ task, given }: { readonly task: string; readonly given: unknown }) => {
    try {
      process.send?.({ result: await tasks[task]?.(given as never) } satisfies Answer);
    } catch (error) {
      process.send?.({
        error: error instanceof Error ? (error.stack ?? '') : String(error),
      } satisfies Answer);
    }
  });
  process.once('disconnect', () => process.exit());
}

/** What a process took, in megabytes and seconds. */
export interface Usage {
  /** Of the process so far. */
  readonly peakMemory: number;
  /** What is still in use after a collection: JavaScript's heap and its buffers. */
  readonly heldMemory: number;
  /** Of the processor, while the work was done. */
  readonly cpu: number;
}

/** Begins to measure this process; call it when the work is done. */
export function usage(): () => Promise<Usage> {
  const before = process.cpuUsage();
  return async () => {
    const { user, system } = process.cpuUsage(before);
    const peakMemory = process.resourceUsage().maxRSS / 1000;
    // What a collection frees is given back in later turns.
    for (let turn = 0; turn < 3; turn++) {
      globalThis.gc?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { heapUsed, external } = process.memoryUsage();
    return { peakMemory, heldMemory: (heapUsed + external) / 1e6, cpu: (user + system) / 1e6 };
  };
}
