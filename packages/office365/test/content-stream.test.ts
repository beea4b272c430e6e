import { describe, expect, it } from 'vitest';
import { contentStream } from '../src/graph/content-stream.ts';
import { fetchTransport, type TransportResponse } from '../src/index.ts';
import { collect, failure } from './wire.ts';

const answer = (headers: Record<string, string>, ...chunks: string[]) => {
  const seen = { cancelled: 0, ended: 0, pulled: 0 };
  const response: TransportResponse = {
    status: 200,
    headers: new Headers(headers),
    body: (async function* () {
      for (const chunk of chunks) {
        seen.pulled++;
        yield Buffer.from(chunk);
      }
    })(),
    cancel: () => void seen.cancelled++,
  };
  return {
    seen,
    stream: (signal?: AbortSignal) => contentStream(response, { signal, onEnd: () => seen.ended++ }),
  };
};

describe('a message is whole, or it fails', () => {
  it.each(['4', '6', '0'])('when %s bytes were announced and five came', async (length) => {
    const { stream, seen } = answer({ 'content-length': length }, 'abc', 'de');
    expect(await failure(collect(stream()))).toMatchObject({ code: 'incomplete' });
    expect(seen.ended).toBe(1);
  });

  it.each<Record<string, string>>([
    {},
    { 'content-length': '5' },
    { 'content-length': '3', 'content-encoding': 'gzip' },
  ])('with %j', async (headers) => {
    const { stream, seen } = answer(headers, 'abc', 'de');
    expect(Buffer.concat(await collect(stream())).toString()).toBe('abcde');
    expect(seen).toMatchObject({ ended: 1, cancelled: 0 });
  });

  it('an empty one is whole too', async () => {
    expect(await collect(answer({ 'content-length': '0' }).stream())).toEqual([]);
  });
});

it('nothing is read before somebody reads', async () => {
  const { stream, seen } = answer({}, 'a', 'b');
  const reader = stream().getReader();
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen.pulled).toBe(0);
  await reader.read();
  expect(seen.pulled).toBe(1);
});

it('one that is cancelled frees what it holds, once', async () => {
  const { stream, seen } = answer({}, 'a', 'b');
  const content = stream();
  await content.cancel();
  await content.cancel();
  expect(seen).toMatchObject({ ended: 1, cancelled: 1 });
});

it('one that is aborted while nobody reads frees what it holds', async () => {
  const stop = new AbortController();
  const { stream, seen } = answer({}, 'a', 'b');
  const content = stream(stop.signal);
  stop.abort();
  expect(seen).toMatchObject({ ended: 1, cancelled: 1 });
  expect(await failure(collect(content))).toMatchObject({ code: 'aborted' });
  const late = answer({}, 'a');
  expect(await failure(collect(late.stream(AbortSignal.abort())))).toMatchObject({ code: 'aborted' });
  expect(late.seen.ended).toBe(1);
});

it('one of a fetch is given up as well, also in the middle', async () => {
  let cancelled = 0;
  const body = () =>
    new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(Buffer.from('abc')),
      cancel: () => void cancelled++,
    });
  const transport = fetchTransport(() => new Response(body()));
  const url = new URL('https://graph.microsoft.com/v1.0/x');
  for (const read of [0, 1]) {
    const content = contentStream(await transport({ method: 'GET', url, headers: {} }), {
      onEnd: () => undefined,
    });
    const reader = content.getReader();
    for (let index = 0; index < read; index++) await reader.read();
    await reader.cancel();
  }
  expect(cancelled).toBe(2);
});
