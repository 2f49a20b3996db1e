/**
 * Installs programs that open what m4-balance writes (TensorFlow Datasets, webdataset, Hugging Face datasets, pyarrow, DuckDB, Polars), in an
 * environment of their own: `node scripts/runners/install-readers.mjs`. READERS_VENV names another environment, PYTHON another Python.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, onPath } from './cache.mjs';
import { installAsCommand, run } from './command.mjs';
import { pythonOf } from './install-python.mjs';

const PACKAGES = [
  'tensorflow-cpu==2.21.0',
  'tensorflow-datasets==4.9.10',
  // TensorFlow Datasets imports it and does not ask for it.
  'importlib_resources==7.1.0',
  'ml_collections==1.1.0',
  'webdataset==1.0.2',
  'datasets==5.2.0',
  'pyarrow==26.0.1',
  'duckdb==2.0.0',
  'polars==2.1.0',
  'pillow==13.0.0',
  'numpy==2.4.6',
];
const ENVIRONMENT = join(CACHE, 'readers-1');
/** Written last: pip leaves a half-filled environment when it is interrupted. */
const STAMP = join(ENVIRONMENT, '.installed');

/** The path of a Python that has them; undefined where there is none. */
export function findReaders() {
  if (process.env.READERS_VENV) return pythonOf(process.env.READERS_VENV);
  return existsSync(STAMP) ? pythonOf(ENVIRONMENT) : undefined;
}

/** Installs the pinned versions unless READERS_VENV or the cache has them. Returns the path of the Python. */
export async function installReaders() {
  const found = findReaders();
  if (found !== undefined) return found;
  const python = process.env.PYTHON || onPath('python3') || onPath('python');
  if (python === undefined) throw new Error('no python3 on the PATH: the readers need Python 3.11 or newer');
  mkdirSync(ENVIRONMENT, { recursive: true });
  await run(python, ['-m', 'venv', ENVIRONMENT]);
  await run(pythonOf(ENVIRONMENT), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES]);
  writeFileSync(STAMP, `${PACKAGES.join('\n')}\n`);
  return pythonOf(ENVIRONMENT);
}

await installAsCommand(import.meta.url, installReaders);
