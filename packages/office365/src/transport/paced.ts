import type { Clock } from '@mailsphere/core';
import type { TransportResponse } from './transport.ts';

const MINUTE = 60_000;
const FLOOR = 61_440;
// A longer pause is the transport's matter, or the machine's clock was set meanwhile.
const LONGEST_PAUSE = 30_000;

/**
 * The answer with a body that fails when less than 60 KiB come in a minute of waiting, 1 KiB per second: one that drips
 * would hold its slot for ever, although it never stalls. Time that the reader takes for itself does not count, and a
 * body that ends within its first minute may be as short as it likes.
 */
export function paced(response: TransportResponse, clock: Clock): TransportResponse {
  return {
    status: response.status,
    headers: response.headers,
    body: pacedBody(response, clock),
    cancel: () => response.cancel(),
  };
}

async function* pacedBody(response: TransportResponse, clock: Clock): AsyncGenerator<Uint8Array> {
  let waited = 0;
  let bytes = 0;
  let asked = clock.now();
  for await (const chunk of response.body) {
    waited += Math.min(Math.max(0, clock.now() - asked), LONGEST_PAUSE);
    bytes += chunk.byteLength;
    if (waited >= MINUTE) {
      if (bytes < FLOOR) {
        response.cancel();
        throw new Error(`The answer came too slowly: ${bytes} bytes in a minute.`);
      }
      waited = 0;
      bytes = 0;
    }
    yield chunk;
    asked = clock.now();
  }
}
