/** One shard: its rows read, filtered, tagged, weighted, resampled and written. */
import type { RecordBatch } from 'apache-arrow';
import { type Arena, makeArena, type Take, takeArray } from '../../formats/arena.js';
import { gather } from '../../formats/gather.js';
import { encodeSchema } from '../../formats/schema-bytes.js';
import { InvariantError } from '../../schemas/errors.js';
import type { Tags } from '../../schemas/tags.js';
import { addCertificate } from '../balance/certificate.js';
import type { Problem } from '../balance/problem.js';
import type { TagsBatch } from '../balance/tags-bytes.js';
import { type WeightDuals, weigh } from '../balance/weight.js';
import type { Encoder } from '../image/encoder.js';
import { reencode } from '../image/reencode.js';
import { project } from '../read/columns.js';
import { dataPath } from '../read/job.js';
import { type Examples, isUnreadable, placed } from '../read/reader.js';
import { copies, expand, finalDrop, randomControl } from '../resample/copies.js';
import type { CountedBatch } from '../stats/count.js';
import { addWeights } from '../stats/histogram.js';
import { addWeighted } from '../stats/moments.js';
import { columnData } from '../tag/column.js';
import { keptRows, scatterTags, selectTags } from '../tag/select.js';
import { NOT_REENCODED, SAMPLED_OUT, type Stage, WEIGHT_ZERO } from '../tag/stage.js';
import type { FindVerdicts } from '../tag/verdict-files.js';
import type { Verdicts } from '../tag/verdicts.js';
import { sampleKeys } from './keys.js';
import { openPart, type PartWriter, type RowKind } from './part.js';
import { placesOf } from './places.js';
import type { ShardRange } from './shards.js';
import { openSpill, type SpillWriter } from './spill.js';
import { wantsTrainingColumns, withKeys, withTraining } from './training-rows.js';
import { uniforms } from './uniform.js';
import { weightsBatch } from './weights.js';
import { emptyWritten, type Written } from './written.js';

/** The control is drawn independently of the resampling: its seed is the run's with these bits flipped. Ours. */
const RANDOM_CONTROL = 0x9e37_79b9;

/** The same for the rows of the first stage of training. Ours. */
const RAW_STAGE = 0x85eb_ca6b;

/** Gives the duals that weigh a batch; in the online mode it then learns from the batch. */
export interface Weigher {
  readonly problem: Problem;
  next(batch: TagsBatch): WeightDuals;
}

export interface ShardContext {
  readonly staging: string;
  readonly stage: Stage;
  readonly weigher: Weigher;
  /**
   * Temporary name of a shard's files: equal only where their bytes are. A worker that was given up may go on writing, and must
   * not put other bytes in the place of those that were counted.
   */
  partName(range: ShardRange): string;
  /** Encodes the images that are written again; left out: they are written as they were read. */
  readonly encoder?: Encoder | undefined;
  /** Number of shards that the rows are to be shuffled into; left out: they stay in the order of the input. */
  readonly shuffled?: number | undefined;
  /** Called with the number of rows passed. */
  onRows(rows: number): void;
  /**
   * Wants the tags of every row that was read: all rows are then tagged, not only those that the filters keep. `utility` is
   * that of the kept rows.
   */
  onTags?(rows: CountedBatch, utility: Float64Array | undefined): void;
  /** What an earlier pass found out of rows, where it kept that: they are neither filtered nor tagged again. Not together with `onTags`. */
  readonly verdicts?: FindVerdicts | undefined;
}

/** Final reasons by drop code - 1: the filters', then the resampler's, then the encoder's. */
export function finalReasons(stage: Stage): string[] {
  const encoded = stage.job.config.output.images !== undefined;
  return [...stage.reasons, WEIGHT_ZERO, SAMPLED_OUT, ...(encoded ? [NOT_REENCODED] : [])];
}

export function emptyResult(stage: Stage): Written {
  return emptyWritten({
    attributes: stage.names.attributes.length,
    labels: stage.names.labels.length,
    codes: finalReasons(stage).length + 1,
    maximum: stage.job.config.balance.maximum,
  });
}

/** Writes the shard's files under temporary names; on an error none is left half written. */
export async function writeShard(context: ShardContext, range: ShardRange): Promise<Written> {
  const { staging, stage } = context;
  const written = emptyResult(stage);
  const name = context.partName(range);
  const part = openPart(dataPath(staging), name, stage.job.config.output);
  const { shuffled: shards } = context;
  const spill = shards === undefined ? undefined : openSpill(staging, { part: name, index: range.index, shards });
  const arena = spill === undefined ? makeArena() : undefined;
  const scratch = makeArena();
  try {
    let rows = 0;
    for await (const piece of stage.reader.range(range.from, range.to)) {
      if (isUnreadable(piece)) {
        written.unreadable.push(piece);
        rows += piece.rows;
        context.onRows(piece.rows);
      } else {
        const known = await context.verdicts?.(piece.firstRow, piece.firstRow + piece.batch.numRows);
        await writeBatch(context, { ...piece, known }, { part, spill, arena, scratch }, written).catch((error) => {
          throw placed(error, stage.reader, piece.firstRow);
        });
        rows += piece.batch.numRows;
        context.onRows(piece.batch.numRows);
      }
    }
    if (rows !== range.to - range.from) {
      throw new InvariantError(`shard ${range.index}: read ${rows} rows of ${range.to - range.from}`);
    }
    written.shards.push({ index: range.index, files: await part.close() });
    if (spill !== undefined) written.spills.push(...(await spill.close()));
  } catch (error) {
    await part.abort();
    throw error;
  }
  return written;
}

/** Where rows go. */
interface Target {
  readonly part: PartWriter;
  readonly spill: SpillWriter | undefined;
  /** Memory of the rows of a batch, where nobody keeps them. */
  readonly arena: Arena | undefined;
  /** Memory of what is worked out about a batch, until it is written. */
  readonly scratch: Arena;
}

const floats = ({ take }: Arena, count: number) => takeArray(take, Float64Array, count);

async function writeBatch(
  context: ShardContext,
  { batch, firstRow, known }: Examples & { readonly known: Verdicts | undefined },
  { part, spill, arena, scratch }: Target,
  into: Written,
): Promise<void> {
  const { stage, weigher } = context;
  const { balance, output } = stage.job.config;
  scratch.reset();
  const drop = known?.drop ?? stage.drop(batch, firstRow);
  const kept = keptRows(drop);
  const utility = stage.utility(batch, kept);
  const tags = known?.tags ?? tagsOf(context, { batch, firstRow, drop, kept }, utility);
  const duals = weigher.next(utility === undefined ? { tags } : { tags, utility });
  const weights = weigh(tags, utility, duals, weigher.problem, floats(scratch, kept.length));
  addWeighted(into.balanced, tags, weights);
  addWeights(into.weights, weights);
  addCertificate(into.certificate, tags, utility, duals, weigher.problem);

  const ids = idsOf(batch, kept, scratch.take);
  const uniform = floats(scratch, kept.length);
  const rowNumbers = rowNumbersOf(kept, firstRow, floats(scratch, kept.length));
  uniforms(ids, rowNumbers, balance.seed, uniform);
  const count = copies(weights, uniform, scratch.take(kept.length));
  const raw = output.stages === undefined ? undefined : scratch.take(kept.length);
  if (raw !== undefined) {
    uniforms(ids, rowNumbers, (balance.seed ^ RAW_STAGE) >>> 0, uniform);
    randomControl(uniform, rawRate(output.stages!, weigher.problem.rate), raw);
  }
  const { own, undone } = await withImages(context, batch, { kept, count, raw });
  addWeighted(into.resampled, tags, asFloats(count, floats(scratch, kept.length)));
  uniforms(ids, rowNumbers, (balance.seed ^ RANDOM_CONTROL) >>> 0, uniform);
  const control = randomControl(uniform, weigher.problem.rate, scratch.take(kept.length));
  addWeighted(into.random, tags, asFloats(control, floats(scratch, kept.length)));

  const allWeights = spread(weights, kept, floats(scratch, batch.numRows).fill(0));
  const allCopies = spread(count, kept, scratch.take(batch.numRows).fill(0));
  const codes = { weightZero: stage.reasons.length + 1, sampledOut: stage.reasons.length + 2 };
  const final = finalDrop(drop, allWeights, allCopies, codes, scratch.take(batch.numRows));
  for (const row of undone) final[row] = codes.sampledOut + 1;
  countCodes(final, into.drops);

  const allTags = once(() => scatterTags(tags, kept, batch.numRows, stage.names.attributes.length));
  if (output.formats.length > 0) {
    into.schema ??= encodeSchema(own.schema);
    const training = wantsTrainingColumns(output.formats);
    const keyed = output.formats.includes('webdataset');
    const inputs = own.schema.fields.length;
    const rows = (weights: Float64Array) => (training ? withTraining(own, allTags(), weights, stage.names) : own);
    const write = async (kind: RowKind, weights: Float64Array, indices: Uint32Array) => {
      arena?.reset();
      const some = gather(rows(weights), indices, arena?.take);
      const chosen = keyed ? withKeys(some, sampleKeys(columnData(batch, 'id'), indices, firstRow)) : some;
      if (spill === undefined) await part.write(kind, chosen, inputs);
      else await spill.write(kind, chosen, inputs, placesOf(indices, firstRow, balance.seed));
    };
    await write('shard', allWeights, expand(allCopies, drop));
    if (raw !== undefined) {
      const rawCopies = spread(raw, kept, scratch.take(batch.numRows).fill(0));
      await write(
        'raw',
        allWeights.map(() => 1),
        expand(rawCopies, drop),
      );
    }
  }
  if (output.weights !== 'none') {
    const all = { ids: columnData(batch, 'id'), tags: allTags() };
    const table = weightsBatch(
      { ...all, weights: allWeights, copies: allCopies, drop: final },
      stage.names,
      finalReasons(stage),
    );
    await part.writeWeights(table);
  }
}

interface Drawn {
  readonly kept: Uint32Array;
  /** [kept] copies in the balanced part, and in the one that is not. */
  readonly count: Uint8Array;
  readonly raw: Uint8Array | undefined;
}

/**
 * What is carried of a batch, with the images of the rows that were drawn encoded again where that is wanted. Rows whose image cannot be have no copies then; `undone`:
 * those of them that were drawn for the balanced part.
 */
async function withImages(
  { stage, encoder }: ShardContext,
  batch: RecordBatch,
  { kept, count, raw }: Drawn,
): Promise<{ readonly own: RecordBatch; readonly undone: readonly number[] }> {
  const carried = stage.carried(batch);
  if (encoder === undefined) return { own: carried, undone: [] };
  const wanted = new Uint8Array(batch.numRows);
  kept.forEach((row, i) => {
    wanted[row] = count[i]! | (raw?.[i] ?? 0);
  });
  const { batch: own, lost } = await reencode(carried, wanted, encoder);
  const undone: number[] = [];
  kept.forEach((row, i) => {
    if (lost[row] === 0) return;
    if (count[i]! > 0) undone.push(row);
    count[i] = 0;
    if (raw !== undefined) raw[i] = 0;
  });
  return { own, undone };
}

/** The value, made when it is first asked for. */
function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/**
 * Copies of each row that passed the filters, in the mean, in the part that is not balanced: as many rows as are `share` of both parts together
 * where the balanced one has `rate` a row.
 */
function rawRate(share: number, rate: number): number {
  return (rate * share) / (1 - share);
}

function tagsOf(
  { stage, onTags }: ShardContext,
  rows: Omit<CountedBatch, 'tags'>,
  utility: Float64Array | undefined,
): Tags {
  const { batch, kept } = rows;
  if (onTags === undefined) return stage.tag(batch, kept);
  const tags = stage.tag(batch);
  onTags({ ...rows, tags }, utility);
  return selectTags(tags, kept);
}

function idsOf(batch: RecordBatch, kept: Uint32Array, take: Take) {
  return columnData(gather(project(batch, ['id']), kept, take), 'id');
}

// Loops are functions of their own: within one that waits, the engine makes fast code of them again and again.

function rowNumbersOf(rows: Uint32Array, firstRow: number, out: Float64Array): Float64Array {
  for (let i = 0; i < rows.length; i++) out[i] = firstRow + rows[i];
  return out;
}

function asFloats(values: Uint8Array, out: Float64Array): Float64Array {
  out.set(values);
  return out;
}

function countCodes(codes: Uint8Array, into: Written['drops']): void {
  for (let i = 0; i < codes.length; i++) into[codes[i]]++;
}

/** Puts value i at row `rows[i]`; the other rows keep what `out` holds. */
function spread<T extends Float64Array | Uint8Array>(values: T, rows: Uint32Array, out: T): T {
  for (let i = 0; i < rows.length; i++) out[rows[i]] = values[i];
  return out;
}
