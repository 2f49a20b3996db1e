/**
 * Installs Prism, Beam's runner in one binary, with Go: `node scripts/runners/install-prism.mjs` (minutes when Go's cache is
 * cold). PRISM names another binary to use.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, EXECUTABLE_SUFFIX, onPath } from './cache.mjs';
import { installAsCommand, run } from './command.mjs';

/** Version of Beam's Go SDK. */
export const PRISM_VERSION = 'v2.77.0';
/** Where `--runner prism` looks, too. */
const FOLDER = join(CACHE, 'bin');
const BINARY = join(FOLDER, `prism${EXECUTABLE_SUFFIX}`);
/** There once the binary is of this version. */
const MARK = join(FOLDER, `prism-${PRISM_VERSION}.installed`);

const isInstalled = () => existsSync(BINARY) && existsSync(MARK);

/** The path of a Prism: PRISM, the installed one, or that of $PATH; undefined where there is none. */
export function findPrism() {
  if (process.env.PRISM) return process.env.PRISM;
  return isInstalled() ? BINARY : onPath('prism');
}

/** Installs the pinned version unless PRISM or the cache has one. Returns the binary's path. */
export async function installPrism() {
  if (process.env.PRISM || isInstalled()) return process.env.PRISM || BINARY;
  if (onPath('go') === undefined) throw new Error('Prism is built with Go: put go on the PATH (https://go.dev/dl)');
  mkdirSync(FOLDER, { recursive: true });
  const source = `github.com/apache/beam/sdks/v2/go/cmd/prism@${PRISM_VERSION}`;
  await run('go', ['install', source], { env: { GOBIN: FOLDER } });
  writeFileSync(MARK, '');
  return BINARY;
}

await installAsCommand(import.meta.url, installPrism);
