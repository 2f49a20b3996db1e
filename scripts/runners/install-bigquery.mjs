/**
 * Installs an emulator of BigQuery, PyPI's bqemulator, in an environment of its own: `node scripts/runners/install-bigquery.mjs`.
 * BIGQUERY_VENV names another environment, PYTHON another Python.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, onPath } from './cache.mjs';
import { installAsCommand, run } from './command.mjs';
import { pythonOf } from './install-python.mjs';

const VERSION = '1.4.0';
const ENVIRONMENT = join(CACHE, `bqemulator-${VERSION}`);
/** Written last: pip leaves a half-filled environment when it is interrupted. */
const STAMP = join(ENVIRONMENT, '.installed');
/** It imports numpy and does not ask for it. */
const PACKAGES = [`bqemulator==${VERSION}`, 'numpy==2.4.6'];

/** The path of a Python that has bqemulator; undefined where there is none. */
export function findBigQuery() {
  if (process.env.BIGQUERY_VENV) return pythonOf(process.env.BIGQUERY_VENV);
  return existsSync(STAMP) ? pythonOf(ENVIRONMENT) : undefined;
}

/** Installs the pinned version unless BIGQUERY_VENV or the cache has one. Returns the path of its Python. */
export async function installBigQuery() {
  const found = findBigQuery();
  if (found !== undefined) return found;
  const python = process.env.PYTHON || onPath('python3') || onPath('python');
  if (python === undefined) throw new Error('no python3 on the PATH: bqemulator needs Python 3.11 or newer');
  mkdirSync(ENVIRONMENT, { recursive: true });
  await run(python, ['-m', 'venv', ENVIRONMENT]);
  await run(pythonOf(ENVIRONMENT), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES]);
  writeFileSync(STAMP, `${PACKAGES.join('\n')}\n`);
  return pythonOf(ENVIRONMENT);
}

await installAsCommand(import.meta.url, installBigQuery);
