import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** A message as a service streams it. */
export function source(
  content: Uint8Array,
  {
    chunk = 16_384,
    failAfter,
    failure,
  }: { readonly chunk?: number; readonly failAfter?: number; readonly failure?: Error } = {},
) {
  let sent = 0;
  let ended = false;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (failAfter !== undefined && sent >= failAfter) return controller.error(failure);
        if (sent < content.length) controller.enqueue(content.slice(sent, sent + chunk));
        sent += chunk;
        if (sent < content.length) return;
        ended = failAfter === undefined;
        if (ended) controller.close();
      },
      cancel() {
        ended = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, ended: () => ended };
}

/** A stream that waits after its first piece until it is released or cancelled. */
export function held(first: Uint8Array, second: Uint8Array) {
  const read = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  let pulls = 0;
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (pulls++ === 0) return controller.enqueue(first);
        read.resolve();
        await released.promise;
        if (cancelled) return;
        controller.enqueue(second);
        controller.close();
      },
      cancel() {
        cancelled = true;
        released.resolve();
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, firstRead: read.promise, release: () => released.resolve(), cancelled: () => cancelled };
}

/** Bytes of buffers that somebody still holds. */
export function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}
