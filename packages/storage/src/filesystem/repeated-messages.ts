import { readManifest } from './manifest.ts';

// 2^25 bits. By chance two messages meet at the same one: about 30,000 of a million do.
const LARGEST_TABLE = 4 * 2 ** 20;

/**
 * Tells which messages may have more than one entry in a manifest: all that do, and by chance a few that do not.
 *
 * A store that was killed and done again has left two. To find them with a set of all ids would take as much memory as the mailbox has
 * messages; this takes a few megabytes, and one more reading of the manifest.
 *
 * @param size How many bytes of the manifest to read.
 */
export async function repeatedMessages(
  manifest: string,
  size: number,
): Promise<(identity: string) => boolean> {
  // An entry has more than 200 bytes, so that next to none of a small manifest meet.
  const bytes = Math.min(size, LARGEST_TABLE);
  const once = new Uint8Array(bytes);
  const again = new Uint8Array(bytes);
  const placeOf = (identity: string) => {
    const place = Number.parseInt(identity.slice(0, 12), 16) % (bytes * 8);
    return { byte: Math.floor(place / 8), bit: 1 << (place % 8) };
  };
  for await (const { identity } of readManifest(manifest, size)) {
    const { byte, bit } = placeOf(identity);
    again[byte] = (again[byte] ?? 0) | ((once[byte] ?? 0) & bit);
    once[byte] = (once[byte] ?? 0) | bit;
  }
  return (identity) => {
    const { byte, bit } = placeOf(identity);
    return ((again[byte] ?? 0) & bit) !== 0;
  };
}
