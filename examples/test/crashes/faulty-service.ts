import type { FaultAnswer, Simulator } from '@mailsphere/simulator';
import { intercept } from './mail-tenant.ts';

/** From 0 to below 1, the same numbers for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const page = { headers: { 'content-type': 'text/html' }, body: '<html><body>Bad gateway</body></html>' };
const answers: readonly FaultAnswer[] = [
  'reset',
  'hang',
  { status: 429, headers: { 'retry-after': '1' } },
  { status: 503, headers: { 'retry-after': '1' } },
  { status: 500 },
  { status: 502, ...page },
  { status: 504 },
];
const SHARE = 0.04;

/** Lets a share of the requests to Graph fail in every way, and a share of the messages break off half way. */
export function injectFaults(simulator: Simulator, random: () => number) {
  let isOn = true;
  intercept(simulator, async (request, answer) => {
    if (!isOn) return answer(request);
    const kind = answers[Math.floor(random() * answers.length)];
    if (kind !== undefined && random() < SHARE) simulator.inject({ route: '*', answer: kind });
    const response = await answer(request);
    const isContent = response.ok && new URL(request.url).pathname.endsWith('/$value');
    return isContent && random() < SHARE
      ? cutOff(response, random() < 0.5 ? 'close' : 'keep-alive')
      : response;
  });
  return {
    /** From now on the service works as it should. */
    stop() {
      isOn = false;
      simulator.clearFaults();
    },
    resume() {
      isOn = true;
    },
  };
}

/** Half of the bytes that are announced; then the connection closes, or nothing more comes. */
async function cutOff(response: Response, connection: 'close' | 'keep-alive'): Promise<Response> {
  const whole = new Uint8Array(await response.arrayBuffer());
  const half = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(whole.subarray(0, whole.length / 2));
      controller.close();
    },
  });
  const headers = { 'content-type': 'text/plain', 'content-length': `${whole.length}`, connection };
  return new Response(half, { headers });
}
