/** The script and the style of a page, as the build left them. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvariantError } from '../../../schemas/errors.js';

const FOLDER = 'page';
const SCRIPT = 'main.js';
const STYLE = 'page.css';

export interface Assets {
  readonly script: string;
  readonly style: string;
}

/**
 * Reads them from the folder that the build fills, found upwards from this module or from the bundle that holds it. Throws
 * InvariantError where it is not there, or where the text could end the element that it is put in.
 */
export function readAssets(): Assets {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, FOLDER, SCRIPT))) {
      const [script, style] = [SCRIPT, STYLE].map((file) => readFileSync(join(folder, FOLDER, file), 'utf8'));
      if (/<\/script|<!--/i.test(script) || /<\/style/i.test(style)) {
        throw new InvariantError(`${join(folder, FOLDER)}: holds what ends its element in a page`);
      }
      return { script, style };
    }
    if (dirname(folder) === folder) throw new InvariantError(`no ${join(FOLDER, SCRIPT)} above ${import.meta.url}`);
  }
}
