import './sdk.js';
import { deserialize, serialize } from 'node:v8';
import type { StateHandles, StateSpecs } from './state-spec.js';

export type MaybePromise<T> = T | Promise<T>;

type NoStates = Record<never, never>;

/** A key and its value: the element of everything that is grouped or has state. */
export interface KV<K, V> {
  key: K;
  value: V;
}

/** Metrics of the running bundle. */
export interface BundleContext {
  /** Adds `n` (an integer, 1 by default) to a counter; sums are exact up to 2^53. */
  counter(name: string, n?: number): void;
  /** Records one integer in a distribution: its count, sum, minimum and maximum. */
  distribution(name: string, value: number): void;
}

export interface ProcessContext<S extends StateSpecs = NoStates> extends BundleContext {
  /** The declared states of the current element's key. */
  readonly state: StateHandles<S>;
  /** All elements of a side input, in no particular order. Throws for a name that `parDo` was not given. */
  sideInput<T>(name: string): readonly T[];
}

/** What a DoFn emits. It is pulled: the next value is asked for when the last one has been taken downstream. */
// biome-ignore lint/suspicious/noConfusingVoidType: it is a return type, of functions that need not return
export type Outputs<O> = void | Iterable<O> | AsyncIterable<O>;

/**
 * A step of a pipeline. `process` may be plain, async, a generator or an async generator; whichever it is, the next element
 * waits until everything downstream has taken what was emitted. Calls never overlap unless `maxConcurrency` allows it.
 *
 * One instance serves many bundles, one at a time.
 */
export abstract class DoFn<I, O, S extends StateSpecs = NoStates> {
  /** States kept for each key. With any, the input must be KV and elements of one key are processed in turn. */
  readonly stateSpecs?: S;
  /** Calls of `process` in flight at once, 1 by default; more lose the order of outputs and exclude state. */
  readonly maxConcurrency?: number;
  /** Called once, before the first bundle of this instance. */
  setup?(): MaybePromise<void>;
  startBundle?(ctx: BundleContext): MaybePromise<void>;
  abstract process(element: I, ctx: ProcessContext<S>): MaybePromise<Outputs<O>>;
  /** Called after the bundle's last element; emits into the global window. */
  finishBundle?(ctx: BundleContext): MaybePromise<Outputs<O>>;
  /** Called once, after the last bundle or a failed one, when nothing is in flight any more. */
  teardown?(): MaybePromise<void>;
}

declare const types: unique symbol;

/** A registered DoFn with its configuration: what a pipeline holds and a worker is sent. */
export interface DoFnRef<I, O> {
  readonly id: string;
  readonly config: unknown;
  /** Type-level only, so that a DoFn fits no other input or output. */
  readonly [types]?: (input: I) => O;
}

const factories = new Map<string, (config: any) => DoFn<any, any, any>>();

/**
 * Makes a DoFn known under `id` in this process and returns a function from its configuration to a reference. Call it at the
 * top level of a module that workers import too (`registerModule`). The configuration travels as data (`v8.serialize`: plain
 * objects, typed arrays, Map, bigint, NaN); no code is ever sent. Throws if `id` is taken.
 */
export function registerDoFn<C, I, O>(
  id: string,
  factory: (config: C) => DoFn<I, O, any>,
): (config: C) => DoFnRef<I, O> {
  if (factories.has(id)) throw new Error(`DoFn "${id}" is registered twice`);
  factories.set(id, factory);
  return (config) => ({ id, config });
}

/** Builds the DoFn that `ref` names. Throws if its module was not imported in this process. */
export function instantiate(ref: DoFnRef<any, any>): DoFn<any, any, StateSpecs> {
  const factory = factories.get(ref.id);
  if (factory === undefined) {
    throw new Error(
      `DoFn "${ref.id}" is not registered in this process: import its module, and name it to registerModule`,
    );
  }
  return factory(ref.config);
}

/** What a ParDo's payload carries: the reference and the names of its side inputs. */
export interface DoFnPayload {
  readonly ref: DoFnRef<any, any>;
  readonly sideInputs: readonly string[];
}

/** Throws if the configuration holds a function or anything else that is not data. */
export function encodeDoFn(payload: DoFnPayload): Uint8Array {
  try {
    return new Uint8Array(serialize(payload));
  } catch (cause) {
    throw new Error(`DoFn "${payload.ref.id}": its configuration must be data: ${(cause as Error).message}`, { cause });
  }
}

export function decodeDoFn(bytes: Uint8Array): DoFnPayload {
  // A private copy: v8 returns typed arrays as views of what it is given.
  return deserialize(new Uint8Array(bytes));
}
