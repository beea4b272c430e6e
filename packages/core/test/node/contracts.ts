// Run with `node --conditions=@mailsphere/source --test`: the suites bind nobody to one test runner.
import { describe, it } from 'node:test';
import { memoryStorage } from '../../src/index.ts';
import { testDirectorySink, testMailArchive, testStorage } from '../../src/testing/index.ts';
import { archiveUnderTest, directoryUnderTest } from './memory.ts';

testStorage({ describe, it }, async () => memoryStorage());
testDirectorySink({ describe, it }, async () => directoryUnderTest());
testMailArchive({ describe, it }, async () => archiveUnderTest(), { inMemory: true });
