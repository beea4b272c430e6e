export type { DirectorySinkUnderTest, StoredEntry } from './directory-under-test.ts';
export { type CaseResult, runSuite, type TestRunner } from './runner.ts';
export { type TestDirectorySinkOptions, testDirectorySink } from './test-directory-sink.ts';
export {
  type MailArchiveUnderTest,
  type TestMailArchiveOptions,
  testMailArchive,
} from './test-mail-archive.ts';
export { type TestStorageOptions, testStorage } from './test-storage.ts';
export { type VirtualClock, virtualClock } from './virtual-clock.ts';
