/**
 * TFRecord files of tf.train.Example as input (tensorflow/core/example/feature.proto): a file is one group, a feature is a column. The format declares no
 * types: planning walks over all records once.
 */
import { isUtf8 } from 'node:buffer';
import type { RecordBatch } from 'apache-arrow';
import type { ByteSource } from '../schemas/bytes.js';
import { InputError } from '../schemas/errors.js';
import type { FilePlan } from '../schemas/split.js';
import type { BatchBuilder, WalkedColumn } from './batch-builder.js';
import { KIND, type VisitFeature, visitBytes, visitExample, visitFloats, visitIntegers } from './example-fields.js';
import { BATCH_BYTES, type Format } from './format.js';
import { type RecordRun, recordRuns } from './tfrecord-reader.js';
import { walkedFormat } from './walked-format.js';

/** Features of a file, at most. */
const MAXIMUM_FEATURES = 1024;

/** A name of a feature, at most. */
const MAXIMUM_KEY_BYTES = 1024;

const KIND_NAMES = ['no list', 'bytes', 'floats', 'integers'];

/** Finds the feature of a key; those of a data set come in the same order in nearly every record, so the next one is tried first. */
function makeKeys<T>(entries: readonly (readonly [string, T])[]) {
  const known = entries.map(([name, found]) => ({ name, key: Buffer.from(name), found }));
  let guess = 0;
  return {
    find(bytes: Uint8Array, start: number, end: number): T | undefined {
      for (let i = 0; i < known.length; i++) {
        const at = (guess + i) % known.length;
        const { key, found } = known[at]!;
        if (key.length !== end - start) continue;
        let same = 0;
        while (same < key.length && key[same] === bytes[start + same]) same++;
        if (same < key.length) continue;
        guess = at + 1;
        return found;
      }
      return undefined;
    },
    add(name: string, found: T) {
      known.push({ name, key: Buffer.from(name), found });
    },
    get size() {
      return known.length;
    },
  };
}

function failed(source: ByteSource, record: number, error: unknown): InputError {
  if (error instanceof InputError) return error;
  const mismatch = {
    file: source.name,
    place: `record ${record}`,
    expected: 'a tf.train.Example',
    got: (error as Error).message,
  };
  return new InputError('TFRecord', mismatch, { cause: error });
}

/** Calls `visit` for each feature of each record of a run, and `endRow` after each. Throws an InputError with the record. */
function eachExample(
  source: ByteSource,
  { bytes, first, count, bounds }: RecordRun,
  visit: VisitFeature,
  endRow: () => void,
): void {
  for (let i = 0; i < count; i++) {
    try {
      visitExample(bytes, bounds[2 * i]!, bounds[2 * i + 1]!, visit);
      endRow();
    } catch (error) {
      throw failed(source, first + i, error);
    }
  }
}

/** What was seen of a feature. */
interface Seen {
  readonly name: string;
  kind: number;
  row: number;
  several: boolean;
  /** Values that are text, and that are not; empty ones are neither. */
  text: number;
  other: number;
}

function typeOf({ kind, several, text, other }: Seen): string {
  const one =
    kind === KIND.bytes
      ? other > text
        ? 'Binary'
        : 'Utf8'
      : kind === KIND.float
        ? 'Float32'
        : kind === KIND.int64
          ? 'Int64'
          : 'Null';
  return several ? `List<${one}>` : one;
}

async function scan(source: ByteSource): Promise<FilePlan> {
  const features: Seen[] = [];
  const keys = makeKeys<Seen>([]);
  let rows = 0;
  let bytes = 0;
  let run!: RecordRun;
  const seen = (start: number, end: number): Seen => {
    const known = keys.find(run.bytes, start, end);
    if (known !== undefined) return known;
    if (end - start > MAXIMUM_KEY_BYTES) throw new Error(`a key of ${end - start} bytes`);
    if (keys.size === MAXIMUM_FEATURES) throw new Error(`more than ${MAXIMUM_FEATURES} features in the file`);
    const name = Buffer.from(run.bytes.subarray(start, end)).toString();
    const made = { name, kind: KIND.none, row: -1, several: false, text: 0, other: 0 };
    keys.add(name, made);
    features.push(made);
    return made;
  };
  const visit: VisitFeature = (keyStart, keyEnd, kind, start, end) => {
    const feature = seen(keyStart, keyEnd);
    if (feature.row === rows) throw new Error(`the feature ${feature.name} twice`);
    feature.row = rows;
    if (kind === KIND.none) return;
    if (feature.kind === KIND.none) feature.kind = kind;
    else if (feature.kind !== kind)
      throw new Error(
        `${KIND_NAMES[kind]} in the feature ${feature.name}, which has ${KIND_NAMES[feature.kind]} before`,
      );
    let count = 0;
    if (kind === KIND.bytes) {
      count = visitBytes(run.bytes, start, end, (from, to) => {
        if (from === to) return;
        if (isUtf8(run.bytes.subarray(from, to))) feature.text++;
        else feature.other++;
      });
    } else
      count =
        kind === KIND.float
          ? visitFloats(run.bytes, start, end, () => {})
          : visitIntegers(run.bytes, start, end, () => {});
    if (count > 1) feature.several = true;
  };
  for await (const next of recordRuns(source)) {
    run = next;
    eachExample(source, run, visit, () => rows++);
    for (let i = 0; i < run.count; i++) bytes += run.bounds[2 * i + 1]! - run.bounds[2 * i]!;
  }
  const columns = features.map((f) => ({ name: f.name, type: typeOf(f), nullable: true, inferred: true as const }));
  return { columns, groups: [{ rows, bytes }] };
}

/** Puts the values of a feature into its column: one, or in a list column any number. Throws a plain Error for what does not fit. */
function store(
  { name, type, builder }: WalkedColumn,
  bytes: Uint8Array,
  kind: number,
  start: number,
  end: number,
): void {
  const target = builder.items ?? builder;
  const before = target.rows;
  const list = builder.items !== undefined;
  if (kind === KIND.bytes) visitBytes(bytes, start, end, (from, to) => target.addBytes(bytes, from, to));
  else if (kind === KIND.float) visitFloats(bytes, start, end, (value) => target.add(value));
  else if (kind === KIND.int64) visitIntegers(bytes, start, end, (value) => target.add(value));
  const count = target.rows - before;
  if (list) {
    if (kind === KIND.none) builder.addNull();
    else builder.addList(count);
  } else if (count === 0) builder.addNull();
  else if (count > 1) throw new Error(`${count} values in the feature ${name}, which is ${type}`);
}

async function* readExamples(source: ByteSource, batch: BatchBuilder, batchRows: number): AsyncGenerator<RecordBatch> {
  const keys = makeKeys(batch.columns.map((column) => [column.name, column] as const));
  let run!: RecordRun;
  const visit: VisitFeature = (keyStart, keyEnd, kind, start, end) => {
    const column = keys.find(run.bytes, keyStart, keyEnd);
    if (column === undefined) return;
    if (column.builder.rows > batch.rows) throw new Error(`the feature ${column.name} twice`);
    store(column, run.bytes, kind, start, end);
  };
  const endRow = () => batch.endRow();
  for await (const next of recordRuns(source)) {
    run = next;
    // A run is about 1 MiB, or one record; the rows of a batch are cut within it.
    for (let from = 0; from < next.count; ) {
      const count = Math.min(next.count - from, batchRows - batch.rows);
      run = { ...next, first: next.first + from, count, bounds: next.bounds.slice(2 * from, 2 * (from + count)) };
      eachExample(source, run, visit, endRow);
      from += count;
      if (batch.rows >= batchRows || batch.bytes >= BATCH_BYTES) yield batch.finish();
    }
  }
  if (batch.rows > 0) yield batch.finish();
}

/**
 * TFRecord files of tf.train.Example, plain, gzip or zlib: a file is one group, each feature a column. Bytes are text where most values of the file are UTF-8; a
 * feature with several values in any record is a list; one that a record lacks, or that has no value, is null.
 */
export const tfrecord: Format = walkedFormat({
  name: 'tfrecord',
  title: 'TFRecord',
  extensions: ['.tfrecord', '.tfrecords', '.tfrec', '.tfrecord.gz', '.tfrecords.gz', '.tfrecord.zlib'],
  scan,
  read: readExamples,
});
