/** Beam: splits become files of scores, one a split, made once and read by every later pass: no image is looked at twice, and no pass sees other scores. */
import { randomUUID } from 'node:crypto';
import { type BundleContext, cutPieces, DoFn, type KV, registerDoFn } from '../../beam/index.js';
import type { Split } from '../../schemas/split.js';
import { storageFor } from '../../storage/index.js';
import { type Job, loadJob, workPath } from '../read/job.js';
import { loadLosses, type Unreadable } from '../read/losses.js';
import { mergerOf } from '../read/merger.js';
import { createReader, type Examples, isUnreadable, placed, type Reader } from '../read/reader.js';
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
import { SideFileError } from './side-file.js';

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
    const opened = await Promise.allSettled(planned.map((p) => openModel(p, plan.folder)));
    const failed = opened.find((result) => result.status === 'rejected');
    if (failed !== undefined) {
      for (const result of opened) if (result.status === 'fulfilled') result.value.close();
      throw failed.reason;
    }
    this.models = planned.map((p, i) => ({
      name: p.name,
      model: (opened[i] as PromiseFulfilledResult<OpenModel>).value,
      columns: scoreColumns(p),
    }));
    const columns = new Set(planned.flatMap(({ config }) => inputColumns(config)));
    // A side file is read beside rows, and rows are counted by some column.
    if (columns.size === 0) columns.add(plan.layouts[0]![0]!.name);
    this.reader = createReader(plan, { columns: [...columns], losses: await loadLosses(this.staging) });
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
    for (const { model } of this.models ?? []) model.close();
  }

  async *process(split: Split, ctx: BundleContext) {
    const { models, staging } = this;
    const width = models.reduce((sum, { columns }) => sum + columns.length, 0);
    const withoutBy = models.map(() => new Map<string, number>());
    const name = randomUUID();
    const path = workPath(staging, SCORE_FOLDER, name);
    const sink = await storageFor(path).create(path);
    const end = split.firstRow + split.rows;
    let lost: Unreadable | undefined;
    try {
      for await (const piece of this.reader.split(split)) {
        const made = isUnreadable(piece) ? piece : await this.scored(piece, split, width, withoutBy);
        if (!(made instanceof Float32Array)) {
          lost = { ...made, rows: end - made.firstRow };
          ctx.counter('rows', lost.rows);
          break;
        }
        await sink.write(new Uint8Array(made.buffer));
        ctx.counter('rows', made.length / width);
      }
      await sink.close();
    } catch (error) {
      await sink.abort();
      throw error;
    }
    const counts: Record<string, ModelCounts> = {};
    models.forEach((model, i) => {
      counts[model.name] = { rows: split.rows - (lost?.rows ?? 0), without: Object.fromEntries(withoutBy[i]!) };
    });
    const left: ScoreFiles = {
      files: [[split.ordinal, name]],
      models: counts,
      unreadable: lost === undefined ? [] : [lost],
    };
    for (const value of cutPieces(encodeScoreFiles(left))) yield { key: mergerOf(split.ordinal), value };
  }

  /** Columns [rows, width] of a piece of a split; or its rows as lost, where a side file has nothing for them. */
  private async scored(
    piece: Examples,
    split: Split,
    width: number,
    withoutBy: readonly Map<string, number>[],
  ): Promise<Float32Array | Unreadable> {
    const { models, job } = this;
    const file = this.files.get(split.file)!;
    const rows = piece.batch.numRows;
    const out = new Float32Array(rows * width).fill(Number.NaN);
    const without = models.map(() => new Map<string, number>());
    const place = { folder: job.plan.folder, file: split.file, fileRows: file.rows, row: piece.firstRow - file.first };
    let at = 0;
    for (const [i, { model, columns }] of models.entries()) {
      try {
        const scores = await model.score(piece.batch, place, without[i]!);
        interleave(mixScores(scores, rows, columns), columns.length, out, width, at);
      } catch (error) {
        if (error instanceof SideFileError)
          return { firstRow: piece.firstRow, rows, file: split.file, reason: error.message };
        throw placed(error, this.reader, piece.firstRow);
      }
      at += columns.length;
    }
    without.forEach((counts, i) => {
      for (const [reason, n] of counts) withoutBy[i]!.set(reason, (withoutBy[i]!.get(reason) ?? 0) + n);
    });
    return out;
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
