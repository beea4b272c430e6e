import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';
import { withoutDefence } from './examples/test/attacks/without-defence.ts';

if (Number(process.versions.node.split('.')[0]) < 22)
  throw new Error(
    'Node 22.19 or newer is needed: run "npm ci", then "npm test", which brings Node 24 along.',
  );

const project = (root: string, name: string) => ({
  extends: true as const,
  test: {
    name,
    root,
    include: ['test/**/*.test.ts'],
    setupFiles: ['leak-watch', 'request-watch'].map((watch) => resolve(watch, 'setup.ts')),
  },
});

// Vitest hands its conditions on to Node, which cannot run what some packages have for bundlers under `module`.
const conditions = [...defaultServerConditions.filter((name) => name !== 'module'), '@mailsphere/source'];

export default defineConfig({
  plugins: withoutDefence(),
  // Vitest runs tests through Vite's server environment, so this is where the source condition counts.
  ssr: { resolve: { conditions } },
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      ...readdirSync('packages').map((name) => project(`packages/${name}`, name)),
      project('examples', 'examples'),
      project('leak-watch', 'leak-watch'),
      project('request-watch', 'request-watch'),
    ],
  },
});
