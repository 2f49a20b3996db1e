/**
 * The update of figure 7, once per example, in signed-dual form: per-coordinate (AdaGrad) steps, averaged iterates and a lazy L1
 * shrink, so that one example touches m (1 + |y|) duals. The state is flat numbers, to be kept as a runner's value state.
 */
import { InvariantError } from '../../schemas/errors.js';
import type { Tags } from '../../schemas/tags.js';
import { PROBABILITY, UNKNOWN } from '../../schemas/tags.js';
import type { Problem } from './problem.js';
import type { WeightDuals } from './weight.js';

/** Step of every dual before its squared gradients divide it, and of mu. Measured on the synthetic problem: 1 is better than 0.3 and 3. */
const STEP = 1;
/** Squared gradient every dual starts with: a dual's first steps would else be STEP long whatever its gradient. */
const FIRST_SQUARE = 1;

/** Offsets of scalars in `StreamState.numbers`. */
const STEPS = 0;
const MU = 1;
const MU_SQUARE = 2;
const MU_AVERAGE = 3;
const UTILITY_SUM = 4;
const UTILITY_COUNT = 5;
const SCALARS = 6;

/** All of `numbers`, in order: scalars; known and norm [m] each; w, square, total, seen, price [m * (c + 1)] each. */
export interface StreamState {
  readonly problem: Problem;
  readonly numbers: Float64Array;
  /** [m] sum of weights of the examples where the attribute is known. */
  readonly known: Float64Array;
  /** [m] sum of eps |w| over the attribute's duals, as each was last read. */
  readonly norm: Float64Array;
  /** The duals, as last read. */
  readonly w: Float64Array;
  /** Sum of squared gradients. */
  readonly square: Float64Array;
  /** Sum of the iterates, weighted by their step number, up to step `seen`. */
  readonly total: Float64Array;
  /** Step of the last read. */
  readonly seen: Float64Array;
  /** `known` of the attribute at the last read: what has come since is still to be shrunk. */
  readonly price: Float64Array;
}

/** A new stream, from duals of an earlier run where given. Throws an InvariantError while the rate is not known. */
export function createStream(problem: Problem, start?: { readonly w: Float64Array; readonly mu: number }): StreamState {
  if (!(problem.rate > 0)) throw new InvariantError(`a stream needs a rate, got ${problem.rate}`);
  const { m, c, tolerance } = problem;
  const state = view(problem, new Float64Array(streamLength(m, c)));
  state.square.fill(FIRST_SQUARE);
  state.numbers[MU_SQUARE] = FIRST_SQUARE;
  if (start !== undefined) {
    state.w.set(start.w);
    state.numbers[MU] = start.mu;
    for (let j = 0; j < state.w.length; j++)
      if (!problem.conditional || j % (c + 1) === 0)
        state.norm[Math.floor(j / (c + 1))] += tolerance[j] * Math.abs(state.w[j]);
  }
  return state;
}

/** Numbers in the state of m attributes and c labels. */
export function streamLength(m: number, c: number): number {
  return SCALARS + 2 * m + 5 * m * (c + 1);
}

/** The state's numbers as little-endian bytes, bit for bit. */
export function encodeStream({ numbers }: StreamState): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(8 * numbers.length));
  for (let i = 0; i < numbers.length; i++) bytes.setFloat64(8 * i, numbers[i], true);
  return new Uint8Array(bytes.buffer);
}

/** The state of `encodeStream`'s bytes. Throws an InvariantError for a wrong length. */
export function decodeStream(problem: Problem, bytes: Uint8Array): StreamState {
  const from = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length / 8;
  if (length !== streamLength(problem.m, problem.c))
    throw new InvariantError(
      `stream state of ${bytes.length} bytes, expected ${8 * streamLength(problem.m, problem.c)}`,
    );
  return view(
    problem,
    Float64Array.from({ length }, (_, i) => from.getFloat64(8 * i, true)),
  );
}

/** Of two encoded states of one stream, the one with more steps; of equal ones, the greater bytes. Commutative and idempotent. */
export function latestStream(a: Uint8Array, b: Uint8Array): Uint8Array {
  const stepsOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getFloat64(8 * STEPS, true);
  const more = stepsOf(a) - stepsOf(b) || compareBytes(a, b);
  return more >= 0 ? a : b;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

/** The state of some numbers; shares their memory. */
function view(problem: Problem, numbers: Float64Array): StreamState {
  const { m, c } = problem;
  let at = SCALARS;
  const take = (length: number) => {
    at += length;
    return numbers.subarray(at - length, at);
  };
  const known = take(m);
  const norm = take(m);
  const J = m * (c + 1);
  return { problem, numbers, known, norm, w: take(J), square: take(J), total: take(J), seen: take(J), price: take(J) };
}

/** Examples seen. */
export function streamSteps(state: StreamState): number {
  return state.numbers[STEPS];
}

/** Sum of the step numbers 1..t: iterate t weighs t in the average, so that the poor early ones fade. */
function triangle(t: number): number {
  return (t * (t + 1)) / 2;
}

/**
 * Takes every row in order. `utility` is the raw column [rows] (null as NaN: 1); it is scaled by its running mean, that row's included.
 * Changes the state, allocates nothing.
 */
export function updateStream(state: StreamState, tags: Tags, utility?: Float64Array): void {
  const { problem, numbers, known, norm, w, square, total, seen, price } = state;
  const { m, c, target, tolerance, conditional, penalty: V, maximum: Q, rate } = problem;
  const { rows, attributes, offsets, labels } = tags;
  const width = c + 1;
  const before = numbers[STEPS];
  let mu = numbers[MU];
  let muSquare = numbers[MU_SQUARE];
  let muTotal = numbers[MU_AVERAGE];
  let utilitySum = numbers[UTILITY_SUM];
  let utilityCount = numbers[UTILITY_COUNT];
  for (let i = 0; i < rows; i++) {
    const step = before + i + 1;
    const begin = offsets[i];
    const end = offsets[i + 1];
    const weightBefore = triangle(step - 1);
    let margin = mu;
    for (let k = 0; k < m; k++) {
      const s = attributes[i * m + k];
      if (s === UNKNOWN) continue;
      const z = PROBABILITY[s] - target[k];
      const base = k * width;
      let sum = w[base];
      let own = 0;
      for (let p = begin; p < end; p++) {
        const j = base + 1 + labels[p];
        let dual = w[j];
        if (dual !== 0) {
          const eps = tolerance[j];
          if (!conditional) {
            const shrink = (STEP * eps * (known[k] - price[j])) / Math.sqrt(square[j]);
            const shrunk = dual > 0 ? Math.max(0, dual - shrink) : Math.min(0, dual + shrink);
            norm[k] += eps * (Math.abs(shrunk) - Math.abs(dual));
            dual = shrunk;
            w[j] = dual;
          } else own += eps * Math.abs(dual);
          total[j] += dual * (weightBefore - triangle(seen[j]));
        }
        seen[j] = step - 1;
        price[j] = known[k];
        sum += dual;
      }
      total[base] += w[base] * (weightBefore - triangle(seen[base]));
      seen[base] = step - 1;
      margin += z * sum - own - norm[k];
    }
    let u = 1;
    if (utility !== undefined) {
      const raw = utility[i];
      if (raw >= 0 && raw < Number.POSITIVE_INFINITY) {
        utilitySum += raw;
        utilityCount++;
        if (utilitySum > 0) u = (raw * utilityCount) / utilitySum;
      }
    }
    const q = Math.min(Q, Math.max(0, rate * u - margin));
    muTotal += mu * step;
    muSquare += (q - rate) * (q - rate);
    mu += (STEP * (q - rate)) / Math.sqrt(muSquare);
    if (q === 0) continue;
    for (let k = 0; k < m; k++) {
      const s = attributes[i * m + k];
      if (s === UNKNOWN) continue;
      const gradient = q * (PROBABILITY[s] - target[k]);
      const squared = gradient * gradient;
      const base = k * width;
      let change = move(w, square, base, gradient, squared, tolerance[base] * q, V) * tolerance[base];
      for (let p = begin; p < end; p++) {
        const j = base + 1 + labels[p];
        const grown = move(w, square, j, gradient, squared, conditional ? tolerance[j] * q : 0, V);
        if (!conditional) change += tolerance[j] * grown;
      }
      norm[k] += change;
      known[k] += q;
    }
  }
  numbers[STEPS] = before + rows;
  numbers[MU] = mu;
  numbers[MU_SQUARE] = muSquare;
  numbers[MU_AVERAGE] = muTotal;
  numbers[UTILITY_SUM] = utilitySum;
  numbers[UTILITY_COUNT] = utilityCount;
}

/** One AdaGrad step of a dual, and the shrink by `price` of its L1 term; returns by how much |w| grew. */
function move(
  w: Float64Array,
  square: Float64Array,
  j: number,
  gradient: number,
  squared: number,
  price: number,
  V: number,
): number {
  square[j] += squared;
  const tau = STEP / Math.sqrt(square[j]);
  const before = w[j];
  let dual = before + tau * gradient;
  if (price > 0) {
    const shrink = tau * price;
    dual = dual > shrink ? dual - shrink : dual < -shrink ? dual + shrink : 0;
  }
  dual = Math.max(-V, Math.min(V, dual));
  w[j] = dual;
  return Math.abs(dual) - Math.abs(before);
}

/** The averaged duals. mu is the average of its iterates: calibrate it afterwards. Leaves the state as it was. */
export function finishStream(state: StreamState): WeightDuals {
  return mergeStreams([state]);
}

/** The duals of the last iterate, with the shrink that is still due: those of the online mode. Leaves the state as it was. */
export function currentDuals(state: StreamState): WeightDuals {
  return { ...scale(state), w: state.w.map((_, j) => shrunk(state, j)), mu: state.numbers[MU] };
}

/** The average of the averaged duals of independent streams, weighted by their steps. Throws an InvariantError for none. */
export function mergeStreams(states: readonly StreamState[]): WeightDuals {
  if (states.length === 0) throw new InvariantError('no streams to merge');
  const { rate } = states[0].problem;
  const w = new Float64Array(states[0].w.length);
  let mu = 0;
  let steps = 0;
  let sum = 0;
  let count = 0;
  for (const state of states) {
    const { numbers, total, seen } = state;
    const t = numbers[STEPS];
    steps += t;
    sum += numbers[UTILITY_SUM];
    count += numbers[UTILITY_COUNT];
    for (let j = 0; j < w.length; j++) {
      const dual = shrunk(state, j);
      if (t === 0) continue;
      w[j] += (t * (total[j] + dual * (triangle(t) - triangle(seen[j])))) / triangle(t);
    }
    mu += t === 0 ? 0 : (t * numbers[MU_AVERAGE]) / triangle(t);
  }
  if (steps === 0) return { ...currentDuals(states[0]), rate };
  return { w: w.map((dual) => dual / steps), mu: mu / steps, rate, utilityMean: sum > 0 ? sum / count : 1 };
}

function scale({ problem, numbers }: StreamState): { rate: number; utilityMean: number } {
  const mean = numbers[UTILITY_SUM] / numbers[UTILITY_COUNT];
  return { rate: problem.rate, utilityMean: mean > 0 ? mean : 1 };
}

/** A dual after the shrink that is still due. */
function shrunk({ problem, known, w, square, price }: StreamState, j: number): number {
  const { c, conditional, tolerance } = problem;
  const k = Math.floor(j / (c + 1));
  if (conditional || j % (c + 1) === 0) return w[j];
  const shrink = (STEP * tolerance[j] * (known[k] - price[j])) / Math.sqrt(square[j]);
  return Math.sign(w[j]) * Math.max(0, Math.abs(w[j]) - shrink);
}
