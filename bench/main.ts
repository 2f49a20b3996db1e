/** `npm run bench -- [NAME...] [--runs N] [--json]`: runs benchmarks, each against its peer, and prints what they measure. */
import { parseArgs } from 'node:util';
import { InputError } from '../schemas/errors.js';
import { classifier } from './classifier.js';
import { embeddings } from './embeddings.js';
import { exactAdult, exactSynthetic } from './exact.js';
import type { Outcome } from './figures.js';
import { identify } from './identify.js';
import { balance, job } from './job.js';
import { languages } from './languages.js';
import { memory, memoryShards, memoryStats } from './memory.js';
import { near } from './near.js';
import { nightly } from './nightly.js';
import { PINNING } from './one-core.js';
import type { Options } from './options.js';
import { page } from './page.js';
import { outcomeLines } from './print.js';
import { runners } from './runners.js';
import { statsList, statsWide } from './stats.js';
import { stream } from './stream.js';
import { streams } from './streams.js';
import { tag } from './tag.js';
import { tarToTfrecord } from './tar-to-tfrecord.js';
import { tfrecordRead } from './tfrecord-read.js';
import { unique } from './unique.js';
import { workers } from './workers.js';

interface Benchmark {
  readonly says: string;
  run(options: Options): Promise<Outcome>;
}

/** A benchmark is one line here. */
const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  'exact-adult': { says: 'exact fit of UCI Adult, against Clarabel', run: exactAdult },
  stream: { says: 'stream update in the stateful step, against Numba', run: stream },
  streams: { says: 'the optimum that 1 to 64 streams, and samples of the patterns, come to', run: streams },
  tag: { says: 'captions tagged in memory, against Polars', run: tag },
  near: { says: 'near duplicates of captions in memory, against datasketch', run: near },
  unique: { says: 'exact duplicates of captions in memory, against Polars and DuckDB', run: unique },
  identify: { says: 'English captions told from others, against fastText and lingua', run: identify },
  embeddings: { says: '768 numbers and 40 prompts, against the matrix product of NumPy', run: embeddings },
  classifier: { says: 'an image classifier, against onnxruntime-node and sharp alone', run: classifier },
  languages: {
    says: 'captions of 14 languages tagged in memory, against Polars; identified, against eld',
    run: languages,
  },
  job: { says: 'read, filter, tag, write captions, against Polars and DuckDB', run: job },
  balance: { says: 'the whole command on the same rows, against one tagging pass', run: balance },
  nightly: { says: 'a night of 1 % of the window, from the last duals and without, against a full run', run: nightly },
  runners: { says: 'the whole command on Prism and Flink, and Python Beam on Prism', run: runners },
  workers: { says: 'the tagging pass on Flink with one worker and with two', run: workers },
  'stats-list': { says: 'RB and AB from Parquet, labels as lists, against Polars and DuckDB', run: statsList },
  'stats-wide': { says: 'the same, labels as 100 boolean columns', run: statsWide },
  memory: { says: 'peak memory of the whole command at 1 and 10 times the rows', run: memory },
  'memory-stats': {
    says: 'the same of stats, 10,000 labels and 8 attributes, at 1 and 4 times the rows',
    run: memoryStats,
  },
  'memory-shards': { says: 'the same of tar shards to TFRecord, at 4 times as many and as large', run: memoryShards },
  'tfrecord-read': { says: 'records of 300 bytes, against tf.data with one thread', run: tfrecordRead },
  'tar-to-tfrecord': {
    says: 'image shards passed through, against a copy with a CRC, and other writers',
    run: tarToTfrecord,
  },
  page: { says: 'a report of 10,000 pairs until Chromium has drawn it, against a plain table', run: page },
  'exact-synthetic': { says: 'exact fit of 200,000 patterns, against SciPy L-BFGS-B', run: exactSynthetic },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '5' },
    rows: { type: 'string', default: '1000000' },
    adult: { type: 'string', default: '../shared/data/tabular/adult.parquet' },
    captions: { type: 'string', default: '../shared/data/pairs/coco_val2017_captions.parquet' },
    portraits: { type: 'string', default: '../shared/data/pairs/portraits.parquet' },
    classifier: { type: 'string', default: '../shared/data/models/gender-v1.onnx' },
    cache: { type: 'string', default: '.cache/bench' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function integer(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InputError('bench', { place: `--${flag}`, expected: 'a positive whole number', got: text });
}

async function main(): Promise<void> {
  const names = Object.keys(BENCHMARKS);
  if (values.help || positionals.length === 0) {
    console.log(
      'npm run bench -- NAME... [--runs N] [--json] [--adult FILE] [--captions FILE] [--portraits FILE] [--classifier FILE] [--rows N]; "all" runs:\n',
    );
    for (const name of names) console.log(`  ${name.padEnd(16)} ${BENCHMARKS[name]!.says}`);
    return;
  }
  const wanted = positionals.includes('all') ? names : positionals;
  const unknown = wanted.find((name) => !Object.hasOwn(BENCHMARKS, name));
  if (unknown !== undefined)
    throw new InputError('bench', { expected: `one of ${names.join(', ')} or all`, got: unknown });
  const options = {
    runs: integer('runs', values.runs),
    rows: integer('rows', values.rows),
    adult: values.adult,
    captions: values.captions,
    portraits: values.portraits,
    classifier: values.classifier,
    cache: values.cache,
  };
  if (!values.json)
    console.log(`Node ${process.version}, ${PINNING}, ${options.runs} runs each after a warm-up, in turn\n`);
  for (const name of wanted) {
    const outcome = await BENCHMARKS[name]!.run(options);
    if (values.json) console.log(JSON.stringify({ benchmark: name, ...outcome }));
    else for (const line of outcomeLines(name, outcome)) console.log(line);
  }
}

main().catch((error) => {
  console.error(error instanceof InputError ? error.message : error);
  process.exitCode = 1;
});
