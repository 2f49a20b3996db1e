/**
 * One tagging pass as a whole process: read Parquet, filter, tag, count, write Parquet. Arguments: INPUT FOLDER, and `beam`, a pipeline on the
 * direct runner in which batches pass from step to step, or `loop`, the same kernels without Beam. Prints the counts as JSON.
 */
import { join, resolve } from 'node:path';
import { type Field, type RecordBatch, Schema } from 'apache-arrow';
import { DoFn, defineBytesCoder, impulse, registerDoFn, runDirect, structuredCoder } from '../beam/index.js';
import { streamBytes } from '../formats/arrow-messages.js';
import { batchOf } from '../formats/data.js';
import { gather } from '../formats/gather.js';
import { type BatchWriter, parquetWriter } from '../formats/index.js';
import { prepareJob } from '../pipelines/prepare.js';
import type { ByteSink } from '../schemas/bytes.js';
import { InvariantError } from '../schemas/errors.js';
import type { Split } from '../schemas/split.js';
import { type TagNames, type Tags, UNKNOWN } from '../schemas/tags.js';
import { storageFor } from '../storage/index.js';
import { saveJob } from '../transforms/read/job.js';
import { splitsOf } from '../transforms/read/plan.js';
import { isUnreadable } from '../transforms/read/reader.js';
import { splitCoder, splits } from '../transforms/read/splits.js';
import { tagsToArrow } from '../transforms/tag/arrow.js';
import { keptRows } from '../transforms/tag/select.js';
import { openStage, type Stage } from '../transforms/tag/stage.js';
import { captionConfig } from './caption-config.js';

interface TaggedBatch {
  /** Rows that the filters keep, all columns. */
  readonly batch: RecordBatch;
  readonly tags: Tags;
}

async function* tagSplit(stage: Stage, split: Split): AsyncGenerator<TaggedBatch> {
  for await (const piece of stage.reader.split(split)) {
    if (isUnreadable(piece)) throw new InvariantError(piece.reason);
    const batch = gather(piece.batch, keptRows(stage.drop(piece.batch, piece.firstRow)));
    yield { batch, tags: stage.tag(batch) };
  }
}

interface Output {
  add(tagged: TaggedBatch): Promise<void>;
  close(): Promise<Record<string, number>>;
}

/** Counts and writes. Counts are by name as the peers': kept, female, male, and of each label, with either too. */
async function openOutput(path: string, names: TagNames): Promise<Output> {
  const sink: ByteSink = await storageFor(path).create(path);
  const width = names.labels.length + 1;
  const counts = new Float64Array(3 * width);
  let writer: BatchWriter | undefined;
  return {
    async add({ batch, tags }) {
      for (let i = 0; i < tags.rows; i++) {
        const base = tags.attributes[i]! * width;
        counts[base]!++;
        for (let p = tags.offsets[i]!; p < tags.offsets[i + 1]!; p++) counts[base + 1 + tags.labels[p]!]!++;
      }
      const { fields, data } = tagsToArrow(tags, names);
      const schema = new Schema([...(batch.schema.fields as Field[]), ...fields]);
      writer ??= parquetWriter(schema, { compression: 'snappy' });
      for (const bytes of await writer.write(batchOf(schema, [...batch.data.children, ...data], batch.numRows)))
        await sink.write(bytes);
    },
    async close() {
      for (const bytes of (await writer?.close()) ?? []) await sink.write(bytes);
      await sink.close();
      return named(counts, names.labels);
    },
  };
}

function named(counts: Float64Array, labels: readonly string[]): Record<string, number> {
  const width = labels.length + 1;
  const figures: Record<string, number> = {};
  const [male, female, unknown] = [0, width, UNKNOWN * width];
  const put = (name: string, n: number) => {
    if (n > 0) figures[name] = n;
  };
  ['', ...labels].forEach((label, r) => {
    put(label || 'kept', counts[male + r]! + counts[female + r]! + counts[unknown + r]!);
    put(`male ${label}`.trim(), counts[male + r]!);
    put(`female ${label}`.trim(), counts[female + r]!);
  });
  return figures;
}

const [input, folder, how] = process.argv.slice(2) as [string, string, 'beam' | 'loop'];
const path = join(resolve(folder), 'tagged.parquet');
const staging = join(resolve(folder), 'staging');
const job = await prepareJob(captionConfig(input, folder));
await saveJob(staging, job);
let result: Record<string, number> = {};

class TagSplits extends DoFn<Split, TaggedBatch> {
  private stage!: Stage;

  override async setup() {
    this.stage = await openStage(staging, { allColumns: true });
  }

  process(split: Split) {
    return tagSplit(this.stage, split);
  }
}

class Write extends DoFn<TaggedBatch, never> {
  private output!: Output;

  override async startBundle() {
    this.output = await openOutput(path, (await openStage(staging)).names);
  }

  process(tagged: TaggedBatch) {
    return this.output.add(tagged);
  }

  override async finishBundle() {
    result = await this.output.close();
  }
}

const tagSplits = registerDoFn('bench.tag', () => new TagSplits());
const write = registerDoFn('bench.write', () => new Write());
/** The direct runner passes batches as they are; a coder is there for the others. */
const taggedCoder = defineBytesCoder<TaggedBatch>(
  'bench:coder:tagged:v1',
  ({ batch }) => streamBytes(batch),
  () => {
    throw new InvariantError('this job runs on the direct runner only');
  },
);

if (how === 'beam') {
  await runDirect((root) => {
    impulse(root)
      .parDo('splits', splits(staging), { coder: splitCoder })
      .parDo('read, filter, tag', tagSplits(undefined), { coder: taggedCoder })
      .parDo('count, write', write(undefined), { coder: structuredCoder<never>('bench:coder:nothing:v1') });
  });
} else {
  const stage = await openStage(staging, { allColumns: true });
  const output = await openOutput(path, stage.names);
  for (const split of splitsOf(job.plan)) for await (const tagged of tagSplit(stage, split)) await output.add(tagged);
  result = await output.close();
}
console.log(JSON.stringify(result));
