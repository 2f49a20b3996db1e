/** Chromium, for the tests of a report's page and their benchmark. As a command, installs Debian's where there is none. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** It may run as root, and asks nothing of any network. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The path of `$CHROMIUM` or, without it, of one on `$PATH`; undefined where there is none. */
export function findChromium(): string | undefined {
  const { CHROMIUM, PATH = '' } = process.env;
  if (CHROMIUM !== undefined) return existsSync(CHROMIUM) ? CHROMIUM : undefined;
  return PATH.split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find((path) => existsSync(path));
}

/** Starts it without a window. Throws an Error where it cannot be started. */
export function openChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: FLAGS });
}

function apt(...args: string[]): boolean {
  const { status } = spawnSync('apt-get', args, { stdio: ['ignore', 2, 2] });
  return status === 0;
}

/** With a font for other scripts than ours. */
function install(): string | undefined {
  const packages = ['chromium', 'fonts-dejavu-core', 'fonts-noto-core'];
  if (!apt('update') || !apt('install', '-y', '--no-install-recommends', ...packages)) return undefined;
  return findChromium();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = findChromium() ?? install();
  process.stdout.write(path === undefined ? 'Chromium is absent: its tests are skipped\n' : `Chromium: ${path}\n`);
}
