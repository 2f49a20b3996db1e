/**
 * Installs Prism, Beam's runner in one binary, with Go: `node scripts/runners/install-prism.mjs` (minutes when Go's cache is
 * cold). PRISM names another binary to use.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, EXECUTABLE_SUFFIX, onPath } from './cache.mjs';
import { installAsCommand, run } from './command.mjs';

/** Version of Beam's Go SDK. */
export const PRISM_VERSION = 'v2.77.0';
const FOLDER = join(CACHE, `prism-${PRISM_VERSION}`);
const BINARY = join(FOLDER, `prism${EXECUTABLE_SUFFIX}`);

/** The path of a Prism: PRISM, the installed one, or that of $PATH; undefined where there is none. */
export function findPrism() {
  if (process.env.PRISM) return process.env.PRISM;
  return existsSync(BINARY) ? BINARY : onPath('prism');
}

/** Installs the pinned version unless PRISM or the cache has one. Returns the binary's path. */
export async function installPrism() {
  if (process.env.PRISM || existsSync(BINARY)) return process.env.PRISM || BINARY;
  if (onPath('go') === undefined) throw new Error('Prism is built with Go: put go on the PATH (https://go.dev/dl)');
  mkdirSync(FOLDER, { recursive: true });
  const source = `github.com/apache/beam/sdks/v2/go/cmd/prism@${PRISM_VERSION}`;
  await run('go', ['install', source], { env: { GOBIN: FOLDER } });
  return BINARY;
}

await installAsCommand(import.meta.url, installPrism);
