/** Options of every benchmark. */
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InputError } from '../schemas/errors.js';

export interface Options {
  /** Runs of each contestant, after one that warms up. */
  readonly runs: number;
  /** UCI Adult as Parquet, with s_* and y_* columns. */
  readonly adult: string;
  /** Captions as Parquet with a text column, from which the rows of `job` and others are made. */
  readonly captions: string;
  /** Photographs as Parquet with the columns image and face_bboxes. */
  readonly portraits: string;
  /** An ONNX model of women and men of 32 by 32 pixels. */
  readonly classifier: string;
  /** Rows of the caption benchmarks. */
  readonly rows: number;
  /** Inputs that the benchmarks make, and outputs they throw away. */
  readonly cache: string;
}

/** The path itself. Throws an InputError where there is no such file. */
export function needFile(path: string, flag: string): string {
  if (existsSync(path)) return resolve(path);
  throw new InputError('bench', {
    file: path,
    expected: 'a file',
    got: 'no such file',
    hint: `Name it with --${flag}.`,
  });
}

/** A folder of the cache, made if need be. */
export function cacheFolder({ cache }: Options, name: string): string {
  const folder = join(resolve(cache), name);
  mkdirSync(folder, { recursive: true });
  return folder;
}
