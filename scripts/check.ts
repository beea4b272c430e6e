import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';

if (Number(process.versions.node.split('.')[0]) < 22)
  throw new Error(
    'Node 22.19 or newer is needed: run "npm ci", then "npm run check", which brings Node 24 along.',
  );

const SAMPLES = '.samples';
const MINUTE = 60_000;
// The tools of the project, and its Node, also when this file is not run through npm.
const env = { ...process.env, PATH: `${resolve('node_modules/.bin')}${delimiter}${process.env.PATH}` };
const failed: string[] = [];

function report(name: string, startedAt: number, problem: string | undefined): void {
  const seconds = `${((performance.now() - startedAt) / 1000).toFixed(1)}s`;
  console.log(
    problem === undefined ? `ok ${name} ${seconds}` : `FAILED ${name} ${seconds}\n${problem.trimEnd()}`,
  );
  if (problem !== undefined) failed.push(name);
}

/** One step: a command that says nothing when all is well. */
function step(name: string, command: string, ...args: readonly string[]): void {
  const startedAt = performance.now();
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, {
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    timeout: 10 * MINUTE,
  });
  const ending = error?.message ?? (signal ? `ended by ${signal}` : '');
  report(name, startedAt, status === 0 ? undefined : `${stdout}${stderr}${ending}`);
}

/** Writes every sample to a file of its own, at its own lines, so that an error points to the page. */
function extractSamples(): { readonly first: string | undefined; readonly problems: readonly string[] } {
  const problems: string[] = [];
  let first: string | undefined;
  const pages = [
    ...globSync('README.md'),
    ...globSync('docs/**/*.md', { exclude: ['docs/api/**'] }),
    ...globSync('packages/*/README.md'),
  ];
  for (const page of pages.sort()) {
    const text = readFileSync(page, 'utf8');
    for (const { 1: info = '', 2: code = '', index } of text.matchAll(
      /^[ \t]*```(ts\b|typescript\b)(.*)$/gm,
    )) {
      const line = text.slice(0, index).split('\n').length;
      if (info !== 'ts' || code.trim() !== '')
        problems.push(`${page}:${line}: write \`\`\`ts and nothing behind it`);
      const [sample = ''] = text.slice(text.indexOf('\n', index) + 1).split(/^[ \t]*```/m);
      const file = join(SAMPLES, dirname(page), `${page.split('/').at(-1)}-${line}.ts`);
      if (page === 'README.md') first ??= file;
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${'\n'.repeat(line)}${sample}\nexport {};\n`);
    }
  }
  writeFileSync(
    join(SAMPLES, 'tsconfig.json'),
    JSON.stringify({ extends: '../tsconfig.json', include: ['**/*.ts'] }),
  );
  return { first, problems };
}

function checkSamples(): void {
  const startedAt = performance.now();
  rmSync(SAMPLES, { recursive: true, force: true });
  mkdirSync(SAMPLES);
  const { first, problems } = extractSamples();
  if (problems.length > 0) report('sample fences', startedAt, problems.join('\n'));
  step('samples', 'tsc', '--noEmit', '-p', SAMPLES);
  if (!existsSync('README.md')) console.log('skip first sample: there is no README.md yet');
  else if (first === undefined) report('first sample', startedAt, 'README.md has no ```ts sample');
  else step('first sample', process.execPath, '--conditions=@mailsphere/source', first);
  rmSync(SAMPLES, { recursive: true });
}

step('types', 'tsc', '--noEmit', '-p', 'tsconfig.json');
step('lint', 'biome', 'check', '.');
step('unused', 'knip');
step('packages', process.execPath, 'scripts/check-packages.ts');
checkSamples();
step('lock', 'npm', 'ci', '--dry-run');

if (failed.length > 0) {
  console.log(`\nFailed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
