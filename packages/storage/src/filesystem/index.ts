export type { MessageIdentity } from './archive-layout.ts';
export {
  type FilesystemArchive,
  type FilesystemArchiveOptions,
  filesystemArchive,
} from './filesystem-archive.ts';
export type { ArchivedMessage } from './manifest.ts';
export type { ReadOptions, VerifiedMessage } from './verify-archive.ts';
