import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Root } from 'apache-beam';
import { Pipeline } from 'apache-beam/internal/pipeline';
import { ParDoPayload, Pipeline as PipelineProto } from 'apache-beam/proto/beam_runner_api';
import { decodeDoFn, encodeDoFn, instantiate } from '../../beam/dofn.js';
import {
  bagState,
  type Coder,
  DoFn,
  type Flow,
  flatten,
  groupByKey,
  impulse,
  type KV,
  kvCoder,
  registerDoFn,
  reshuffle,
  stringCoder,
} from '../../beam/index.js';
import * as fns from './fns.js';

const { numberCoder } = fns;

function build() {
  const pipeline = new Pipeline();
  const numbers = impulse(new Root(pipeline)).parDo('numbers', fns.range({ n: 3 }), { coder: numberCoder });
  return { pipeline, root: new Root(pipeline), numbers };
}

test('the proto of a stateful DoFn: specs, protocol, requirement and a KV input', () => {
  const { pipeline, numbers } = build();
  const pairs = numbers.parDo('key', fns.byKey({ keys: 2 }), { coder: kvCoder(numberCoder) });
  pairs.parDo('learn', fns.learner({ dim: 4 }), { coder: stringCoder, sideInputs: { all: numbers } });
  const proto = PipelineProto.fromBinary(PipelineProto.toBinary(pipeline.getProto()));
  assert.deepEqual(proto.requirements, ['beam:requirement:pardo:stateful:v1']);
  const { transforms, coders, pcollections } = proto.components!;
  const learn = Object.values(transforms).find(({ uniqueName }) => uniqueName === 'learn')!;
  const { doFn, stateSpecs, sideInputs } = ParDoPayload.fromBinary(learn.spec!.payload);
  assert.equal(doFn!.urn, 'm4-balance:dofn:v1');
  assert.deepEqual(Object.keys(sideInputs), ['side.all']);
  const { weights, seen } = stateSpecs;
  assert.equal(weights.protocol!.urn, 'beam:user_state:bag:v1');
  assert.equal(weights.spec.oneofKind, 'readModifyWriteSpec');
  assert.equal(coders[weights.spec.readModifyWriteSpec.coderId].spec!.urn, 'm4-balance:coder:float64array:v1');
  assert.equal(seen.spec.oneofKind, 'bagSpec');
  assert.equal(coders[pcollections[learn.inputs.main].coderId].spec!.urn, 'beam:coder:kv:v1');
});

test('grouping and state need a kvCoder, and say so', () => {
  const { numbers } = build();
  const pairs = numbers.parDo('key', fns.byKey({ keys: 2 }), { coder: fns.anyCoder });
  assert.throws(() => groupByKey('group', pairs), /"group" needs keys: give its input a kvCoder/);
  assert.throws(() => pairs.parDo('learn', fns.learner({ dim: 1 }), { coder: stringCoder }), /"learn" needs keys/);
});

test('mistakes are found when the pipeline is built', () => {
  const { numbers } = build();
  const texts = numbers.parDo('join', fns.join(null), { coder: stringCoder, sideInputs: { side: numbers } });
  assert.throws(() => flatten('mixed', [numbers, texts as Flow<any>]), /"mixed" flattens flows with different coders/);
  assert.throws(() => flatten('none', []), /"none" flattens no flows/);
  assert.throws(
    () => numbers.parDo('numbers', fns.addOne(null), { coder: numberCoder }),
    /Duplicate stage name: "numbers"/,
  );
  const unknown = { id: 'test:unknown', config: null };
  assert.throws(
    () => numbers.parDo('unknown', unknown, { coder: numberCoder }),
    /DoFn "test:unknown" is not registered/,
  );
  assert.throws(() => registerDoFn('test:range', (_: null) => new Racing()), /DoFn "test:range" is registered twice/);
  const withCode = fns.range({ n: 1, f: () => 1 } as never);
  assert.throws(() => numbers.parDo('code', withCode, { coder: numberCoder }), /configuration must be data/);
  const pairs = numbers.parDo('key', fns.byKey({ keys: 2 }), { coder: kvCoder(numberCoder) });
  assert.throws(() => pairs.parDo('race', racing(null), { coder: numberCoder }), /its maxConcurrency must be 1/);
});

class Racing extends DoFn<KV<string, number>, number> {
  override readonly stateSpecs = { seen: bagState(stringCoder) } as any;
  override readonly maxConcurrency = 2;
  process(): void {}
}
const racing = registerDoFn('test:racing', (_: null) => new Racing());

test('a configuration travels as data: typed arrays, maps, bigints, NaN', () => {
  const config = { floats: Float64Array.of(1, Number.NaN), map: new Map([[1n, 'a']]) };
  const sent = encodeDoFn({ ref: { id: 'test:range', config }, sideInputs: ['a'] });
  const received = decodeDoFn(Buffer.concat([Buffer.of(0), sent]).subarray(1));
  assert.deepEqual(received, { ref: { id: 'test:range', config }, sideInputs: ['a'] });
  assert.ok(instantiate(received.ref) instanceof DoFn);
});

test('a reshuffle keys by strings, each element by another', () => {
  const { pipeline, numbers } = build();
  reshuffle('mix', numbers, numberCoder);
  const names = Object.values(pipeline.getProto().components!.transforms).map(({ uniqueName }) => uniqueName);
  assert.ok(names.includes('mix/group'));
  const addKey = instantiate({ id: 'm4-balance:reshuffle:add_key', config: null });
  const pairs = ['x', 'y', 'z'].flatMap((x) => [...(addKey.process(x, {} as any) as Iterable<KV<string, string>>)]);
  assert.deepEqual(pairs, [
    { key: '0', value: 'x' },
    { key: '1', value: 'y' },
    { key: '2', value: 'z' },
  ]);
});

/** Never called: it only has to compile, and each marked line must not without its mark. */
export function typeChecks(root: Root, textCoder: Coder<string>): void {
  const numbers: Flow<number> = impulse(root).parDo('range', fns.range({ n: 1 }), { coder: numberCoder });
  const pairs = numbers.parDo('key', fns.byKey({ keys: 1 }), { coder: kvCoder(numberCoder) });
  const groups: Flow<KV<string, Iterable<number>>> = groupByKey('group', pairs);
  const texts: Flow<string> = pairs.parDo('learn', fns.learner({ dim: 1 }), { coder: textCoder });
  // @ts-expect-error the DoFn takes numbers
  texts.parDo('add', fns.addOne(null), { coder: numberCoder });
  // @ts-expect-error the DoFn emits numbers
  numbers.parDo('add', fns.addOne(null), { coder: textCoder });
  // @ts-expect-error the configuration has no such key
  numbers.parDo('key', fns.byKey({ key: 1 }), { coder: kvCoder(numberCoder) });
  // @ts-expect-error there is nothing to group by
  groupByKey('group', numbers);
  // @ts-expect-error flows of different elements
  flatten<number>('flatten', [numbers, texts]);
  // @ts-expect-error a flow of groups is not one of pairs
  const wrong: Flow<KV<string, number>> = groups;
  void wrong;
}
