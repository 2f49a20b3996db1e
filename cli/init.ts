/** `m4-balance init`: a commented configuration to start from. */
import { writeFile } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../schemas/errors.js';
import { configTemplate } from './config-template.js';
import { printLine, type Terminal } from './terminal.js';

/** From dist/cli/ to the package's schemas/. */
const SCHEMA_FILE = fileURLToPath(new URL('../../schemas/config.schema.json', import.meta.url));

/** @param file the path to write, or `-` for stdout */
export async function init(file: string, options: { readonly force: boolean }, terminal: Terminal): Promise<void> {
  const folder = file === '-' ? process.cwd() : dirname(resolve(file));
  // Editors resolve it against the folder of the configuration.
  const text = configTemplate(relative(folder, SCHEMA_FILE).split(sep).join('/'));
  if (file === '-') {
    terminal.stdout.write(text);
    return;
  }
  try {
    await writeFile(file, text, { flag: options.force ? 'w' : 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new ConfigError(['expected a new file, got one that exists. --force overwrites it.'], file);
  }
  printLine(terminal.stderr, `wrote ${file}; next: m4-balance balance ${file} --dry-run`);
}
