import { defineConfig } from 'vitest/config';

if (Number(process.versions.node.split('.')[0]) < 22)
  throw new Error(
    'Node 22.19 or newer is needed: run "npm ci", then "npm run test:s3", which brings Node 24 along.',
  );

// What needs a service that npm does not bring along.
export default defineConfig({
  ssr: { resolve: { conditions: ['node', 'development|production', '@mailsphere/source'] } },
  test: {
    root: 'packages/storage',
    include: ['test/**/*.server-test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
