/** Pipelines of large and of many messages. */
import '../../beam/node-util.js';
import 'apache-beam';
import { bytesCoder, groupByKey, kvCoder, type Root, reshuffle, stringCoder } from '../../beam/index.js';
import * as messages from './message-steps.js';
import { indexOf, numbers, parts, type RunnerPipeline, sink, vectorsOf } from './pipelines.js';
import * as steps from './steps.js';

/** One group of `n` values of a mebibyte each. */
export function groupOf(n: number): RunnerPipeline {
  return {
    build: (root: Root, folder: string) => {
      const values = parts(root, n).parDo('blobs', messages.blobs([1]), { coder: bytesCoder });
      const grouped = groupByKey('group', values.parDo('key', steps.oneKey(null), { coder: kvCoder(bytesCoder) }));
      sink(grouped.parDo('summary', messages.summarizeBlobs(null), { coder: stringCoder }), folder);
    },
    counters: { generated: n, sunk: n },
    index: indexOf(n),
  };
}

export const messagePipelines: Readonly<Record<string, RunnerPipeline>> = {
  'elements of 1 to 30 MiB': {
    build: (root, folder) => {
      const values = parts(root, 12).parDo('blobs', messages.blobs([1, 2, 5, 10, 20, 30]), { coder: bytesCoder });
      const spread = reshuffle('again', values, bytesCoder);
      sink(spread.parDo('summary', messages.summarizeBlob(null), { coder: stringCoder }), folder);
    },
    counters: { generated: 12, sunk: 12 },
    index: indexOf(12),
  },
  '200,000 small elements, each a group': {
    build: (root, folder) => sink(reshuffle('again', numbers(root, 20, 10_000), steps.numberCoder), folder),
    counters: { generated: 200_000, sunk: 200_000 },
    index: indexOf(200_000),
  },
  '10,000 keys of state': {
    build: (root, folder) => {
      const from = vectorsOf(root, 10, { keys: 10_000, each: 2_000, dim: 4 });
      sink(from.parDo('optimise', steps.optimiser({ total: 2, ms: 0 }), { coder: stringCoder }), folder);
    },
    counters: { generated: 20_000, updates: 20_000, sunk: 30_000 },
    index: indexOf(20_000),
  },
  'a group of 100 MiB': groupOf(100),
  /** Beam's Java runners hold 100 messages of a bundle until it ends; see beam/backpressure.ts. */
  'a bundle with 150 MiB of outputs': {
    build: (root, folder) => {
      const values = numbers(root, 1, 150).parDo('blobs', messages.blobs([1]), { coder: bytesCoder });
      const spread = reshuffle('again', values, bytesCoder);
      sink(spread.parDo('summary', messages.summarizeBlob(null), { coder: stringCoder }), folder);
    },
    counters: { generated: 300, sunk: 150 },
    index: indexOf(150, 150),
  },
};
