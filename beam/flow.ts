import './sdk.js';
import type { Coder } from 'apache-beam/coders/coders';
import { BytesCoder, IterableCoder, KVCoder } from 'apache-beam/coders/required_coders';
import type { Pipeline } from 'apache-beam/internal/pipeline';
import { IMPULSE_BUFFER } from 'apache-beam/internal/urns';
import { FunctionSpec, ParDoPayload, type PTransform, SideInput, StateSpec } from 'apache-beam/proto/beam_runner_api';
import { P, type PCollection, type Root } from 'apache-beam/pvalue';
import { withName } from 'apache-beam/transforms/transform';
import { type DoFnRef, encodeDoFn, instantiate, type KV } from './dofn.js';
import * as urns from './urns.js';

declare const element: unique symbol;

/** A typed PCollection: elements of type T, in the global window, in no particular order. */
export interface Flow<T> {
  readonly pcollection: PCollection<T>;
  /** Type-level only: a Flow of one type is not a Flow of another. */
  readonly [element]?: T;
  /**
   * Passes every element through a DoFn. `name` is unique in the pipeline and appears in errors and metrics. `coder` is that of
   * the outputs. Each side input is read whole into memory and found by its name in `ctx.sideInput`.
   */
  parDo<O>(name: string, ref: DoFnRef<T, O>, options: ParDoOptions<O>): Flow<O>;
}

export interface ParDoOptions<O> {
  readonly coder: Coder<O>;
  readonly sideInputs?: Readonly<Record<string, Flow<any>>>;
}

const NO_BYTES = new Uint8Array();

/** Wraps a PCollection of the SDK. The caller vouches for its type. */
export function flowOf<T>(pcollection: PCollection<T>): Flow<T> {
  return {
    pcollection,
    parDo: (name, ref, options) => flowOf(applyParDo(name, pcollection, ref, options)),
  };
}

type Expand = (input: any, pipeline: Pipeline, proto: PTransform) => any;

/** Applies a primitive or composite whose proto `expand` fills in. The SDK types `PCollection.apply` as any. */
export function applyNamed<O>(name: string, input: PCollection<any> | Root, expand: Expand): PCollection<O> {
  return (input as PCollection<any>).apply(withName(name, expand as (pc: PCollection<any>) => PCollection<O>));
}

/** The name itself, or with the next free number: names must be unique, and an impulse has nothing to be named after. */
function freeName(root: Root, name: string): string {
  const used = root.pipeline.usedStageNames;
  for (let i = 2, candidate = name; ; candidate = `${name} ${i++}`) if (!used.has(candidate)) return candidate;
}

/** One empty element: what every pipeline starts from. */
export function impulse(root: Root): Flow<Uint8Array> {
  return flowOf(
    applyNamed(freeName(root, 'impulse'), root, (_root, pipeline, proto) => {
      proto.spec = FunctionSpec.create({ urn: urns.IMPULSE_URN, payload: IMPULSE_BUFFER });
      proto.environmentId = '';
      return pipeline.createPCollectionInternal(new BytesCoder());
    }),
  );
}

function coderProtoOf(pipeline: Pipeline, pcollection: PCollection<any>) {
  return pipeline.getProto().components!.coders[pipeline.context.getPCollectionCoderId(pcollection)];
}

function requireKv(name: string, pipeline: Pipeline, pcollection: PCollection<any>) {
  const proto = coderProtoOf(pipeline, pcollection);
  if (proto.spec?.urn !== urns.KV_CODER_URN) {
    throw new Error(`"${name}" needs keys: give its input a kvCoder, not ${proto.spec?.urn}`);
  }
  return proto;
}

/** All values of each key, in memory together. The order of keys and of values is the runner's. */
export function groupByKey<V>(name: string, flow: Flow<KV<string, V>>): Flow<KV<string, Iterable<V>>> {
  return flowOf(
    applyNamed(name, flow.pcollection, (input, pipeline, proto) => {
      const [keyId, valueId] = requireKv(name, pipeline, input).componentCoderIds;
      proto.spec = FunctionSpec.create({ urn: urns.GROUP_BY_KEY_URN });
      proto.environmentId = '';
      const values = new IterableCoder(pipeline.getCoder(valueId));
      return pipeline.createPCollectionInternal(new KVCoder(pipeline.getCoder(keyId), values));
    }),
  );
}

/** The elements of all flows together. They need one coder. */
export function flatten<T>(name: string, flows: readonly Flow<T>[]): Flow<T> {
  if (flows.length === 0) throw new Error(`"${name}" flattens no flows`);
  const expand: Expand = (inputs: PCollection<T>[], pipeline, proto) => {
    const coderIds = new Set(inputs.map((input) => pipeline.context.getPCollectionCoderId(input)));
    if (coderIds.size !== 1) throw new Error(`"${name}" flattens flows with different coders`);
    proto.spec = FunctionSpec.create({ urn: urns.FLATTEN_URN });
    proto.environmentId = '';
    return pipeline.createPCollectionInternal([...coderIds][0]);
  };
  return flowOf(P(flows.map((flow) => flow.pcollection)).apply(withName(name, expand)) as PCollection<T>);
}

function applyParDo<I, O>(
  name: string,
  main: PCollection<I>,
  ref: DoFnRef<I, O>,
  { coder, sideInputs = {} }: ParDoOptions<O>,
): PCollection<O> {
  const doFn = instantiate(ref);
  const states = Object.entries(doFn.stateSpecs ?? {});
  if (states.length > 0 && (doFn.maxConcurrency ?? 1) > 1) {
    throw new Error(`"${name}" (DoFn "${ref.id}") has state, so its maxConcurrency must be 1`);
  }
  return applyNamed(name, main, (input, pipeline, proto) => {
    const payload = ParDoPayload.create({
      doFn: { urn: urns.DOFN_URN, payload: encodeDoFn({ ref, sideInputs: Object.keys(sideInputs) }) },
    });
    for (const [side, flow] of Object.entries(sideInputs)) {
      const tag = sideTag(side);
      proto.inputs[tag] = flow.pcollection.getId();
      payload.sideInputs[tag] = SideInput.create({
        accessPattern: { urn: urns.SIDE_INPUT_ITERABLE_URN, payload: NO_BYTES },
        viewFn: { urn: 'unused', payload: NO_BYTES },
        windowMappingFn: { urn: urns.GLOBAL_WINDOW_MAPPING_URN, payload: NO_BYTES },
      });
    }
    if (states.length > 0) {
      requireKv(name, pipeline, input);
      const { requirements } = pipeline.getProto();
      if (!requirements.includes(urns.STATEFUL_REQUIREMENT_URN)) requirements.push(urns.STATEFUL_REQUIREMENT_URN);
    }
    for (const [state, spec] of states) {
      const coderId = pipeline.context.getCoderId(spec.coder);
      payload.stateSpecs[state] = StateSpec.create({
        protocol: { urn: urns.BAG_STATE_PROTOCOL_URN, payload: NO_BYTES },
        spec:
          spec.kind === 'value'
            ? { oneofKind: 'readModifyWriteSpec', readModifyWriteSpec: { coderId } }
            : { oneofKind: 'bagSpec', bagSpec: { elementCoderId: coderId } },
      });
    }
    proto.spec = FunctionSpec.create({ urn: urns.PAR_DO_URN, payload: ParDoPayload.toBinary(payload) });
    return pipeline.createPCollectionInternal(coder);
  });
}

/** The tag of a side input among a ParDo's inputs; the main input's is "main". */
export function sideTag(name: string): string {
  return `side.${name}`;
}
