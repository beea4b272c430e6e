// Run with `node --conditions=@mailsphere/source --test`.
import { describe, it } from 'node:test';
import { testDirectorySink, testMailArchive, testStorage } from '@mailsphere/core/testing';
import { createArchive, reopenArchive } from './filesystem.ts';
import { createDirectory, createStorage, reopenDirectory, reopenStorage } from './sqlite.ts';

testStorage({ describe, it }, () => createStorage(), { reopen: reopenStorage });
testDirectorySink({ describe, it }, () => createDirectory({ changes: true }), { reopen: reopenDirectory });
testMailArchive({ describe, it }, () => createArchive(), { reopen: reopenArchive });
