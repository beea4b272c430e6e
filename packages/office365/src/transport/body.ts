import type { TransportResponse } from './transport.ts';

/** How many bytes the answer announces, where that can be compared with the bytes that come. */
export function announcedLength({ headers }: TransportResponse): number | undefined {
  if (headers.get('content-encoding') !== null) return undefined;
  const header = headers.get('content-length');
  return header !== null && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

/** @throws Error when the answer ends early or is longer than `limit` bytes. */
export async function readText(response: TransportResponse, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    length += chunk.byteLength;
    if (length > limit) {
      response.cancel();
      throw new Error(`The answer is longer than ${limit} bytes.`);
    }
    chunks.push(chunk);
  }
  const announced = announcedLength(response);
  if (announced !== undefined && announced !== length) throw new Error('The answer ended early.');
  return Buffer.concat(chunks, length).toString('utf8');
}
