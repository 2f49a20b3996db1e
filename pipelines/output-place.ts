/** The directory of a run's output: put right after a kill, then found finished, or open to be written or replaced. */
import { InvariantError } from '../schemas/errors.js';
import type { Manifest } from '../schemas/manifest.js';
import { outputPath, storageFor } from '../storage/index.js';
import { checkReplaceable, type Published, type Replacement, readPublished } from '../transforms/write/finished.js';
import { requireUnowned } from './owner.js';
import { finishReplacing, restoreReplaced, takeBack } from './staging.js';

/** The directory held this run's finished output already. */
export interface Finished<R> {
  readonly report: R;
  readonly directory: string;
  /** Files of the output, relative to the directory. */
  readonly files: readonly string[];
  readonly alreadyDone: true;
}

export interface Place {
  /** What the run replaces. */
  readonly published: Published;
  /** Removes what an attempt that nobody goes on with has copied there: once it is clear that this run begins. */
  takeBack(): Promise<void>;
}

/**
 * Opens the place of `run`, whose unfinished work is in `partial`. Throws InputError where another run is at work there, and where files are in the way
 * that the run may not replace.
 */
export async function openPlace<R>(
  partial: string,
  { directory, overwrite }: Replacement,
  run: string,
): Promise<Place | { readonly finished: Finished<R> }> {
  const alone = await requireUnowned(partial);
  await restoreReplaced(partial, directory);
  const published = await readPublished(directory);
  await finishReplacing(partial, directory, published);
  if (published.manifest?.run === run) {
    await storageFor(partial).remove(partial);
    return { finished: await readFinished<R>(directory, published.manifest) };
  }
  await checkReplaceable({ directory, overwrite });
  return {
    published,
    async takeBack() {
      if (alone) await takeBack(partial, run, directory, published);
    },
  };
}

async function readFinished<R>(directory: string, { files }: Manifest): Promise<Finished<R>> {
  const file = files.find(({ kind }) => kind === 'report');
  if (file === undefined) throw new InvariantError(`the manifest in ${directory} lists no report`);
  const bytes = await storageFor(directory).readAll(outputPath(directory, file.path));
  const report = JSON.parse(new TextDecoder().decode(bytes)) as R;
  return { report, directory, files: files.map(({ path }) => path), alreadyDone: true };
}
