// Numbered steps of a process that archives mail, at any of which it can be made to kill itself.
import { subscribe } from 'node:diagnostics_channel';
import fs, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import type { MailArchive, StorageAdapter } from '@mailsphere/core';

type Work<Args extends readonly unknown[], T> = (...args: Args) => Promise<T>;

export interface CrashPoints {
  /** From now on steps count. */
  begin(): void;
  /** Names of the steps so far. */
  readonly passed: readonly string[];
  storage(storage: StorageAdapter): StorageAdapter;
  archive<Archive extends MailArchive>(archive: Archive): Archive;
}

/**
 * Before and after each write of the storage, each call of the archive, each change of the disk and each request; a write to a file also has a
 * step at which half of it is written.
 *
 * @param crashAt Number of the step, from 1, at which the process is killed. Without it all are only counted.
 */
export function crashPoints(crashAt: number | undefined): CrashPoints {
  const passed: string[] = [];
  let isCounting = false;
  const pass = (name: string) => {
    if (isCounting && passed.push(name) === crashAt) process.kill(process.pid, 'SIGKILL');
  };
  const around =
    <Args extends readonly unknown[], T>(name: string, work: Work<Args, T>): Work<Args, T> =>
    async (...args) => {
      pass(`before ${name}`);
      const result = await work(...args);
      pass(`after ${name}`);
      return result;
    };

  const watchHandle = (handle: FileHandle): FileHandle => {
    const writeFile: FileHandle['writeFile'] = async (data, options) => {
      pass('before write');
      const isNext = isCounting && passed.length + 1 === crashAt;
      if (isNext && typeof data === 'string') await whole(data.slice(0, data.length / 2));
      if (isNext && data instanceof Uint8Array) await whole(data.subarray(0, data.length / 2));
      pass('half a write');
      await whole(data, options);
      pass('after write');
    };
    const whole = handle.writeFile.bind(handle);
    return Object.assign(handle, {
      writeFile,
      sync: around('fsync', handle.sync.bind(handle)),
      datasync: around('fdatasync', handle.datasync.bind(handle)),
    });
  };
  const { open } = fs;
  const openWatched = around('open', open);
  Object.assign(fs, {
    open: async (...args: Parameters<typeof open>) =>
      watchHandle(await (args[1] === 'r' ? open : openWatched)(...args)),
    mkdir: around('mkdir', fs.mkdir),
    link: around('link', fs.link),
    rename: around('rename', fs.rename),
    unlink: around('unlink', fs.unlink),
  });
  syncBuiltinESMExports();
  subscribe('undici:request:create', () => pass('before request'));
  subscribe('undici:request:trailers', () => pass('after request'));

  return {
    begin() {
      isCounting = true;
    },
    passed,
    storage: (storage) => ({
      get: storage.get.bind(storage),
      list: storage.list.bind(storage),
      put: (collection, ...rest) =>
        around(`put ${collection}`, storage.put.bind(storage))(collection, ...rest),
      delete: (collection, ...rest) =>
        around(`delete ${collection}`, storage.delete.bind(storage))(collection, ...rest),
    }),
    archive: (archive) => ({
      ...archive,
      missing: around('missing', archive.missing),
      store: around('store', archive.store),
    }),
  };
}
