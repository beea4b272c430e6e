import { virtualClock } from '@mailsphere/core/testing';
import { describe, expect, it } from 'vitest';
import { contentStream } from '../src/graph/content-stream.ts';
import { fetchTransport } from '../src/index.ts';
import { paced } from '../src/transport/paced.ts';
import { collect, connect, failure, tenant, tenantId } from './wire.ts';

/** A body of so many bytes at a time, each after so many milliseconds, for ever unless `times` is given. */
function dripping(
  size: number,
  pause: number | ((sent: number) => number),
  times = Number.POSITIVE_INFINITY,
) {
  const clock = virtualClock();
  const seen = { ended: 0, cancelled: 0, sent: 0 };
  const response = paced(
    {
      status: 200,
      headers: new Headers(),
      body: (async function* () {
        for (; seen.sent < times; seen.sent++) {
          await clock.wait(typeof pause === 'number' ? pause : pause(seen.sent));
          yield new Uint8Array(size);
        }
      })(),
      cancel: () => void seen.cancelled++,
    },
    clock,
  );
  const stream = contentStream(response, { onEnd: () => seen.ended++ });
  return { clock, seen, stream };
}

describe('a mailbox is not held up by a message that drips', () => {
  it.each([
    [1, 29_000],
    [1_000, 1_000],
    [30_000, 31_000],
  ])('%i bytes every %i ms', async (size, pause) => {
    const { clock, seen, stream } = dripping(size, pause);
    const start = clock.now();
    expect(await clock.run(failure(collect(stream)))).toMatchObject({ code: 'incomplete' });
    expect(clock.now() - start).toBeLessThanOrEqual(150_000);
    expect(seen.ended).toBe(1);
    expect(seen.cancelled).toBeGreaterThan(0);
  });

  it('also when it only begins to drip late', async () => {
    const { clock, seen, stream } = dripping(6_000, (sent) => (sent < 100 ? 1_000 : 10_000));
    expect(await clock.run(failure(collect(stream)))).toMatchObject({ code: 'incomplete' });
    expect(seen.sent).toBeGreaterThan(100);
  });

  it.each([
    ['a small one that takes its time', 10, 5_000, 8],
    ['a large one over a thin line', 2_048, 1_000, 600],
    ['one that makes short pauses', 65_536, 29_000, 10],
  ])('but %s comes whole', async (_name, size, pause, times) => {
    const { clock, stream } = dripping(size, pause, times);
    const chunks = await clock.run(collect(stream));
    expect(chunks).toHaveLength(times);
  });

  it('and a reader that is slow itself loses nothing', async () => {
    const { clock, stream } = dripping(10, 1, 20);
    let read = 0;
    const work = (async () => {
      for await (const chunk of stream) {
        read += chunk.byteLength;
        await clock.wait(120_000);
      }
    })();
    await clock.run(work);
    expect(read).toBe(200);
  });

  it('nor does a clock that is set forward once', async () => {
    const { clock, stream } = dripping(10, 1, 3);
    const reader = stream.getReader();
    await clock.run(reader.read());
    const pending = reader.read();
    await clock.advance(3_600_000);
    expect((await pending).done).toBe(false);
  });
});

it('a message and a page that drip over the provider’s own clock give their slots back', async () => {
  const { clock } = connect();
  const drip = () =>
    new ReadableStream<Uint8Array>({
      async pull(controller) {
        await clock.wait(25_000);
        controller.enqueue(new Uint8Array(1));
      },
    });
  const { provider } = connect({
    clock,
    transport: fetchTransport(({ method, url }) =>
      method === 'POST'
        ? Response.json({ access_token: 'a', expires_in: 3599 })
        : new Response(drip(), {
            headers: { 'content-type': url.includes('$value') ? 'text/plain' : 'application/json' },
          }),
    ),
  });
  const message = { tenantId, mailboxId: 'm', folderId: 'f', messageId: 'x', receivedAt: undefined };
  for (let index = 0; index < 5; index++)
    expect(
      await clock.run(failure(provider.mail.content(message).then((stream) => collect(stream)))),
    ).toMatchObject({ code: 'incomplete' });
  expect(await clock.run(failure(collect(provider.directory.changes(tenant, 'user'))))).toMatchObject({
    code: 'unavailable',
  });
});
