/** Beam: splits become files of scores, one a split, made once and read by every later pass: no image is looked at twice, and no pass sees other scores. */
import { randomUUID } from 'node:crypto';
import { type BundleContext, cutPieces, DoFn, type KV, registerDoFn } from '../../beam/index.js';
import type { Split } from '../../schemas/split.js';
import { storageFor } from '../../storage/index.js';
import { type Job, loadJob, workPath } from '../read/job.js';
import { loadLosses } from '../read/losses.js';
import { mergerOf } from '../read/merger.js';
import { createReader, isUnreadable, placed, type Reader } from '../read/reader.js';
import { mixScores, type ScoreColumn, scoreColumns } from './columns.js';
import { inputColumns, type OpenModel, openModel } from './open-model.js';
import {
  decodeScoreFiles,
  encodeScoreFiles,
  type ModelCounts,
  mergeScoreFiles,
  SCORE_FOLDER,
  type ScoreFiles,
} from './score-files.js';

interface Bound {
  readonly name: string;
  readonly model: OpenModel;
  readonly columns: readonly ScoreColumn[];
}

class Score extends DoFn<Split, KV<string, Uint8Array>> {
  private job!: Job;
  private reader!: Reader;
  private models!: readonly Bound[];
  /** First row and rows of each file. */
  private files!: ReadonlyMap<string, { readonly first: number; readonly rows: number }>;

  constructor(private readonly staging: string) {
    super();
  }

  override async setup() {
    this.job = await loadJob(this.staging);
    const { plan, models: planned = [] } = this.job;
    this.models = await Promise.all(
      planned.map(async (p) => ({
        name: p.name,
        model: await openModel(p, plan.folder),
        columns: scoreColumns(p),
      })),
    );
    const columns = new Set(planned.flatMap(({ config }) => inputColumns(config)));
    // A side file is read beside rows, and rows are counted by some column.
    if (columns.size === 0) columns.add(plan.layouts[0]![0]!.name);
    this.reader = createReader(plan, [...columns], await loadLosses(this.staging));
    const files = new Map<string, { first: number; rows: number }>();
    let first = 0;
    for (const file of plan.files) {
      const rows = file.groups.reduce((sum, g) => sum + g.rows, 0);
      files.set(file.path, { first, rows });
      first += rows;
    }
    this.files = files;
  }

  override async teardown() {
    await Promise.all((this.models ?? []).map(({ model }) => model.close?.()));
  }

  async *process(split: Split, ctx: BundleContext) {
    const { models, staging, job } = this;
    const file = this.files.get(split.file)!;
    const width = models.reduce((sum, { columns }) => sum + columns.length, 0);
    const withoutBy = models.map(() => new Map<string, number>());
    const name = randomUUID();
    const path = workPath(staging, SCORE_FOLDER, name);
    const sink = await storageFor(path).create(path);
    try {
      for await (const piece of this.reader.split(split)) {
        const rows = isUnreadable(piece) ? piece.rows : piece.batch.numRows;
        const out = new Float32Array(rows * width).fill(Number.NaN);
        if (!isUnreadable(piece)) {
          const place = {
            folder: job.plan.folder,
            file: split.file,
            fileRows: file.rows,
            row: piece.firstRow - file.first,
          };
          let at = 0;
          for (const [i, { model, columns }] of models.entries()) {
            const scores = await model.score(piece.batch, place, withoutBy[i]!).catch((error) => {
              throw placed(error, this.reader, piece.firstRow);
            });
            interleave(mixScores(scores, rows, columns), columns.length, out, width, at);
            at += columns.length;
          }
        }
        await sink.write(new Uint8Array(out.buffer));
        ctx.counter('rows', rows);
      }
      await sink.close();
    } catch (error) {
      await sink.abort();
      throw error;
    }
    const counts: Record<string, ModelCounts> = {};
    models.forEach((model, i) => {
      counts[model.name] = { rows: split.rows, without: Object.fromEntries(withoutBy[i]!) };
    });
    const left: ScoreFiles = { files: [[split.ordinal, name]], models: counts };
    for (const value of cutPieces(encodeScoreFiles(left))) yield { key: mergerOf(split.ordinal), value };
  }
}

/** Puts rows of `from` [rows, n] at column `at` of the rows of `to` [rows, width]. */
function interleave(from: Float32Array, n: number, to: Float32Array, width: number, at: number): void {
  for (let i = 0, row = at; i < from.length; i += n, row += width) {
    for (let column = 0; column < n; column++) to[row + column] = from[i + column]!;
  }
}

class MergeScoreFiles extends DoFn<KV<string, Iterable<Uint8Array>>, Uint8Array> {
  *process({ value }: KV<string, Iterable<Uint8Array>>) {
    yield encodeScoreFiles(mergeScoreFiles(Array.from(value, decodeScoreFiles)));
  }
}

/** Config: the staging folder. What was left of each split, in pieces. */
export const score = registerDoFn('m4-balance.score', (staging: string) => new Score(staging));
export const mergeScored = registerDoFn('m4-balance.score.merge', () => new MergeScoreFiles());
