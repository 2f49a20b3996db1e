/** DoFns of the pipelines that run on real runners. Workers in other processes import this file, by its address. */
import '../../beam/node-util.js';
import 'apache-beam';
import { createHash, randomUUID } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BundleContext,
  bagState,
  DoFn,
  float64ArrayCoder,
  type KV,
  type ProcessContext,
  registerDoFn,
  registerModule,
  structuredCoder,
  valueState,
} from '../../beam/index.js';

registerModule(import.meta.url);

export const numberCoder = structuredCoder<number>('m4-balance:test:runners:number:v1');
export const anyCoder = structuredCoder<any>('m4-balance:test:runners:any:v1');
const digest = (bytes: Uint8Array | string): string => createHash('sha1').update(bytes).digest('hex').slice(0, 16);
export const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

/** Counts an element of a source, and notes its number: totals that are known beforehand. */
export function note(ctx: BundleContext, index: number): void {
  ctx.counter('generated');
  ctx.distribution('index', index);
}

class Count extends DoFn<unknown, number> {
  constructor(private readonly n: number) {
    super();
  }
  *process() {
    for (let i = 0; i < this.n; i++) yield i;
  }
}
/** From one element, the numbers below n. */
export const count = registerDoFn('test:runners:count', (n: number) => new Count(n));

class Range extends DoFn<number, number> {
  constructor(private readonly each: number) {
    super();
  }
  *process(part: number, ctx: ProcessContext) {
    for (let i = part * this.each; i < (part + 1) * this.each; i++) {
      note(ctx, i);
      yield i;
    }
  }
}
/** From the number of a part, the numbers of that part. */
export const range = registerDoFn('test:runners:range', (each: number) => new Range(each));

class Sink extends DoFn<unknown, never> {
  private lines: string[] = [];
  constructor(private readonly folder: string) {
    super();
  }
  override startBundle() {
    this.lines = [];
  }
  process(element: unknown, ctx: ProcessContext) {
    const line = JSON.stringify(element);
    this.lines.push(line);
    ctx.counter('sunk');
    ctx.distribution('line', line.length);
  }
  override async finishBundle() {
    if (this.lines.length === 0) return;
    const name = randomUUID();
    const temporary = join(this.folder, `.${name}`);
    await writeFile(temporary, `${this.lines.join('\n')}\n`);
    await rename(temporary, join(this.folder, name));
  }
}
/** Writes each element as a line of JSON, a file for each bundle. */
export const sink = registerDoFn('test:runners:sink', (folder: string) => new Sink(folder));

class Arithmetic extends DoFn<number, number> {
  constructor(private readonly what: 'even' | 'double' | 'negate' | 'increment') {
    super();
  }
  *process(x: number) {
    if (this.what === 'double') yield 2 * x;
    else if (this.what === 'negate') yield -x - 1;
    else if (this.what === 'increment') yield x + 1;
    else if (x % 2 === 0) yield x;
  }
}
export const arithmetic = registerDoFn(
  'test:runners:arithmetic',
  (what: 'even' | 'double' | 'negate' | 'increment') => new Arithmetic(what),
);

class ByRemainder extends DoFn<number, KV<string, number>> {
  constructor(private readonly keys: number) {
    super();
  }
  *process(x: number) {
    yield { key: `key-é-${x % this.keys}`, value: x };
  }
}
export const byRemainder = registerDoFn('test:runners:byRemainder', (keys: number) => new ByRemainder(keys));

class Dress extends DoFn<KV<string, number>, KV<string, unknown>> {
  *process({ key, value }: KV<string, number>) {
    yield { key, value: { value, big: 2n ** 40n + BigInt(value), none: Number.NaN, array: Float64Array.of(value) } };
  }
}
/** Puts a value among what a coder could lose: a bigint, NaN, a typed array. */
export const dress = registerDoFn('test:runners:dress', (_: null) => new Dress());

class Summary extends DoFn<KV<string, Iterable<any>>, string> {
  *process({ key, value }: KV<string, Iterable<any>>) {
    const texts = [...value].map((x) =>
      typeof x === 'object' ? `${x.value} ${x.big} ${x.none} ${x.array.constructor.name}${x.array}` : `${x}`,
    );
    yield `${key} ${texts.length} ${digest(texts.sort().join())}`;
  }
}
/** The key, size and digest of a group, in whatever order its values come. */
export const summary = registerDoFn('test:runners:summary', (_: null) => new Summary());

class PartialSums extends DoFn<KV<string, number>, KV<string, number>> {
  private sums = new Map<string, number>();
  override startBundle() {
    this.sums = new Map();
  }
  process({ key, value }: KV<string, number>) {
    this.sums.set(key, (this.sums.get(key) ?? 0) + value);
  }
  override *finishBundle() {
    for (const [key, value] of this.sums) yield { key, value };
  }
}
/** The sum of each key, once a bundle. */
export const partialSums = registerDoFn('test:runners:partialSums', (_: null) => new PartialSums());

class SumGroup extends DoFn<KV<string, Iterable<number>>, string> {
  *process({ key, value }: KV<string, Iterable<number>>) {
    let sum = 0;
    for (const x of value) sum += x;
    yield `${key}=${sum}`;
  }
}
export const sumGroup = registerDoFn('test:runners:sumGroup', (_: null) => new SumGroup());

class Join extends DoFn<number, string> {
  async *process(x: number, ctx: ProcessContext) {
    const side = ctx.sideInput<number>('side');
    if (x % 100 === 0) await sleep(0);
    yield `${x}:${side.length}:${side.reduce((a, b) => a + b, 0)}`;
  }
}
/** Each number with the size and sum of the side input. */
export const joinSide = registerDoFn('test:runners:join', (_: null) => new Join());

interface VectorsConfig {
  readonly keys: number;
  /** Vectors of one part. */
  readonly each: number;
  readonly dim: number;
}

class Vectors extends DoFn<number, KV<string, Float64Array>> {
  constructor(private readonly config: VectorsConfig) {
    super();
  }
  *process(part: number, ctx: ProcessContext) {
    const { keys, each, dim } = this.config;
    for (let i = part * each; i < (part + 1) * each; i++) {
      note(ctx, i);
      yield { key: `m${i % keys}`, value: Float64Array.from({ length: dim }, (_, j) => (i * 31 + j * 7) % 1000) };
    }
  }
}
/** Vectors of small whole numbers, so that their sums are exact in any order. */
export const vectors = registerDoFn('test:runners:vectors', (config: VectorsConfig) => new Vectors(config));

const optimiserStates = {
  weights: valueState(float64ArrayCoder),
  steps: valueState(numberCoder),
  seen: bagState(numberCoder),
};

interface OptimiserConfig {
  /** Vectors of each key: the last one gives the result. */
  readonly total: number;
  readonly ms: number;
}

class Optimiser extends DoFn<KV<string, Float64Array>, string, typeof optimiserStates> {
  override readonly stateSpecs = optimiserStates;
  constructor(private readonly config: OptimiserConfig) {
    super();
  }
  async *process({ key, value }: KV<string, Float64Array>, { state, ...ctx }: ProcessContext<typeof optimiserStates>) {
    const weights = state.weights.read() ?? new Float64Array(value.length);
    for (let i = 0; i < weights.length; i++) weights[i] += value[i];
    const steps = (state.steps.read() ?? 0) + 1;
    if (this.config.ms > 0) await sleep(this.config.ms);
    state.weights.write(weights);
    state.steps.write(steps);
    state.seen.append(value[0]);
    ctx.counter('updates');
    yield `${key}#${steps}`;
    if (steps === this.config.total) {
      const seen = state.seen.read().sort((a, b) => a - b);
      yield `${key} ends at ${digest(bytesOf(weights))} after ${digest(seen.join())}`;
    }
  }
}
/** Adds up the vectors of each key in its state; its outputs depend on no order. */
export const optimiser = registerDoFn('test:runners:optimiser', (config: OptimiserConfig) => new Optimiser(config));

class OneKey extends DoFn<any, KV<string, any>> {
  *process(value: any) {
    yield { key: 'one', value };
  }
}
export const oneKey = registerDoFn('test:runners:oneKey', (_: null) => new OneKey());

class Slow extends DoFn<number, number> {
  constructor(private readonly ms: number) {
    super();
  }
  async process(x: number) {
    await sleep(this.ms);
    return [x];
  }
}
export const slow = registerDoFn('test:runners:slow', (ms: number) => new Slow(ms));

class Busy extends DoFn<string, string> {
  constructor(private readonly ms: number) {
    super();
  }
  *process(x: string) {
    const end = performance.now() + this.ms;
    while (performance.now() < end);
    yield x;
  }
}
/** Keeps the thread for `ms` milliseconds an element. */
export const busy = registerDoFn('test:runners:busy', (ms: number) => new Busy(ms));

class Pad extends DoFn<number, string> {
  constructor(private readonly length: number) {
    super();
  }
  *process(x: number) {
    yield `${x} `.padEnd(this.length, '-');
  }
}
export const pad = registerDoFn('test:runners:pad', (length: number) => new Pad(length));

class FailAt extends DoFn<number, number> {
  constructor(private readonly bad: number) {
    super();
  }
  *process(x: number) {
    if (x === this.bad) throw new Error(`boom at ${x}`);
    yield x;
  }
}
export const failAt = registerDoFn('test:runners:failAt', (bad: number) => new FailAt(bad));
