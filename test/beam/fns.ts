/** DoFns that the tests of beam/ share. Imported by test workers too, so everything is registered at the top level. */
import '../../beam/node-util.js';
import 'apache-beam';
import {
  type BundleContext,
  bagState,
  DoFn,
  float64ArrayCoder,
  type KV,
  type ProcessContext,
  registerDoFn,
  stringCoder,
  structuredCoder,
  valueState,
} from '../../beam/index.js';

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export const anyCoder = structuredCoder<any>('m4-balance:test:any:v1');
export const numberCoder = structuredCoder<number>('m4-balance:test:number:v1');

/** What the DoFns of this process did, reset by each test. */
export const probe = { live: 0, maxLive: 0, emitted: 0, maxAhead: 0, consumed: 0, closed: 0, setups: 0, teardowns: 0 };
export const collected: any[] = [];

export function resetProbe(): void {
  for (const key of Object.keys(probe) as (keyof typeof probe)[]) probe[key] = 0;
  collected.length = 0;
}

function noteEmitted(): void {
  probe.emitted++;
  probe.maxAhead = Math.max(probe.maxAhead, probe.emitted - probe.consumed);
}

/** Emits 0 to n - 1, lazily, and notes how far it runs ahead of the consumer. */
class Range extends DoFn<unknown, number> {
  constructor(private readonly config: { n: number; async?: boolean }) {
    super();
  }
  process() {
    return this.config.async ? this.lazilyAsync() : this.lazily();
  }
  private *lazily() {
    try {
      for (let i = 0; i < this.config.n; i++) {
        noteEmitted();
        yield i;
      }
    } finally {
      probe.closed++;
    }
  }
  private async *lazilyAsync() {
    try {
      for (let i = 0; i < this.config.n; i++) {
        noteEmitted();
        yield i;
      }
    } finally {
      probe.closed++;
    }
  }
}
export const range = registerDoFn('test:range', (config: { n: number; async?: boolean }) => new Range(config));

interface SlowConfig {
  readonly ms: number;
  readonly maxConcurrency?: number;
  readonly failAt?: number;
}

class Slow extends DoFn<number, number> {
  override readonly maxConcurrency: number;
  constructor(private readonly config: SlowConfig) {
    super();
    this.maxConcurrency = config.maxConcurrency ?? 1;
  }
  override setup() {
    probe.setups++;
  }
  async process(x: number) {
    probe.live++;
    probe.maxLive = Math.max(probe.maxLive, probe.live);
    await sleep(this.config.ms);
    probe.live--;
    probe.consumed++;
    if (x === this.config.failAt) throw new Error(`boom at ${x}`);
    return [x];
  }
  override async finishBundle() {
    await sleep(1);
    collected.push(`slow finished after ${probe.consumed}`);
  }
  override teardown() {
    probe.teardowns++;
  }
}
export const slow = registerDoFn('test:slow', (config: SlowConfig) => new Slow(config));

class AddOne extends DoFn<number, number> {
  *process(x: number) {
    probe.live++;
    yield x + 1;
    probe.live--;
  }
}
export const addOne = registerDoFn('test:addOne', (_: null) => new AddOne());

class Collect extends DoFn<any, never> {
  process(x: any) {
    collected.push(x);
  }
}
export const collect = registerDoFn('test:collect', (_: null) => new Collect());

class ByKey extends DoFn<number, KV<string, number>> {
  constructor(private readonly config: { keys: number }) {
    super();
  }
  *process(x: number) {
    yield { key: `k${x % this.config.keys}`, value: x };
  }
}
export const byKey = registerDoFn('test:byKey', (config: { keys: number }) => new ByKey(config));

const learnerStates = { weights: valueState(float64ArrayCoder), seen: bagState(stringCoder) };

/** Learns nothing, but keeps an array and a bag for each key as an optimiser would. */
class Learner extends DoFn<KV<string, number>, string, typeof learnerStates> {
  override readonly stateSpecs = learnerStates;
  constructor(private readonly config: { dim: number; async?: boolean }) {
    super();
  }
  process(pair: KV<string, number>, ctx: ProcessContext<typeof learnerStates>) {
    return this.config.async ? this.slowly(pair, ctx) : [this.step(pair, ctx)];
  }
  private async *slowly(pair: KV<string, number>, ctx: ProcessContext<typeof learnerStates>) {
    await sleep(0);
    yield this.step(pair, ctx);
  }
  private step({ key, value }: KV<string, number>, { state, ...ctx }: ProcessContext<typeof learnerStates>): string {
    const weights = state.weights.read() ?? new Float64Array(this.config.dim);
    for (let i = 0; i < weights.length; i++) weights[i] += value * (i + 1);
    state.weights.write(weights);
    state.seen.append(`${value}`);
    ctx.counter('steps');
    ctx.distribution('value', value);
    return `${key}:${weights[0]}:${weights[weights.length - 1]}:${state.seen.read().length}`;
  }
}
export const learner = registerDoFn('test:learner', (config: { dim: number; async?: boolean }) => new Learner(config));

class Join extends DoFn<number, string> {
  *process(x: number, ctx: ProcessContext) {
    yield `${x}:${ctx.sideInput('side').map(String).sort().join(',')}`;
  }
}
export const join = registerDoFn('test:join', (_: null) => new Join());

export type ThrowsWhere = 'setup' | 'start' | 'sync' | 'async' | 'generator' | 'async generator' | 'finish';

class Throws extends DoFn<any, number> {
  constructor(private readonly config: { where: ThrowsWhere }) {
    super();
  }
  private async at(where: ThrowsWhere) {
    if (this.config.where === where) throw new Error(`boom ${where}`);
  }
  override setup() {
    return this.at('setup');
  }
  override startBundle(_: BundleContext) {
    return this.at('start');
  }
  process() {
    const { where } = this.config;
    if (where === 'sync') throw new Error('boom sync');
    if (where === 'async') return sleep(1).then(() => Promise.reject(new Error('boom async')));
    if (where === 'generator') return throwing();
    return where === 'async generator' ? throwingLater() : [1];
  }
  override finishBundle() {
    return this.at('finish');
  }
}
function* throwing() {
  yield 1;
  throw new Error('boom generator');
}
async function* throwingLater() {
  yield 1;
  await sleep(1);
  throw new Error('boom async generator');
}
export const throwsAt = registerDoFn('test:throws', (config: { where: ThrowsWhere }) => new Throws(config));

class CountRows extends DoFn<number, number> {
  *process(x: number, ctx: ProcessContext) {
    ctx.counter('rows', 8192);
    yield x;
  }
}
export const countRows = registerDoFn('test:countRows', (_: null) => new CountRows());

/** Keeps the thread for `ms` milliseconds an element. */
class Busy extends DoFn<number, number> {
  constructor(private readonly config: { ms: number }) {
    super();
  }
  *process(x: number) {
    const end = performance.now() + this.config.ms;
    while (performance.now() < end);
    yield x;
  }
}
export const busy = registerDoFn('test:busy', (config: { ms: number }) => new Busy(config));
