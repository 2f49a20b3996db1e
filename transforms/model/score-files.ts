/** Scores that a phase left for each split in the staging folder, as columns of the batches that later passes read. */
import { deserialize, serialize } from 'node:v8';
import { Field, Float32, makeData } from 'apache-arrow';
import { countBits } from '../../formats/bits.js';
import { InvariantError } from '../../schemas/errors.js';
import type { Split } from '../../schemas/split.js';
import { storageFor } from '../../storage/index.js';
import type { Attached } from '../read/attached.js';
import { type Job, workPath } from '../read/job.js';
import type { Unreadable } from '../read/losses.js';
import { modelColumns } from './columns.js';

/** What the phase leaves. */
export interface ScoreFiles {
  /** Ordinal of a split, and the name of its file: float32, little-endian, [rows, columns], NaN where there is no score. */
  readonly files: readonly (readonly [ordinal: number, name: string])[];
  /** By model. */
  readonly models: Readonly<Record<string, ModelCounts>>;
  /** Rows that could not be read, or whose side file could not be: without scores, and to be read by no later pass. */
  readonly unreadable: readonly Unreadable[];
}

/** Of the rows that a model was given, those that are lost left out. */
export interface ModelCounts {
  readonly rows: number;
  /** Rows without scores, by reason. */
  readonly without: Readonly<Record<string, number>>;
}

/** Work file of the phase, and the folder of its files. */
export const SCORES = 'scores';
export const SCORE_FOLDER = 'scores-of-splits';
const FLOAT_BYTES = 4;

export function encodeScoreFiles(files: ScoreFiles): Uint8Array {
  return new Uint8Array(serialize(files));
}

export function decodeScoreFiles(bytes: Uint8Array): ScoreFiles {
  return deserialize(new Uint8Array(bytes));
}

/** Puts parts together: a commutative monoid, files by ordinal. */
export function mergeScoreFiles(parts: Iterable<ScoreFiles>): ScoreFiles {
  const files: [number, string][] = [];
  const models: Record<string, { rows: number; without: Record<string, number> }> = {};
  const unreadable: Unreadable[] = [];
  for (const part of parts) {
    for (const [ordinal, name] of part.files) files.push([ordinal, name]);
    unreadable.push(...part.unreadable);
    for (const [name, { rows, without }] of Object.entries(part.models)) {
      models[name] ??= { rows: 0, without: {} };
      const sum = models[name]!;
      sum.rows += rows;
      for (const [reason, n] of Object.entries(without)) sum.without[reason] = (sum.without[reason] ?? 0) + n;
    }
  }
  return {
    files: files.sort(([a], [b]) => a - b),
    models,
    unreadable: unreadable.sort((a, b) => a.firstRow - b.firstRow),
  };
}

/** One column of float32 rows, null where NaN. */
function scoreData(values: Float32Array, width: number, column: number, rows: number) {
  const data = new Float32Array(rows);
  const known = new Uint8Array((rows + 7) >>> 3);
  for (let row = 0, at = column; row < rows; row++, at += width) {
    const value = values[at]!;
    data[row] = value;
    if (!Number.isNaN(value)) known[row >> 3]! |= 1 << (row & 7);
  }
  const nullCount = rows - countBits(known, rows);
  return makeData({ type: new Float32(), length: rows, nullCount, data, ...(nullCount > 0 && { nullBitmap: known }) });
}

/** The columns of these names, attached to what a reader reads. Throws InvariantError where the phase was not run. */
export async function attachScores(staging: string, job: Job, names: readonly string[]): Promise<Attached | undefined> {
  const all = modelColumns(job.models ?? []).map(({ name }) => name);
  const wanted = names.filter((name) => all.includes(name));
  if (wanted.length === 0) return undefined;
  const path = workPath(staging, SCORES);
  const storage = storageFor(path);
  if (!(await storage.exists(path))) throw new InvariantError('the models have not scored the rows');
  const files = new Map(decodeScoreFiles(await storage.readAll(path)).files);
  const positions = wanted.map((name) => all.indexOf(name));
  const rowBytes = all.length * FLOAT_BYTES;
  return {
    fields: wanted.map((name) => new Field(name, new Float32(), true)),
    async open(split: Split) {
      const name = files.get(split.ordinal);
      if (name === undefined) throw new InvariantError(`no scores of split ${split.ordinal}`);
      const file = workPath(staging, SCORE_FOLDER, name);
      const source = await storageFor(file).open(file);
      return async (from, rows) => {
        const bytes = await source.read(from * rowBytes, (from + rows) * rowBytes);
        const values = new Float32Array(new Uint8Array(bytes).buffer);
        return positions.map((column) => scoreData(values, all.length, column, rows));
      };
    },
  };
}
