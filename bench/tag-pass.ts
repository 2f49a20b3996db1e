/** The pass of tag-job: read Parquet, filter, tag, count, write Parquet. Prints the counts as JSON. */
import { join, resolve } from 'node:path';
import { type Field, type RecordBatch, Schema } from 'apache-arrow';
import { DoFn, impulse, registerDoFn, runDirect, structuredCoder } from '../beam/index.js';
import { makeArena } from '../formats/arena.js';
import { batchOf } from '../formats/data.js';
import { gather } from '../formats/gather.js';
import { type BatchWriter, parquetWriter } from '../formats/index.js';
import type { ByteSink } from '../schemas/bytes.js';
import { InvariantError } from '../schemas/errors.js';
import type { Split } from '../schemas/split.js';
import { type Tags, UNKNOWN } from '../schemas/tags.js';
import { storageFor } from '../storage/index.js';
import { createFilters } from '../transforms/filter/index.js';
import { planInput, splitsOf } from '../transforms/read/plan.js';
import { createReader, isUnreadable } from '../transforms/read/reader.js';
import { tagsToArrow } from '../transforms/tag/arrow.js';
import { keptRows } from '../transforms/tag/select.js';
import { createTagger } from '../transforms/tag/tagger.js';
import { captionConfig } from './caption-config.js';

interface TaggedBatch {
  /** Rows that the filters keep, all columns. */
  readonly batch: RecordBatch;
  readonly tags: Tags;
}

const [input, folder, how] = process.argv.slice(2) as [string, string, 'beam' | 'loop'];
const config = captionConfig(input, folder);
const plan = await planInput({ ...config.input, files: input });
const columns = plan.layouts[0]!.map(({ name, type }) => ({ name, type, nullable: true }));

const filters = createFilters(config.filters);
const firstCodes = filters.map((_, f) => filters.slice(0, f).reduce((sum, { reasons }) => sum + reasons.length, 1));

/** Memory of the rows of a batch: it is written before the next one is made. */
const arena = makeArena();

const tagger = createTagger(config.attributes, config.labels, columns);
const reader = createReader(plan, { meanwhile: tagger.compile });

async function* tagSplit(split: Split): AsyncGenerator<TaggedBatch> {
  for await (const piece of reader.split(split)) {
    if (isUnreadable(piece)) throw new InvariantError(piece.reason);
    const drop = new Uint8Array(piece.batch.numRows);
    for (const [f, filter] of filters.entries()) filter.select(piece.batch, drop, firstCodes[f]!);
    arena.reset();
    const batch = gather(piece.batch, keptRows(drop), arena.take);
    yield { batch, tags: tagger.tag(batch) };
  }
}

interface Output {
  add(tagged: TaggedBatch): Promise<void>;
  close(): Promise<Record<string, number>>;
}

/** Counts and writes; the file appears with its first rows, as shards do. Counts are by name as the peers': kept, female, male, and of each label, with either too. */
function makeOutput(path: string): Output {
  let counts: Float64Array | undefined;
  let file: { readonly sink: ByteSink; readonly writer: BatchWriter } | undefined;
  return {
    async add({ batch, tags }) {
      const { names } = tagger;
      const width = names.labels.length + 1;
      counts ??= new Float64Array(3 * width);
      countTags(tags, counts, width);
      const { fields, data } = tagsToArrow(tags, names);
      const schema = new Schema([...(batch.schema.fields as Field[]), ...fields]);
      file ??= {
        sink: await storageFor(path).create(path),
        writer: parquetWriter(schema, { compression: 'snappy' }),
      };
      for (const bytes of await file.writer.write(batchOf(schema, [...batch.data.children, ...data], batch.numRows)))
        await file.sink.write(bytes);
    },
    async close() {
      if (file === undefined || counts === undefined) return {};
      for (const bytes of await file.writer.close()) await file.sink.write(bytes);
      await file.sink.close();
      return named(counts, tagger.names.labels);
    },
  };
}

/** A function of its own: within `add`, which waits, the engine would make fast code of the loop again and again. */
function countTags({ rows, attributes, offsets, labels }: Tags, counts: Float64Array, width: number): void {
  for (let i = 0; i < rows; i++) {
    const base = attributes[i]! * width;
    counts[base]!++;
    for (let p = offsets[i]!; p < offsets[i + 1]!; p++) counts[base + 1 + labels[p]!]!++;
  }
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

const path = join(resolve(folder), 'tagged.parquet');
let result: Record<string, number> = {};

class Splits extends DoFn<Uint8Array, Split> {
  process() {
    return splitsOf(plan);
  }
}

class TagSplits extends DoFn<Split, TaggedBatch> {
  process(split: Split) {
    return tagSplit(split);
  }
}

class Write extends DoFn<TaggedBatch, never> {
  private output!: Output;

  override startBundle() {
    this.output = makeOutput(path);
  }

  process(tagged: TaggedBatch) {
    return this.output.add(tagged);
  }

  override async finishBundle() {
    result = await this.output.close();
  }
}

const splits = registerDoFn('bench.splits', (_: null) => new Splits());
const tagSplits = registerDoFn('bench.tag', (_: null) => new TagSplits());
const write = registerDoFn('bench.write', (_: null) => new Write());
/** The direct runner passes elements as they are; coders are there for the others. */
const splitCoder = structuredCoder<Split>('bench:coder:split:v1');
const taggedCoder = structuredCoder<TaggedBatch>('bench:coder:tagged:v1');
const nothingCoder = structuredCoder<never>('bench:coder:nothing:v1');

if (how === 'beam') {
  await runDirect((root) => {
    impulse(root)
      .parDo('splits', splits(null), { coder: splitCoder })
      .parDo('read, filter, tag', tagSplits(null), { coder: taggedCoder })
      .parDo('count, write', write(null), { coder: nothingCoder });
  });
} else {
  const output = makeOutput(path);
  for (const split of splitsOf(plan)) for await (const tagged of tagSplit(split)) await output.add(tagged);
  result = await output.close();
}
console.log(JSON.stringify(result));
