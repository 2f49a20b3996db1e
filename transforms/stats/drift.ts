/** Drift between two states: a two-sample test of every figure, and control of the false discoveries among them. */
import { columnOf, EVERY, type Moments } from '../../schemas/moments.js';
import type { Drift } from '../../schemas/stats-diff.js';
import type { StateSet } from '../../schemas/stats-state.js';
import { ABSENT, PRESENT } from '../../schemas/tags.js';
import { effective, pairSupport } from './measures.js';
import { cellOf } from './moments.js';
import { normalTail } from './normal.js';

/** A share, and how many (effective) examples it is of. */
export interface Sample {
  readonly share: number;
  readonly n: number;
}

/** A figure on both sides before it is judged with the others. */
export type Tested = Omit<Drift, 'q' | 'drifted'>;

/** Variance of the difference of two shares that are the same: pooled. */
function pooledVariance(a: Sample, b: Sample): number {
  const pooled = (a.share * a.n + b.share * b.n) / (a.n + b.n);
  return pooled * (1 - pooled) * (1 / a.n + 1 / b.n);
}

/**
 * z of the difference of two shares (score test: the variance is that of equal shares), or, with two samples on each side, of the
 * difference of two differences. 0 where nothing varies.
 */
export function driftStatistic(before: readonly Sample[], after: readonly Sample[]): number {
  const value = (samples: readonly Sample[]) => samples[0].share - (samples[1]?.share ?? 0);
  const variance = before.reduce((sum, sample, i) => sum + pooledVariance(sample, after[i]), 0);
  const difference = value(after) - value(before);
  return variance > 0 ? difference / Math.sqrt(variance) : 0;
}

/** P(|Z| >= |z|) of a standard normal Z. */
export function twoSidedP(z: number): number {
  return Math.min(1, 2 * normalTail(Math.abs(z)));
}

/**
 * Benjamini and Hochberg's adjusted p values (J. R. Statist. Soc. B 57 (1995) 289-300): those that are at most `rate` are the discoveries of which
 * at most the share `rate`, on average, is false.
 */
export function benjaminiHochberg(p: readonly number[]): number[] {
  const order = p.map((_, i) => i).sort((a, b) => p[a] - p[b]);
  const q = new Array<number>(p.length);
  let least = 1;
  for (let rank = order.length; rank >= 1; rank--) {
    const i = order[rank - 1];
    least = Math.min(least, (p[i] * p.length) / rank);
    q[i] = least;
  }
  return q;
}

function sampleOf(part: { weight: number }, whole: Parameters<typeof effective>[0]): Sample {
  return { share: whole.weight > 0 ? Math.min(1, part.weight / whole.weight) : Number.NaN, n: effective(whole) };
}

const plus = (a: ReturnType<typeof cellOf>, b: ReturnType<typeof cellOf>) => ({
  support: a.support + b.support,
  weight: a.weight + b.weight,
  squares: a.squares + b.squares,
});

export interface DriftStage {
  readonly name: string;
  readonly moments: Moments;
}

/** A data set as it is compared. */
export interface DriftSet {
  readonly set: Pick<StateSet, 'name' | 'attributes' | 'labels'>;
  readonly stages: readonly DriftStage[];
}

/** Figures of a stage: which, and the samples behind it; null where its support is less than the minimum. */
interface Figure {
  readonly figure: Drift['figure'];
  readonly attribute: string | null;
  readonly label: string | null;
  readonly samples: readonly Sample[] | null;
}

function* figuresOf({ set, stages }: DriftSet, { moments }: DriftStage, minimumSupport: number): Generator<Figure> {
  const all = cellOf(moments, EVERY);
  const read = cellOf(stages[0].moments, EVERY);
  const enough = (sample: Sample) => (sample.n >= minimumSupport ? [sample] : null);
  if (moments !== stages[0].moments) {
    const kept = { share: read.support > 0 ? Math.min(1, all.support / read.support) : Number.NaN, n: read.support };
    yield { figure: 'kept', attribute: null, label: null, samples: enough(kept) };
  }
  for (const [k, { name: attribute }] of set.attributes.entries()) {
    const [absent, present] = [cellOf(moments, columnOf(k, ABSENT)), cellOf(moments, columnOf(k, PRESENT))];
    const known = plus(absent, present);
    const unknown = { weight: Math.max(0, all.weight - known.weight) };
    yield { figure: 'unknown', attribute, label: null, samples: enough(sampleOf(unknown, all)) };
    yield { figure: 'representation', attribute, label: null, samples: enough(sampleOf(present, known)) };
    for (const [r, label] of set.labels.entries()) {
      const [label0, label1] = [
        cellOf(moments, columnOf(k, ABSENT), r + 1),
        cellOf(moments, columnOf(k, PRESENT), r + 1),
      ];
      const samples = [sampleOf(label1, present), sampleOf(label0, absent)];
      yield {
        figure: 'association',
        attribute,
        label,
        samples: pairSupport(moments, k, r) >= minimumSupport ? samples : null,
      };
    }
  }
  for (const [r, label] of set.labels.entries()) {
    const carried = cellOf(moments, EVERY, r + 1);
    const samples = carried.support >= minimumSupport ? [sampleOf(carried, all)] : null;
    yield { figure: 'label', attribute: null, label, samples };
  }
}

const keyOf = ({ figure, attribute, label }: Figure) => JSON.stringify([figure, attribute, label]);

/** Tests every figure that two data sets share, stage by stage. A figure whose support is less than the minimum on both sides is not. */
export function compareSets(
  before: DriftSet,
  after: DriftSet,
  minimumSupport: number,
): { tested: Tested[]; untested: number } {
  const tested: Tested[] = [];
  let untested = 0;
  for (const stage of before.stages) {
    const same = after.stages.find(({ name }) => name === stage.name);
    if (same === undefined) continue;
    const others = new Map([...figuresOf(after, same, minimumSupport)].map((figure) => [keyOf(figure), figure]));
    for (const figure of figuresOf(before, stage, minimumSupport)) {
      const other = others.get(keyOf(figure));
      if (other === undefined) continue;
      if (figure.samples === null || other.samples === null) {
        untested++;
        continue;
      }
      tested.push(testOf(before.set.name, stage.name, figure, figure.samples, other.samples));
    }
  }
  return { tested, untested };
}

function testOf(
  set: string,
  stage: string,
  figure: Figure,
  before: readonly Sample[],
  after: readonly Sample[],
): Tested {
  const value = (samples: readonly Sample[]) => samples[0].share - (samples[1]?.share ?? 0);
  const support = (samples: readonly Sample[]) => samples.reduce((sum, { n }) => sum + n, 0);
  const z = driftStatistic(before, after);
  return {
    set,
    stage,
    figure: figure.figure,
    attribute: figure.attribute,
    label: figure.label,
    before: value(before),
    after: value(after),
    difference: value(after) - value(before),
    supportBefore: support(before),
    supportAfter: support(after),
    z,
    p: twoSidedP(z),
  };
}
