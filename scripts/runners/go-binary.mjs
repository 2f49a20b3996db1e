/** A program that is built with Go at a pinned version: found, or installed. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, EXECUTABLE_SUFFIX, onPath } from './cache.mjs';
import { run } from './command.mjs';

const FOLDER = join(CACHE, 'bin');

/** The program `name` of the package `source` at `version`, or the binary that the environment variable `variable` names. `title`: for messages. */
export function goBinary({ name, title, version, variable, source }) {
  const binary = join(FOLDER, `${name}${EXECUTABLE_SUFFIX}`);
  // There once the binary is of this version.
  const mark = join(FOLDER, `${name}-${version}.installed`);
  const pinned = () => process.env[variable] || (existsSync(binary) && existsSync(mark) ? binary : undefined);
  /** The path of the program: the named one, the installed one, or that of $PATH; undefined where there is none. */
  const find = () => pinned() ?? onPath(name);
  /** Installs the pinned version unless the variable or the cache has one. Returns the binary's path. */
  const install = async () => {
    const found = pinned();
    if (found !== undefined) return found;
    if (onPath('go') === undefined) {
      throw new Error(`${title} is built with Go: put go on the PATH (https://go.dev/dl)`);
    }
    mkdirSync(FOLDER, { recursive: true });
    await run('go', ['install', `${source}@${version}`], { env: { GOBIN: FOLDER } });
    writeFileSync(mark, '');
    return binary;
  };
  return { find, install };
}
