import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type BufferPool, bufferPool } from '../src/archive/buffer-pool.ts';
import { readParts } from '../src/archive/read-parts.ts';

afterEach(() => {
  vi.useRealTimers();
});

type Pools = readonly [BufferPool, ...(readonly BufferPool[])];

/** A content that comes when the test says so. */
function source() {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  const content = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
  });
  return {
    content,
    send: (text: string) => controller.enqueue(Buffer.from(text)),
    end: () => controller.close(),
    fail: (error: Error) => controller.error(error),
  };
}

/** Reads a content as an archive does that may need a turn for each part, and puts it together again. */
function read(
  content: ReadableStream<Uint8Array>,
  pools: Pools,
  {
    equalParts = false,
    signal,
    used = new Set(),
  }: { equalParts?: boolean; signal?: AbortSignal; used?: Set<ArrayBufferLike> } = {},
) {
  let text = '';
  const take = async (part: Uint8Array) => {
    if (part.length > 0) used.add(part.buffer);
    await new Promise(setImmediate);
    text += Buffer.from(part).toString();
  };
  const finish = async ({ sha256 }: { sha256: string }, rest: Uint8Array) => {
    await take(rest);
    expect(sha256).toBe(createHash('sha256').update(text).digest('hex'));
    return text;
  };
  return readParts(content, { pools, equalParts, signal, take, finish });
}

/** Lets everything happen that can without another piece. */
async function settle() {
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
}

const textOf = (index: number) => Array.from({ length: index * 3 }, (_, at) => `${index}.${at} `).join('');

describe('contents that share the buffers of a process', () => {
  it.each([
    { equalParts: false, sizes: [8] },
    { equalParts: true, sizes: [8] },
    { equalParts: true, sizes: [4, 16, 64] },
  ])(
    'all are stored as they came, in no more than two buffers of each size: $sizes, equal parts: $equalParts',
    async ({ equalParts, sizes }) => {
      const pools = sizes.map((size) => bufferPool(size, 2)) as unknown as Pools;
      const used = new Set<ArrayBufferLike>();
      const texts = Array.from({ length: 30 }, (_, index) => textOf(index));
      const all = texts.map(async (text) => {
        const { content, send, end } = source();
        const reading = read(content, pools, { equalParts, used });
        for (let at = 0; at < text.length; at += 5) {
          send(text.slice(at, at + 5));
          await new Promise(setImmediate);
        }
        end();
        return reading;
      });
      expect(await Promise.all(all)).toEqual(texts);
      expect(used.size).toBeLessThanOrEqual(2 * sizes.length);
    },
  );

  it('none waits for one that has not begun, or that has sent something and fell silent', async () => {
    const pools: Pools = [bufferPool(8, 1)];
    const late = source();
    const silent = source();
    const others = [read(late.content, pools), read(silent.content, pools)];
    silent.send('half');
    await settle();
    const prompt = source();
    prompt.send('more than a buffer holds');
    prompt.end();
    expect(await read(prompt.content, pools)).toBe('more than a buffer holds');
    silent.send(' and half');
    silent.end();
    late.send('late');
    late.end();
    expect(await Promise.all(others)).toEqual(['late', 'half and half']);
  });

  it('one whose part must be whole is given up when it is silent for a minute and another waits', async () => {
    const pools: Pools = [bufferPool(8, 1)];
    const silent = source();
    const given = read(silent.content, pools, { equalParts: true });
    given.catch(() => {});
    silent.send('half');
    await settle();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const other = source();
    const stored = read(other.content, pools, { equalParts: true });
    other.send('other');
    other.end();
    await settle();
    vi.advanceTimersByTime(60_000);
    await expect(given).rejects.toMatchObject({ code: 'incomplete' });
    expect(await stored).toBe('other');
  });

  it('one whose part must be whole may be silent as long as it likes when nobody waits', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { content, send, end } = source();
    const stored = read(content, [bufferPool(8, 1)], { equalParts: true });
    send('half');
    await settle();
    vi.advanceTimersByTime(3_600_000);
    send(' and half');
    end();
    expect(await stored).toBe('half and half');
  });

  it('one that breaks off or is aborted leaves its buffer, and its place among those who wait, to others', async () => {
    const pools: Pools = [bufferPool(8, 1)];
    const [holder, waiter, last] = [source(), source(), source()];
    const aborting = new AbortController();
    const holding = read(holder.content, pools, { equalParts: true });
    holder.send('one');
    await settle();
    const waiting = read(waiter.content, pools, { equalParts: true, signal: aborting.signal });
    waiter.send('two');
    const stored = read(last.content, pools, { equalParts: true });
    last.send('three');
    last.end();
    await settle();
    const reason = new Error('enough');
    aborting.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    const failure = new Error('the service hung up');
    holder.fail(failure);
    await expect(holding).rejects.toBe(failure);
    expect(await stored).toBe('three');
  });

  it('what a part that failed was made of is not written over while it may still be on its way', async () => {
    const pools: Pools = [bufferPool(8, 1)];
    let onItsWay: Uint8Array | undefined;
    const failing = readParts(ReadableStream.from<Uint8Array>([Buffer.from('secret')]), {
      pools,
      equalParts: true,
      signal: undefined,
      take: async () => {},
      async finish(_, rest) {
        onItsWay = rest;
        throw new Error('the service hung up');
      },
    });
    await expect(failing).rejects.toThrow('the service hung up');
    expect(await read(ReadableStream.from<Uint8Array>([Buffer.from('others')]), pools)).toBe('others');
    expect(Buffer.from(onItsWay ?? []).toString()).toBe('secret');
  });
});
