import { type BufferPool, bufferPool } from '../archive/buffer-pool.ts';

const MB = 2 ** 20;
const LARGEST_SUM = 32 * MB;
const pools = new Map<number, BufferPool>();

/** For messages that are larger than most, and smaller than a part: 16 MiB of all archives of the process. */
export const middleBuffers = bufferPool(MB, 16);

/** For parts of this size, of all archives of the process: 32 MiB, or one part if that is more. */
export function partBuffers(size: number): BufferPool {
  const known = pools.get(size);
  if (known) return known;
  const pool = bufferPool(size, Math.max(1, Math.floor(LARGEST_SUM / size)));
  pools.set(size, pool);
  return pool;
}
