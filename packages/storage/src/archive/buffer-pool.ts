/** Buffers of one size, which all contents of the process share. They are what it spends on gathering, and no more. */
export interface BufferPool {
  /** Of each buffer, in bytes. */
  readonly size: number;
  /**
   * A buffer, as soon as one is free: whoever asks first gets it first.
   *
   * @throws the signal's reason
   */
  take(signal: AbortSignal | undefined): Promise<Buffer>;
  /** Makes a buffer free: what is in it will be overwritten. */
  give(buffer: Buffer): void;
  /** Instead of `give` when somebody may still read the buffer: another one comes in its place. */
  replace(): void;
  /** Tells a holder whether others wait for a buffer now, or come to do so before `event` settles. */
  isNeededBefore(event: Promise<unknown>): Promise<boolean>;
}

export function bufferPool(size: number, count: number): BufferPool {
  const free: Buffer[] = [];
  let made = 0;
  // Both in the order in which they came.
  const waiting = new Set<(buffer: Buffer) => void>();
  const idle = new Set<() => void>();

  const give = (buffer: Buffer) => {
    const [next] = waiting;
    if (!next) return void free.push(buffer);
    waiting.delete(next);
    next(buffer);
  };
  // Only when it is needed, so that a process that does little has little.
  const make = () => {
    made++;
    return Buffer.allocUnsafeSlow(size);
  };

  return {
    size,
    async take(signal) {
      signal?.throwIfAborted();
      const buffer = free.pop() ?? (made < count ? make() : undefined);
      if (buffer) return buffer;
      const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
      const abort = () => {
        waiting.delete(resolve);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
      waiting.add(resolve);
      const [ask] = idle;
      ask?.();
      return promise.finally(() => signal?.removeEventListener('abort', abort));
    },
    give,
    replace() {
      made--;
      if (waiting.size > 0) give(make());
    },
    async isNeededBefore(event) {
      if (waiting.size > 0) return true;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const answer = (isNeeded: boolean) => {
        idle.delete(ask);
        resolve(isNeeded);
      };
      const ask = () => answer(true);
      const settle = () => answer(false);
      idle.add(ask);
      event.then(settle, settle);
      return promise;
    },
  };
}
