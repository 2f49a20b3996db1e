/** Side files with vectors: one beside each input file, a row for each of its rows. */
import { openNpy, openNpz, type VectorArray } from '../../formats/index.js';
import { InputError } from '../../schemas/errors.js';
import type { EmbeddingConfig } from '../../schemas/models-config.js';
import { absolutePath, storageFor } from '../../storage/index.js';
import { saysNothingOfTheFile } from '../read/plan.js';
import { halfOf } from '../tag/half.js';

export type SideFile = Exclude<EmbeddingConfig, string>;

/** A side file that is absent, or cannot be used: the rows of its input file cannot be read then, and other files' can. */
export class SideFileError extends Error {
  override readonly name = 'SideFileError';
}

/** What `read` gives of a side file. Throws SideFileError where it throws an InputError that tells something of the file. */
async function readingSide<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof InputError) || saysNothingOfTheFile(error)) throw error;
    throw new SideFileError(error.message, { cause: error });
  }
}

/** The side file of an input file: `{stem}` and `{number}` filled in, relative to the folder of the input file. */
export function sidePath(pattern: string, file: string): string {
  const slash = Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\'));
  const stem = file.slice(slash + 1).replace(/\.[^.]*$/, '');
  const number = /(\d+)$/.exec(stem)?.[1];
  if (pattern.includes('{number}') && number === undefined) {
    throw new InputError('side file', { file, expected: 'a name that ends in digits, for {number}', got: stem });
  }
  const name = pattern.replaceAll('{stem}', () => stem).replaceAll('{number}', () => number ?? '');
  if (/^([A-Za-z][A-Za-z0-9+.-]*:\/\/|\/)/.test(name)) return name;
  return slash < 0 ? name : `${file.slice(0, slash)}/${name}`;
}

/**
 * Opens the side file of an input file.
 * @param folder where relative paths start.
 * @throws SideFileError where it is absent, of another form, or has another number of rows or dims than wanted.
 */
export function openSideFile(
  side: SideFile,
  folder: string,
  file: string,
  wanted: { readonly rows: number; readonly dims: number },
): Promise<VectorArray> {
  return readingSide(async () => {
    const path = absolutePath(folder, sidePath(side.file, file));
    const refuse = (expected: string, got: string) => new InputError('side file', { file: path, expected, got });
    if (/\.npz$/i.test(path) && side.array === undefined)
      throw refuse('the name of an array in the configuration', 'none');
    const source = await storageFor(path).open(path);
    const array = /\.npz$/i.test(path) ? await openNpz(source, side.array!) : await openNpy(source);
    if (array.rows !== wanted.rows) throw refuse(`${wanted.rows} rows, as ${file} has`, `${array.rows}`);
    if (array.dims !== wanted.dims)
      throw refuse(`vectors of ${wanted.dims} numbers, as the weights have`, `${array.dims}`);
    return array;
  });
}

/** Rows of a side file as numbers. Throws SideFileError where they cannot be read. */
export async function numbersAt(array: VectorArray, from: number, to: number): Promise<ArrayLike<number>> {
  const values = await readingSide(() => array.read(from, to));
  return values instanceof Uint16Array ? halfOf(values) : values;
}
