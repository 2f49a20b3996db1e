/** Where the installers put the runners and where the starters find them. */
import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** `.runners` of the current folder, or what RUNNERS_CACHE says. */
export const CACHE = resolve(process.env.RUNNERS_CACHE ?? '.runners');

export const EXECUTABLE_SUFFIX = process.platform === 'win32' ? '.exe' : '';

/** The path of a command on $PATH, undefined where there is none. */
export function onPath(command) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, `${command}${EXECUTABLE_SUFFIX}`))
    .find((file) => existsSync(file));
}
