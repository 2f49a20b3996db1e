/** Stages of our pipelines for the mini runner. */
import '../../beam/node-util.js';
import 'apache-beam';
import { Root } from 'apache-beam';
import { Pipeline } from 'apache-beam/internal/pipeline';
import { type Coder, type Flow, impulse } from '../../beam/index.js';
import { range } from './fns.js';
import type { MiniRunner, Stage } from './mini-runner.js';

/** A stage made of what `build` puts behind its input, whose elements have `coder`. */
export function stageOf<T>(
  runner: MiniRunner,
  id: string,
  coder: Coder<T>,
  build: (input: Flow<T>) => Flow<any>,
  options: { lengthPrefixKeys?: boolean } = {},
): Stage {
  const pipeline = new Pipeline();
  // Stands for the stages before; the mini runner leaves it out.
  const before = impulse(new Root(pipeline)).parDo<any>('before', range({ n: 0 }), { coder });
  const output = build(before as Flow<T>);
  return runner.addStage(id, pipeline.getProto(), before.pcollection.getId(), output.pcollection.getId(), options);
}
