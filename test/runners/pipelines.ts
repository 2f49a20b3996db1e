/** The pipelines that every real runner is tested with, and what is known of their results beforehand. */
import '../../beam/node-util.js';
import 'apache-beam';
import {
  type Coder,
  type Distribution,
  type Flow,
  flatten,
  float64ArrayCoder,
  groupByKey,
  impulse,
  kvCoder,
  type Root,
  reshuffle,
  stringCoder,
} from '../../beam/index.js';
import { batches, recordBatchCoder, summarizeBatch, summarizeGroup } from './batch-steps.js';
import * as steps from './steps.js';

const { anyCoder, numberCoder } = steps;

export interface RunnerPipeline {
  /** Builds it, with its outputs as lines of files in `folder`. */
  readonly build: (root: Root, folder: string) => void;
  readonly counters: Readonly<Record<string, number>>;
  /** Distribution of the numbers that the sources gave their elements. */
  readonly index?: Distribution;
  /** What the job fails with, instead of results. */
  readonly fails?: RegExp;
}

/** Sources that number their elements from 0 to each n - 1. */
export function indexOf(...sizes: number[]): Distribution {
  const sum = sizes.reduce((total, n) => total + (n * (n - 1)) / 2, 0);
  return { count: sizes.reduce((a, b) => a + b, 0), sum, min: 0, max: Math.max(...sizes) - 1 };
}

/** The numbers of the parts, spread over the workers. */
export function parts(root: Root, n: number, name = ''): Flow<number> {
  const counted = impulse(root).parDo(`${name}parts`, steps.count(n), { coder: numberCoder });
  return reshuffle(`${name}spread`, counted, numberCoder);
}

export const numbers = (root: Root, n: number, each: number, name = ''): Flow<number> =>
  parts(root, n, name).parDo(`${name}range`, steps.range(each), { coder: numberCoder });

export const vectorsOf = (root: Root, n: number, config: { keys: number; each: number; dim: number }) =>
  parts(root, n).parDo('vectors', steps.vectors(config), { coder: kvCoder(float64ArrayCoder) });

export const sink = (flow: Flow<any>, folder: string): void => {
  flow.parDo('sink', steps.sink(folder), { coder: anyCoder as Coder<never> });
};

const keyed = (flow: Flow<number>, keys: number) =>
  flow.parDo('key', steps.byRemainder(keys), { coder: kvCoder(numberCoder) });

const arithmetic = (flow: Flow<number>, what: Parameters<typeof steps.arithmetic>[0]) =>
  flow.parDo(what, steps.arithmetic(what), { coder: numberCoder });

/** 40,000 rows of 32 bytes: 1.3 MB. */
const BATCH_ROWS = 40_000;

export const pipelines: Readonly<Record<string, RunnerPipeline>> = {
  mapfilter: {
    build: (root, folder) => sink(arithmetic(arithmetic(numbers(root, 20, 10_000), 'increment'), 'even'), folder),
    counters: { generated: 200_000, sunk: 100_000 },
    index: indexOf(200_000),
  },
  reshuffle: {
    build: (root, folder) => sink(reshuffle('again', numbers(root, 20, 2_500), numberCoder), folder),
    counters: { generated: 50_000, sunk: 50_000 },
    index: indexOf(50_000),
  },
  gbk: {
    build: (root, folder) => {
      const grouped = groupByKey('group', keyed(numbers(root, 20, 2_500), 1_000));
      sink(grouped.parDo('summary', steps.summary(null), { coder: stringCoder }), folder);
    },
    counters: { generated: 50_000, sunk: 1_000 },
    index: indexOf(50_000),
  },
  gbkGeneral: {
    build: (root, folder) => {
      const dressed = keyed(numbers(root, 10, 1_000), 100).parDo('dress', steps.dress(null), {
        coder: kvCoder(anyCoder),
      });
      const grouped = groupByKey('group', dressed);
      sink(grouped.parDo('summary', steps.summary(null), { coder: stringCoder }), folder);
    },
    counters: { generated: 10_000, sunk: 100 },
    index: indexOf(10_000),
  },
  combine: {
    build: (root, folder) => {
      const sums = keyed(numbers(root, 20, 2_500), 1_000).parDo('partial sums', steps.partialSums(null), {
        coder: kvCoder(numberCoder),
      });
      sink(groupByKey('group', sums).parDo('sums', steps.sumGroup(null), { coder: stringCoder }), folder);
    },
    counters: { generated: 50_000, sunk: 1_000 },
    index: indexOf(50_000),
  },
  sideinput: {
    build: (root, folder) => {
      const side = numbers(root, 4, 250, 'side ');
      const joined = numbers(root, 10, 500).parDo('join', steps.joinSide(null), {
        coder: stringCoder,
        sideInputs: { side },
      });
      sink(joined, folder);
    },
    counters: { generated: 6_000, sunk: 5_000 },
    index: indexOf(5_000, 1_000),
  },
  diamond: {
    build: (root, folder) => {
      const from = numbers(root, 20, 2_500);
      const both = flatten('both', [arithmetic(from, 'double'), arithmetic(from, 'negate')]);
      sink(reshuffle('again', both, numberCoder), folder);
    },
    counters: { generated: 50_000, sunk: 100_000 },
    index: indexOf(50_000),
  },
  stateful: {
    build: (root, folder) => {
      const from = vectorsOf(root, 10, { keys: 8, each: 80, dim: 256 });
      sink(from.parDo('optimise', steps.optimiser({ total: 100, ms: 1 }), { coder: stringCoder }), folder);
    },
    counters: { generated: 800, updates: 800, sunk: 808 },
    index: indexOf(800),
  },
  /** State and elements of 1 MiB. */
  statefulBig: {
    build: (root, folder) => {
      const from = vectorsOf(root, 4, { keys: 2, each: 10, dim: 131_072 });
      sink(from.parDo('optimise', steps.optimiser({ total: 20, ms: 0 }), { coder: stringCoder }), folder);
    },
    counters: { generated: 40, updates: 40, sunk: 42 },
    index: indexOf(40),
  },
  arrow: {
    build: (root, folder) => {
      const from = parts(root, 60).parDo('batches', batches(BATCH_ROWS), { coder: recordBatchCoder });
      const spread = reshuffle('again', from, recordBatchCoder);
      sink(spread.parDo('summary', summarizeBatch(null), { coder: stringCoder }), folder);
    },
    counters: { generated: 60, sunk: 60 },
    index: indexOf(60),
  },
  /** One group of 38 MB. */
  bigGroup: {
    build: (root, folder) => {
      const from = parts(root, 30).parDo('batches', batches(BATCH_ROWS), { coder: recordBatchCoder });
      const grouped = groupByKey('group', from.parDo('key', steps.oneKey(null), { coder: kvCoder(recordBatchCoder) }));
      sink(grouped.parDo('summary', summarizeGroup(null), { coder: stringCoder }), folder);
    },
    counters: { generated: 30, sunk: 30 },
    index: indexOf(30),
  },
  /** Long enough for the runner to ask for progress and splits. */
  slow: {
    build: (root, folder) => {
      const spread = reshuffle('again', numbers(root, 4, 500), numberCoder);
      sink(spread.parDo('slow', steps.slow(2), { coder: numberCoder }), folder);
    },
    counters: { generated: 2_000, sunk: 2_000 },
    index: indexOf(2_000),
  },
  fail: {
    build: (root, folder) => {
      sink(numbers(root, 4, 100).parDo('fail', steps.failAt(77), { coder: numberCoder }), folder);
    },
    counters: {},
    fails: /boom at 77 \[in transform "fail"\]/,
  },
};
