/**
 * Installs Python's Beam SDK, whose job services run pipelines of any SDK (its portable runner) and submit to Dataflow, in an
 * environment of its own: `node scripts/runners/install-python.mjs`. BEAM_VENV names another environment, PYTHON another Python.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, EXECUTABLE_SUFFIX, onPath } from './cache.mjs';
import { installAsCommand, run } from './command.mjs';

export const PYTHON_BEAM_VERSION = '2.77.0';
const ENVIRONMENT = join(CACHE, `python-beam-${PYTHON_BEAM_VERSION}`);
/** Written last: pip leaves a half-filled environment when it is interrupted. */
const STAMP = join(ENVIRONMENT, '.installed');

/** The Python of a virtual environment. */
export const pythonOf = (environment) =>
  join(environment, process.platform === 'win32' ? 'Scripts' : 'bin', `python${EXECUTABLE_SUFFIX}`);

/** The path of a Python that has apache-beam; undefined where there is none. */
export function findPython() {
  if (process.env.BEAM_VENV) return pythonOf(process.env.BEAM_VENV);
  return existsSync(STAMP) ? pythonOf(ENVIRONMENT) : undefined;
}

/** Installs the pinned version unless BEAM_VENV or the cache has one. Returns the path of its Python. */
export async function installPython() {
  const found = findPython();
  if (found !== undefined) return found;
  const python = process.env.PYTHON || onPath('python3') || onPath('python');
  if (python === undefined) throw new Error('no python3 on the PATH: Beam needs Python 3.10 or newer');
  mkdirSync(ENVIRONMENT, { recursive: true });
  await run(python, ['-m', 'venv', ENVIRONMENT]);
  const beam = `apache-beam[gcp]==${PYTHON_BEAM_VERSION}`;
  await run(pythonOf(ENVIRONMENT), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', beam]);
  writeFileSync(STAMP, `${beam}\n`);
  return pythonOf(ENVIRONMENT);
}

await installAsCommand(import.meta.url, installPython);
