/** What a commit is given, and what its manifest says. */
import { createHash } from 'node:crypto';
import { isAbsolute } from 'node:path';
import type { Manifest, ManifestFile } from '../../schemas/manifest.js';
import { below } from '../../storage/index.js';
import type { Published, Replacement } from './finished.js';

/** What the manifest will say of a file, apart from its bytes. */
type Named = Omit<ManifestFile, 'bytes' | 'sha256'>;

/** A file of the run under its temporary name (`from`: relative to the data folder, or an absolute path). */
export type FilePart = Named & { readonly from: string; readonly bytes: number; readonly sha256: string };

/** Such a file, or one that is small enough to be given as text. */
export type Part = FilePart | (Named & { readonly text: string });

export interface Commit extends Replacement {
  /** Folder of the attempt, whose data folder has the parts. In the same storage as `directory`. */
  readonly staging: string;
  /** What the run is to replace. */
  readonly published: Published;
  readonly parts: readonly Part[];
  readonly manifest: Omit<Manifest, 'files'>;
}

const ABSOLUTE = /^(\/|[A-Za-z][A-Za-z0-9+.-]*:\/\/)/;

/** Where a part lies. `data`: the attempt's data folder. */
export function partPath(data: string, from: string): string {
  return ABSOLUTE.test(from) || isAbsolute(from) ? from : below(data, from);
}

export function manifestBytes(manifest: Manifest): Uint8Array {
  return Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
}

/** What the manifest says of a part. `folder`: where its path is relative to, from the manifest. */
export function manifestFile(part: Part, folder?: string): ManifestFile {
  const entry = {
    path: folder === undefined ? part.path : `${folder}/${part.path}`,
    kind: part.kind,
    format: part.format,
    ...(part.rows === undefined ? {} : { rows: part.rows }),
  };
  if (!('text' in part)) return { ...entry, bytes: part.bytes, sha256: part.sha256 };
  const body = Buffer.from(part.text);
  return { ...entry, bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') };
}
