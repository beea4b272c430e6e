import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MailArchive, memoryArchive } from '@mailsphere/core';
import { filesystemArchive } from '@mailsphere/storage/filesystem';
import type { IdleClock } from '../histories/idle-clock.ts';

type Message = Parameters<ReturnType<typeof memoryArchive>['read']>[0];

/** An archive of one history, with a way to count what is in it. */
export interface Kept {
  readonly archive: MailArchive;
  read(message: Message): Promise<ReadableStream<Uint8Array> | undefined>;
  /** Names of all that anybody can see there. */
  visible(): Promise<number>;
  close(): Promise<void>;
}

export function inMemory(): Kept {
  const archive = memoryArchive();
  return { archive, read: archive.read, visible: async () => archive.size, close: async () => {} };
}

/** Real files. Of a disk it is not known when it answers, so the clock stands still meanwhile, but not while a message comes. */
export async function onDisk(clock: IdleClock): Promise<Kept> {
  const directory = await mkdtemp(join(tmpdir(), 'mailsphere-faults-'));
  const files = filesystemArchive({ directory });
  return {
    archive: {
      missing: (...given) => clock.busy(() => files.missing(...given)),
      async store(message, content, options) {
        let stop = working(clock);
        const reader = content.getReader();
        const watched = new ReadableStream<Uint8Array>(
          {
            async pull(controller) {
              stop();
              try {
                const { done, value } = await reader.read();
                if (done) controller.close();
                else controller.enqueue(value);
              } finally {
                stop = working(clock);
              }
            },
            cancel: (reason) => reader.cancel(reason),
          },
          { highWaterMark: 0 },
        );
        try {
          return await files.store(message, watched, options);
        } finally {
          stop();
        }
      },
    },
    read: (message) => files.read(message),
    async visible() {
      const names = await readdir(directory, { recursive: true });
      return names.filter((name) => name.endsWith('.eml') || name.startsWith('tmp/')).length;
    },
    close: () => rm(directory, { recursive: true }),
  };
}

function working(clock: IdleClock): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  void clock.busy(() => promise);
  return resolve;
}
