export type {
  ArchivedMessage,
  ArchiveReader,
  MessageIdentity,
  ReadOptions,
  VerifiedMessage,
} from '../archive/archived-message.ts';
export type { ObjectLock, S3ArchiveOptions } from './options.ts';
export { type S3Archive, s3Archive } from './s3-archive.ts';
