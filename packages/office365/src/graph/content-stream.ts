import { ConnectorError } from '@mailsphere/core';
import { aborted } from '../aborted.ts';
import { announcedLength } from '../transport/body.ts';
import type { TransportResponse } from '../transport/transport.ts';

/** Looks at a content as it passes. */
export interface ContentWatch {
  add(chunk: Uint8Array): void;
  /** @throws Error when the content cannot be all of it */
  end(): void;
}

/**
 * The body as a stream that fails with `incomplete` unless every byte came that was announced.
 *
 * @param onEnd Called once, when the body was read to its end, failed, or was cancelled.
 * @param onBroken Called when it failed by itself.
 */
export function contentStream(
  response: TransportResponse,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly onEnd: () => void;
    readonly onBroken?: (() => void) | undefined;
    readonly watch?: ContentWatch | undefined;
  },
): ReadableStream<Uint8Array> {
  const { signal, onEnd, onBroken, watch } = options;
  const chunks = response.body[Symbol.asyncIterator]();
  const announced = announcedLength(response);
  let length = 0;
  let ended = false;
  const end = () => {
    if (ended) return;
    ended = true;
    signal?.removeEventListener('abort', abort);
    onEnd();
  };
  // A body that nobody reads at the moment must give its place up too.
  let abort = () => {};

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        abort = () => {
          end();
          response.cancel();
          controller.error(aborted(signal));
        };
        if (signal?.aborted) abort();
        else signal?.addEventListener('abort', abort, { once: true });
      },
      async pull(controller) {
        try {
          const { done, value } = await chunks.next();
          if (ended) return;
          if (!done) {
            length += value.byteLength;
            watch?.add(value);
            controller.enqueue(value);
          } else if (announced !== undefined && announced !== length) throw new Error('Bytes are missing.');
          else {
            watch?.end();
            end();
            controller.close();
          }
        } catch (cause) {
          if (ended) return;
          end();
          onBroken?.();
          response.cancel();
          throw new ConnectorError(
            'incomplete',
            'The content broke off, or came too slowly: ask for it again.',
            { cause },
          );
        }
      },
      cancel() {
        end();
        response.cancel();
      },
    },
    { highWaterMark: 0 },
  );
}
