/** The finished run in a directory: what its manifest says, and whether another may take its place. */
import { InputError } from '../../schemas/errors.js';
import { type Manifest, manifestSchema } from '../../schemas/manifest.js';
import { below, nameBelow, storageFor } from '../../storage/index.js';
import { readVersioned } from '../../storage/versioned.js';

const MANIFEST = 'manifest.json';

export function manifestPath(directory: string): string {
  return below(directory, MANIFEST);
}

/** The name of an attempt, which its folders have: the run's, and a random one. */
export const ATTEMPT_NAME = /^[0-9a-f]{16}-[0-9a-f]{8}$/;

/** Throws InputError where the text is no manifest of ours. */
export function parseManifest(text: string, path: string): Manifest {
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new InputError('manifest', {
      file: path,
      expected: 'a manifest of m4-balance, version 1',
      got: error instanceof Error ? error.message : String(error),
      hint: 'Move the directory away, or choose another output.directory.',
    });
  }
}

/** What is published in a directory; a run that began when it was so replaces this, and nothing else. */
export interface Published {
  /** undefined: no finished run. */
  readonly manifest: Manifest | undefined;
  /** Of the manifest's file, on object storage. */
  readonly version: string | undefined;
}

/** The finished run in a directory. Throws InputError where a manifest is there but cannot be read. */
export async function readPublished(directory: string): Promise<Published> {
  const path = manifestPath(directory);
  const { bytes, version } = await readVersioned(path);
  return { manifest: bytes && parseManifest(new TextDecoder().decode(bytes), path), version };
}

export interface Replacement {
  readonly directory: string;
  readonly overwrite: boolean;
}

/**
 * Throws InputError where `directory` holds files that are not a run of ours, or a finished run and no leave to replace it. On object
 * storage, files of a commit that did not come to its end are in the way of none.
 */
export async function checkReplaceable({ directory, overwrite }: Replacement): Promise<void> {
  const storage = storageFor(directory);
  const unfinished = (path: string) =>
    storage.kind === 'objects' && ATTEMPT_NAME.test(nameBelow(directory, path).split('/')[0]!);
  const files = (await storage.listFiles(directory)).filter(({ path }) => !unfinished(path));
  if (files.length === 0) return;
  const { manifest } = await readPublished(directory);
  if (manifest !== undefined && overwrite) return;
  throw new InputError('output', {
    file: directory,
    expected: 'an empty or absent directory',
    got:
      manifest === undefined
        ? `${files.length} files that are not a run of m4-balance`
        : `a finished run (${manifest.run})`,
    hint:
      manifest === undefined
        ? 'Choose another output.directory.'
        : 'Choose another output.directory, or set output.overwrite.',
  });
}
