/** The SDK's direct runner, case by case. */
import '../../../beam/node-util.js';
import 'apache-beam';
import { setTimeout as sleep } from 'node:timers/promises';
import type * as beam from 'apache-beam';
import { directRunner } from 'apache-beam/runners/direct_runner';
import { requireForSerialization } from 'apache-beam/serialization';
import { parDo, withName } from 'apache-beam/transforms';
import { groupByKey, impulse } from 'apache-beam/transforms/internal';
import { counter } from 'apache-beam/transforms/pardo';
import { registerOperatorConstructor } from 'apache-beam/worker/operators';
import { muteConsole, report } from './child.js';

muteConsole();
let unhandled = 0;
process.on('unhandledRejection', () => {
  unhandled++;
});

const seen: any[] = [];
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);
const fns = {
  collect: (x: any) => void seen.push(x),
  three: () => [1, 2, 3],
  many: () => upTo(300_000),
  hundred: () => upTo(100),
  big: (_: any, ctx: any) => ctx.count.increment(1.5e9),
  keyed: () => [
    { key: 1, value: 'a' },
    { key: 2 ** 32 + 1, value: 'b' },
  ],
  asyncDoFn: { beamName: 'async', process: async (x: any) => [x] },
  asyncStart: {
    beamName: 'start',
    async startBundle() {
      throw new Error('boom');
    },
    *process(x: any) {
      yield x;
    },
  },
};
requireForSerialization('m4-balance/test/stock-direct', fns);

/** A transform whose operator the test wrote. */
const custom = (urn: string) =>
  withName(urn, ((input: any, pipeline: any, proto: any) => {
    proto.spec = { urn, payload: new Uint8Array() };
    return pipeline.createPCollectionInternal(pipeline.context.getPCollectionCoderId(input));
  }) as any) as any;

/** What became of a run: its error, and what it left unhandled. */
async function outcome(build: (root: beam.Root) => any) {
  seen.length = 0;
  unhandled = 0;
  const error = await directRunner()
    .run(build)
    .then(
      () => null,
      (e) => String(e?.message ?? e),
    );
  const atEnd = seen.length;
  await sleep(5);
  return { error, seen: [...seen], atEnd, unhandled };
}

registerOperatorConstructor('test:later', (transformId, transform, context) => {
  const receiver = context.getReceiver(Object.values(transform.outputs)[0]);
  return {
    transformId,
    startBundle: async () => undefined,
    finishBundle: async () => undefined,
    process: (element) => sleep(1).then(() => receiver.receive(element) ?? undefined),
  };
});
registerOperatorConstructor('test:fails later', (transformId) => ({
  transformId,
  startBundle: async () => undefined,
  finishBundle: async () => undefined,
  process: () => sleep(1).then(() => Promise.reject(new Error('boom'))),
}));
let live = 0;
let maxLive = 0;
registerOperatorConstructor('test:counts', (transformId) => ({
  transformId,
  startBundle: async () => undefined,
  finishBundle: async () => undefined,
  process: async () => {
    maxLive = Math.max(maxLive, ++live);
    await sleep(1);
    live--;
  },
}));

const start = (root: beam.Root) => root.apply(impulse());
const results: Record<string, unknown> = {};
results.promiseOfImpulse = await outcome((root) => start(root).apply(custom('test:later')).map(fns.collect));
results.errorBehindImpulse = await outcome((root) => start(root).apply(custom('test:fails later')));
results.asyncDoFn = await outcome((root) =>
  start(root)
    .apply(parDo(fns.asyncDoFn as any))
    .map(fns.collect),
);
results.asyncStart = await outcome((root) =>
  start(root)
    .apply(parDo(fns.asyncStart as any))
    .map(fns.collect),
);
results.numericKeys = await outcome((root) =>
  start(root)
    .flatMap(fns.keyed)
    .apply(groupByKey() as any)
    .map(fns.collect),
);
await outcome((root) => start(root).flatMap(fns.hundred).apply(custom('test:counts')));
results.inFlight = maxLive;

const counted = await directRunner().run((root) =>
  start(root)
    .flatMap(fns.three)
    .map(fns.big as any, { count: counter('count') }),
);
results.counter = (await counted.counters()).count;

let ticks = 0;
const timer = setInterval(() => ticks++, 1);
await directRunner().run((root) => start(root).flatMap(fns.many).map(fns.collect));
clearInterval(timer);
results.ticks = ticks;

report(results);
