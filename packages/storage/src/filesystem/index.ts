export type {
  ArchivedMessage,
  ArchiveReader,
  MessageIdentity,
  ReadOptions,
  VerifiedMessage,
} from '../archive/archived-message.ts';
export {
  type FilesystemArchive,
  type FilesystemArchiveOptions,
  filesystemArchive,
} from './filesystem-archive.ts';
