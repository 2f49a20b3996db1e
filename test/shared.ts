/** Real data for tests lies beside the checkout, in ../shared; without it those tests are skipped, visibly. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** Absolute path of a file under the shared folder, whether or not it exists. */
export function sharedPath(path: string): string {
  return resolve(process.env.M4_SHARED ?? resolve(process.cwd(), '..', 'shared'), path);
}

/** Options for `test()`: skips with the path's name where the shared data is absent. */
export function needs(...paths: string[]): { skip: string | false } {
  const missing = paths.find((p) => !existsSync(sharedPath(p)));
  return { skip: missing === undefined ? false : `shared data is absent: ${missing}` };
}
