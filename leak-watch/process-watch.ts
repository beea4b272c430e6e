import { ChildProcess } from 'node:child_process';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import type { Readable, Writable } from 'node:stream';
import type { LeakWatch } from './leak-watch.ts';

/** Looks at what this process and its children print, and learns every random secret that is made here. */
export function watchProcess(watch: LeakWatch): void {
  watchRandom(watch);
  watchConsole(console, watch);
  for (const stream of [process.stdout, process.stderr]) watchStream(stream, watch);
  watchChildren(watch);
}

const SECRET_BYTES = 32;

function watchRandom(watch: LeakWatch) {
  const original = crypto.randomBytes;
  const watched = (size: number, callback?: (error: Error | null, bytes: Buffer) => void) => {
    if (callback) return original(size, callback);
    const bytes = original(size);
    if (size === SECRET_BYTES) watch.learn('a random secret (state, nonce, verifier, cookie or link)', bytes);
    return bytes;
  };
  crypto.randomBytes = watched as typeof crypto.randomBytes;
  syncBuiltinESMExports();
}

/** @param target The console of the process, or one like it. */
export function watchConsole(target: Console, watch: LeakWatch): void {
  for (const name of ['debug', 'log', 'info', 'warn', 'error', 'trace'] as const) {
    const original: (...parts: unknown[]) => void = target[name].bind(target);
    target[name] = (...parts: unknown[]) => {
      watch.see('the console', parts);
      original(...parts);
    };
  }
}

/** @param stream The standard output of the process, or one like it. */
export function watchStream(stream: Writable, watch: LeakWatch): void {
  const original = stream.write.bind(stream) as (...parts: unknown[]) => boolean;
  stream.write = (...parts: unknown[]) => {
    watch.see('the output of the process', parts[0]);
    return original(...parts);
  };
}

// A secret may come in two pieces.
const TAIL = 4096;

function watchChildren(watch: LeakWatch) {
  // What `spawn`, `exec`, `execFile` and `fork` have in common; the types do not name it.
  const prototype = ChildProcess.prototype as ChildProcess & { spawn(...parts: unknown[]): unknown };
  const original = prototype.spawn;
  prototype.spawn = function (this: ChildProcess, ...parts: unknown[]) {
    const result = original.apply(this, parts);
    // The service says what its secrets are, so that a client can be started.
    if (this.spawnargs.some((part) => part.includes('packages/simulator/'))) return result;
    for (const stream of [this.stdout, this.stderr]) if (stream) watchReadable(stream, watch);
    return result;
  };
}

/** A listener would make the stream flow before its reader is there. */
function watchReadable(stream: Readable, watch: LeakWatch) {
  const push = stream.push.bind(stream);
  let tail = '';
  stream.push = (chunk: unknown, encoding) => {
    if (chunk !== null) {
      const text = tail + String(chunk);
      tail = text.slice(-TAIL);
      watch.see('the output of a child process', text);
    }
    return push(chunk, encoding);
  };
}
