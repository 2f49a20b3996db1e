/** Pinned packages of Python in an environment of their own: found, or installed with pip. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, EXECUTABLE_SUFFIX, onPath } from './cache.mjs';
import { run } from './command.mjs';

/** The Python of a virtual environment. */
export const pythonOf = (environment) =>
  join(environment, process.platform === 'win32' ? 'Scripts' : 'bin', `python${EXECUTABLE_SUFFIX}`);

/**
 * The environment `name` of the cache with `packages`, or the one that the environment variable `variable` names. $PYTHON names another
 * Python to make it with. `needs`: for whom, and which Python, should there be none.
 */
export function pythonEnvironment({ name, variable, packages, needs }) {
  const folder = join(CACHE, name);
  // Written last: pip leaves a half-filled environment when it is interrupted.
  const stamp = join(folder, '.installed');
  /** The path of a Python that has them; undefined where there is none. */
  const find = () => {
    if (process.env[variable]) return pythonOf(process.env[variable]);
    return existsSync(stamp) ? pythonOf(folder) : undefined;
  };
  /** Installs them unless they are there. Returns the path of the Python. */
  const install = async () => {
    const found = find();
    if (found !== undefined) return found;
    const python = process.env.PYTHON || onPath('python3') || onPath('python');
    if (python === undefined) throw new Error(`no python3 on the PATH: ${needs}`);
    mkdirSync(folder, { recursive: true });
    await run(python, ['-m', 'venv', folder]);
    await run(pythonOf(folder), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]);
    writeFileSync(stamp, `${packages.join('\n')}\n`);
    return pythonOf(folder);
  };
  return { find, install };
}
