import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium as playwright } from 'playwright-core';

// The package's own arguments switch off what keeps sites apart, so that a test of sign-in would prove nothing.
const args = ['--no-sandbox'];

/**
 * A Chromium without a window: that of `CHROMIUM_PATH`, or the one that npm brought, or the system's.
 *
 * @throws Error when there is none
 */
export async function launchBrowser(): Promise<Browser> {
  const given = process.env.CHROMIUM_PATH;
  if (given) return playwright.launch({ executablePath: given, args });
  if (process.platform === 'linux' && process.arch === 'x64') return launchBundled();
  const found = systemChromium();
  if (found) return playwright.launch({ executablePath: found, args });
  throw new Error('The browser tests need Chromium: install it, or let CHROMIUM_PATH name it.');
}

async function launchBundled(): Promise<Browser> {
  const folder = await unpackBundled();
  return playwright.launch({
    executablePath: join(folder, 'chromium'),
    args,
    // For the browser alone: what a bare system lacks.
    env: {
      ...process.env,
      LD_LIBRARY_PATH: join(folder, 'al2023/lib'),
      FONTCONFIG_FILE: join(folder, 'fonts.conf'),
    } as Record<string, string>,
  });
}

/** Unpacks the browser once for each version, whole or not at all, to a folder that stays for the next run. */
async function unpackBundled(): Promise<string> {
  const build = dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium'));
  const { version } = JSON.parse(readFileSync(join(build, '../package.json'), 'utf8'));
  const folder = join(tmpdir(), `mailsphere-chromium-${version}`);
  if (existsSync(folder)) return folder;

  const { default: bundled } = await import('@sparticuz/chromium');
  // Not exported by name.
  const { inflate } = await import(pathToFileURL(join(build, 'lambdafs.js')).href);
  const stage = mkdtempSync(`${folder}-`);
  const before = process.env.TMPDIR;
  // The package unpacks to the temporary folder, and takes whatever lies there already, of any version.
  process.env.TMPDIR = stage;
  try {
    await Promise.all([bundled.executablePath(), inflate(join(build, '../bin/al2023.tar.br'))]);
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
  writeFileSync(
    join(stage, 'fonts.conf'),
    `<fontconfig><dir>${folder}/fonts</dir><cachedir>${folder}/fonts-cache</cachedir></fontconfig>`,
  );
  try {
    renameSync(stage, folder);
  } catch (error) {
    rmSync(stage, { recursive: true, force: true });
    // Another process was first.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

function systemChromium(): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'chrome.exe'];
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => existsSync(path));
}
