import './sdk.js';
import type { Coder } from 'apache-beam/coders/coders';
import { ParDoPayload, type PTransform } from 'apache-beam/proto/beam_runner_api';
import type { WindowedValue } from 'apache-beam/values';
import { decodeAll, encodeDelimited } from './coders.js';
import { type BundleContext, type DoFn, decodeDoFn, instantiate, type Outputs, type ProcessContext } from './dofn.js';
import { annotate } from './error-context.js';
import { sideTag } from './flow.js';
import { inGlobalWindow } from './global-window.js';
import { type BundleMetrics, type CounterCell, type DistributionCell, mergeDistributions } from './metrics.js';
import {
  type Operator,
  type OperatorContext,
  type OperatorFactory,
  onlyReceiver,
  type Receive,
  type Taken,
} from './operator.js';
import { isYieldDue, yieldToEventLoop } from './pace.js';
import { sideInputKey } from './state-backend.js';
import { DOFN_URN } from './urns.js';
import { UserState } from './user-state.js';

type Element = WindowedValue<any>;

const NO_STATE = Object.freeze({});

/**
 * Runs a DoFn. Stays synchronous for as long as everything is; else every emit is awaited, so that nothing piles up behind a
 * slow step. Calls of `process` never overlap (beyond `maxConcurrency`), even if a caller ignores the promise it is given.
 */
class ParDoOperator implements Operator {
  private readonly doFn: DoFn<any, any, any>;
  private readonly name: string;
  private readonly receive: Receive;
  private readonly bundleContext: BundleContext;
  private readonly limit: number;
  /** Set for a DoFn with state: the coder that the runner's keys come in. */
  private readonly keyCoder: Coder<unknown> | undefined;
  private readonly sideTags: readonly (readonly [name: string, tag: string, coder: Coder<unknown>])[];

  private ready = false;
  private state: UserState<any> | undefined;
  private sides: Map<string, readonly unknown[]> | undefined;
  private sidesLoading: Promise<void> | undefined;
  /** The end of what has been accepted so far. */
  private tail: Promise<void> | undefined;
  private readonly inFlight = new Set<Promise<void>>();
  private failure: { readonly error: unknown } | undefined;

  constructor(
    private readonly transformId: string,
    transform: PTransform,
    private readonly context: OperatorContext,
  ) {
    this.name = transform.uniqueName;
    this.receive = onlyReceiver(transform, context);
    const payload = ParDoPayload.fromBinary(transform.spec!.payload);
    if (payload.doFn?.urn !== DOFN_URN) {
      throw new Error(`"${this.name}": a DoFn of type ${payload.doFn?.urn}, expected ${DOFN_URN}`);
    }
    const { ref, sideInputs } = decodeDoFn(payload.doFn.payload);
    this.doFn = instantiate(ref);
    this.limit = this.doFn.maxConcurrency ?? 1;
    this.bundleContext = bundleContext(context.metrics, transformId);
    const coderOf = (pcollectionId: string) => context.descriptor.pcollections[pcollectionId].coderId;
    this.sideTags = sideInputs.map((name) => {
      const tag = sideTag(name);
      return [name, tag, context.coders.getCoder(coderOf(transform.inputs[tag]))];
    });
    if (Object.keys(payload.stateSpecs).length > 0) {
      const main = mainInput(transform, payload);
      // Runners may rewrite the coder of the input (length prefixes): the keys they know are in theirs.
      const [keyCoderId] = context.descriptor.coders[coderOf(main)].componentCoderIds;
      this.keyCoder = context.coders.getCoder(keyCoderId);
    }
  }

  async startBundle(): Promise<void> {
    try {
      if (!this.ready) await this.doFn.setup?.();
      this.ready = true;
      this.failure = undefined;
      this.sides = undefined;
      this.sidesLoading = undefined;
      if (this.keyCoder !== undefined) {
        this.state = new UserState(this.transformId, this.doFn.stateSpecs ?? {}, this.context.state());
      }
      await this.doFn.startBundle?.(this.bundleContext);
    } catch (error) {
      throw this.annotated(error);
    }
  }

  process(element: Element): Taken {
    if (this.tail !== undefined) return this.follow(this.tail.then(() => this.accept(element) ?? undefined));
    const taken = this.accept(element);
    return taken === null ? null : this.follow(taken);
  }

  async finishBundle(): Promise<void> {
    await this.idle();
    if (this.failure !== undefined) throw this.failure.error;
    try {
      await this.emitAll(await this.doFn.finishBundle?.(this.bundleContext), inGlobalWindow);
      await this.state?.commit();
    } catch (error) {
      throw this.annotated(error);
    }
  }

  async teardown(): Promise<void> {
    await this.idle();
    if (this.ready) await this.doFn.teardown?.();
  }

  private follow(work: Promise<void>): Promise<void> {
    const tail: Promise<void> = work.finally(() => {
      if (this.tail === tail) this.tail = undefined;
    });
    // A caller may ignore what it is given: finishBundle reports the failure then.
    tail.catch((error) => {
      this.failure ??= { error };
    });
    this.tail = tail;
    return tail;
  }

  private async idle(): Promise<void> {
    while (this.tail !== undefined || this.inFlight.size > 0) {
      await Promise.allSettled([...this.inFlight, this.tail]);
    }
  }

  private accept(element: Element): Taken {
    if (this.failure !== undefined) throw this.failure.error;
    this.context.signal?.throwIfAborted();
    try {
      const taken = this.limit <= 1 ? this.processOne(element) : this.processConcurrently(element);
      return taken === null ? null : taken.catch((error) => Promise.reject(this.annotated(error)));
    } catch (error) {
      throw this.annotated(error);
    }
  }

  private annotated(error: unknown): unknown {
    return annotate(error, this.name, this.context.signal);
  }

  /** Accepts more elements while fewer than the limit are in flight. */
  private processConcurrently(element: Element): Taken {
    const taken = this.processOne(element);
    if (taken === null) return null;
    const task: Promise<void> = taken
      .catch((error) => {
        this.failure ??= { error: this.annotated(error) };
      })
      .finally(() => this.inFlight.delete(task));
    this.inFlight.add(task);
    return this.inFlight.size < this.limit ? null : this.freeSlot();
  }

  private async freeSlot(): Promise<void> {
    await Promise.race(this.inFlight);
    if (this.failure !== undefined) throw this.failure.error;
  }

  private processOne(element: Element): Taken {
    if (this.sideTags.length > 0 && this.sides === undefined) {
      this.sidesLoading ??= this.loadSides();
      return this.sidesLoading.then(() => this.processOne(element) ?? undefined);
    }
    if (this.state === undefined) return this.call(element, NO_STATE);
    const handles = this.state.acquire(encodeDelimited(this.keyCoder!, element.value.key));
    return handles instanceof Promise
      ? handles.then((loaded) => this.call(element, loaded) ?? undefined)
      : this.call(element, handles);
  }

  private call(element: Element, state: ProcessContext<any>['state']): Taken {
    const context: ProcessContext<any> = {
      counter: this.bundleContext.counter,
      distribution: this.bundleContext.distribution,
      state,
      sideInput: <T>(name: string) => this.sideInput(name) as readonly T[],
    };
    const outputs = this.doFn.process(element.value, context);
    const { windows, pane, timestamp } = element;
    const wrap = (value: unknown): Element => ({ value, windows, pane, timestamp });
    return outputs instanceof Promise
      ? outputs.then((resolved) => this.emitAll(resolved, wrap) ?? undefined)
      : this.emitAll(outputs, wrap);
  }

  private sideInput(name: string): readonly unknown[] {
    const values = this.sides?.get(name);
    if (values === undefined) throw new Error(`unknown side input "${name}"`);
    return values;
  }

  private async loadSides(): Promise<void> {
    const backend = this.context.state();
    const sides = new Map<string, readonly unknown[]>();
    for (const [name, tag, coder] of this.sideTags) {
      sides.set(name, Object.freeze(decodeAll(coder, await backend.get(sideInputKey(this.transformId, tag)))));
    }
    this.sides = sides;
  }

  private emitAll(outputs: Outputs<any> | null, wrap: (value: unknown) => Element): Taken {
    if (outputs === undefined || outputs === null) return null;
    if (Symbol.asyncIterator in outputs) return this.emitAsync(outputs, wrap);
    const iterator = outputs[Symbol.iterator]();
    for (let next = iterator.next(); !next.done; next = iterator.next()) {
      const taken = this.emit(next.value, wrap, iterator);
      if (taken !== null) return this.emitRest(taken, iterator, wrap);
      if (isYieldDue()) return this.emitRest(yieldToEventLoop(), iterator, wrap);
    }
    return null;
  }

  /** Closes the generator if nobody takes its value, so that its `finally` blocks run. */
  private emit(value: unknown, wrap: (value: unknown) => Element, iterator: Iterator<unknown>): Taken {
    try {
      return this.receive(wrap(value));
    } catch (error) {
      iterator.return?.();
      throw error;
    }
  }

  private async emitRest(first: Promise<void>, iterator: Iterator<unknown>, wrap: (value: unknown) => Element) {
    const { signal } = this.context;
    try {
      await first;
      signal?.throwIfAborted();
    } catch (error) {
      iterator.return?.();
      throw error;
    }
    for (const value of { [Symbol.iterator]: () => iterator }) {
      const taken = this.receive(wrap(value));
      if (taken !== null) await taken;
      if (isYieldDue()) await yieldToEventLoop();
      signal?.throwIfAborted();
    }
  }

  private async emitAsync(outputs: AsyncIterable<unknown>, wrap: (value: unknown) => Element): Promise<void> {
    for await (const value of outputs) {
      const taken = this.receive(wrap(value));
      if (taken !== null) await taken;
      if (isYieldDue()) await yieldToEventLoop();
      this.context.signal?.throwIfAborted();
    }
  }
}

export const parDoOperator: OperatorFactory = (id, transform, context) => new ParDoOperator(id, transform, context);

function bundleContext(metrics: BundleMetrics, transformId: string): BundleContext {
  const counters = new Map<string, CounterCell>();
  const distributions = new Map<string, DistributionCell>();
  return {
    counter(name, n = 1) {
      let cell = counters.get(name);
      if (cell === undefined) {
        cell = metrics.counter(transformId, name);
        counters.set(name, cell);
      }
      cell.value += requireInteger(name, n);
      cell.touched = true;
    },
    distribution(name, value) {
      let cell = distributions.get(name);
      if (cell === undefined) {
        cell = metrics.distribution(transformId, name);
        distributions.set(name, cell);
      }
      const one = requireInteger(name, value);
      cell.value = mergeDistributions(cell.value, { count: 1, sum: one, min: one, max: one });
    },
  };
}

/** The wire formats are int64: anything else would be cut off silently. */
function requireInteger(name: string, value: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(`metric "${name}" takes integers, got ${value}`);
  return value;
}

function mainInput(transform: PTransform, payload: ParDoPayload): string {
  const main = Object.entries(transform.inputs).filter(([tag]) => !(tag in payload.sideInputs));
  if (main.length !== 1) throw new Error(`"${transform.uniqueName}" has ${main.length} main inputs, expected one`);
  return main[0][1];
}
