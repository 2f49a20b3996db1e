/**
 * Installs fake-gcs-server, an emulator of Google Cloud Storage in one binary, with Go: `node scripts/runners/install-gcs.mjs` (minutes
 * when Go's cache is cold). FAKE_GCS_SERVER names another binary to use.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, EXECUTABLE_SUFFIX, onPath } from './cache.mjs';
import { installAsCommand, run } from './command.mjs';

export const FAKE_GCS_VERSION = 'v1.56.1';
const FOLDER = join(CACHE, 'bin');
const BINARY = join(FOLDER, `fake-gcs-server${EXECUTABLE_SUFFIX}`);
/** There once the binary is of this version. */
const MARK = join(FOLDER, `fake-gcs-server-${FAKE_GCS_VERSION}.installed`);

const isInstalled = () => existsSync(BINARY) && existsSync(MARK);

/** The path of a fake-gcs-server: FAKE_GCS_SERVER, the installed one, or that of $PATH; undefined where there is none. */
export function findGcs() {
  if (process.env.FAKE_GCS_SERVER) return process.env.FAKE_GCS_SERVER;
  return isInstalled() ? BINARY : onPath('fake-gcs-server');
}

/** Installs the pinned version unless FAKE_GCS_SERVER or the cache has one. Returns the binary's path. */
export async function installGcs() {
  if (process.env.FAKE_GCS_SERVER || isInstalled()) return process.env.FAKE_GCS_SERVER || BINARY;
  if (onPath('go') === undefined) {
    throw new Error('fake-gcs-server is built with Go: put go on the PATH (https://go.dev/dl)');
  }
  mkdirSync(FOLDER, { recursive: true });
  await run('go', ['install', `github.com/fsouza/fake-gcs-server@${FAKE_GCS_VERSION}`], { env: { GOBIN: FOLDER } });
  writeFileSync(MARK, '');
  return BINARY;
}

await installAsCommand(import.meta.url, installGcs);
