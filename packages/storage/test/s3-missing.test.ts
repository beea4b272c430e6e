import { afterEach, describe, expect, it } from 'vitest';
import { messageKey } from '../src/s3/keys.ts';
import { message } from './node/messages.ts';
import { closeArchives, openArchive } from './node/s3-archive.ts';
import { listing } from './node/s3-wire.ts';

afterEach(closeArchives);

describe('what it costs to find out what is missing', () => {
  /** A mailbox with messages `m0` and so on. */
  async function mailbox(size: number) {
    const keys = Array.from({ length: size }, (_, index) => messageKey('mail/', message(`m${index}`))).sort();
    const there = new Set(keys);
    return openArchive(({ operation, key, query }) => {
      if (operation === 'HeadObject') return { status: there.has(key) ? 200 : 404 };
      if (operation !== 'ListObjectsV2') return undefined;
      const after = query.get('start-after') ?? '';
      const from = keys.findIndex((one) => one > after);
      const page = from < 0 ? [] : keys.slice(from, from + 1000);
      return listing(page, from >= 0 && from + 1000 < size);
    });
  }

  it.each([
    // In the mailbox, asked for, of them stored; lists and looks at single objects at most.
    [0, 500, 0, 1, 0],
    [800, 500, 250, 1, 0],
    [10_000, 500, 250, 15, 0],
    [40_000, 500, 250, 45, 0],
    [100_000, 500, 250, 1, 500],
    [100_000, 10, 5, 0, 10],
  ])('in a mailbox of %s messages, %s of them: few requests', async (size, asked, known, lists, heads) => {
    const { archive, operations } = await mailbox(size);
    const ids = Array.from({ length: asked }, (_, index) =>
      index < known ? `m${index * 2}` : `new${index}`,
    );
    expect(await archive.missing(message(''), ids)).toEqual(ids.slice(known));
    const count = (name: string) => operations().filter((operation) => operation === name).length;
    expect(count('ListObjectsV2')).toBeLessThanOrEqual(lists);
    expect(count('HeadObject')).toBeLessThanOrEqual(heads);
    expect(operations()).toHaveLength(count('ListObjectsV2') + count('HeadObject'));
  });
});
