/** How right tags are: rows counted by truth and tag, as a whole and by slice. A commutative monoid, exact; and the figures that are read from it. */

import { InputError } from '../../schemas/errors.js';
import type { TagBias, TagFigures, TagSlice } from '../../schemas/evaluation.js';
import { ABSENT, PRESENT, type Tags, UNKNOWN } from '../../schemas/tags.js';
import { newcombe, wilson } from './intervals.js';

const STATES = UNKNOWN + 1;
/** Cells of one attribute: cell truth * 3 + tag. */
export const CELLS = STATES * STATES;

/** An attribute's places among the tags: what the tagger says, and the truth. */
export interface Judged {
  readonly tag: number;
  readonly truth: number;
}

/** Cells of all attributes, [attributes * CELLS], of all rows and by value of each slicing; '' where a row has none. */
export interface Confusions {
  readonly attributes: number;
  readonly whole: Float64Array;
  readonly slicings: readonly Map<string, Float64Array>[];
}

export function emptyConfusions(attributes: number, slicings: number): Confusions {
  return {
    attributes,
    whole: new Float64Array(attributes * CELLS),
    slicings: Array.from({ length: slicings }, () => new Map()),
  };
}

/** Throws InputError where a slicing has more than `limit` values. */
function cellsOf({ attributes, slicings }: Confusions, slicing: number, value: string, limit: number): Float64Array {
  const byValue = slicings[slicing]!;
  let cells = byValue.get(value);
  if (cells === undefined) {
    if (byValue.size >= limit) {
      throw new InputError('too many slices', {
        place: `slicing ${slicing + 1}`,
        expected: `at most ${limit} values`,
        got: 'more',
        hint: 'Slice by a column of fewer values, or raise stats.values.',
      });
    }
    cells = new Float64Array(attributes * CELLS);
    byValue.set(value, cells);
  }
  return cells;
}

/**
 * Counts the rows of a batch; returns `into`. Throws InputError where a slicing then has more than `limit` values.
 * @param drop [rows], 0 where the row passed the filters: only those are counted
 * @param sliceOf the value of a row in each slicing
 */
export function addConfusions(
  into: Confusions,
  judged: readonly Judged[],
  { rows, attributes }: Pick<Tags, 'rows' | 'attributes'>,
  drop: Uint8Array,
  sliceOf: (slicing: number, row: number) => string,
  limit: number,
): Confusions {
  const width = rows === 0 ? 0 : attributes.length / rows;
  for (let row = 0; row < rows; row++) {
    if (drop[row] !== 0) continue;
    const slices = into.slicings.map((_, s) => cellsOf(into, s, sliceOf(s, row), limit));
    judged.forEach(({ tag, truth }, k) => {
      const at = k * CELLS + attributes[row * width + truth]! * STATES + attributes[row * width + tag]!;
      into.whole[at]!++;
      for (const cells of slices) cells[at]!++;
    });
  }
  return into;
}

/** Adds `from`, of the same shape, to `into` and returns `into`. Throws InputError where a slicing then has more than `limit` values. */
export function mergeConfusions(into: Confusions, from: Confusions, limit: number): Confusions {
  const add = (to: Float64Array, cells: Float64Array) => {
    for (let i = 0; i < to.length; i++) to[i]! += cells[i]!;
  };
  add(into.whole, from.whole);
  from.slicings.forEach((byValue, s) => {
    for (const [value, cells] of byValue) add(cellsOf(into, s, value, limit), cells);
  });
  return into;
}

interface Rate {
  readonly value: number | null;
  readonly of: number;
  readonly interval: { readonly low: number; readonly high: number };
}

function rateOf(n: number, of: number, z: number): Rate {
  return { value: of > 0 ? n / of : null, of, interval: wilson(of > 0 ? n / of : 0.5, of, z) };
}

function differenceOf(a: Rate, b: Rate, z: number) {
  return {
    value: a.value === null || b.value === null ? null : a.value - b.value,
    interval: newcombe(a.value ?? 0.5, a.of, b.value ?? 0.5, b.of, z),
  };
}

/** Figures of one attribute from its cells, [CELLS]; `z` is the two-sided normal quantile of the intervals. */
export function tagFigures(cells: ArrayLike<number>, z: number): TagFigures {
  const byTag = (truth: number) => ({
    present: cells[truth * STATES + PRESENT]!,
    absent: cells[truth * STATES + ABSENT]!,
    unknown: cells[truth * STATES + UNKNOWN]!,
  });
  const [present, absent, none] = [byTag(PRESENT), byTag(ABSENT), byTag(UNKNOWN)];
  const all = (of: typeof present) => of.present + of.absent + of.unknown;
  const told = (of: typeof present) => of.present + of.absent;
  const labelled = all(present) + all(absent);
  const allTold = told(present) + told(absent);
  return {
    labelled,
    unlabelled: all(none),
    confusion: { present, absent },
    coverage: rateOf(allTold, labelled, z),
    accuracy: rateOf(present.present + absent.absent, allTold, z),
    present: {
      precision: rateOf(present.present, present.present + absent.present, z),
      recall: rateOf(present.present, all(present), z),
    },
    absent: {
      precision: rateOf(absent.absent, present.absent + absent.absent, z),
      recall: rateOf(absent.absent, all(absent), z),
    },
    falseNegatives: rateOf(present.absent, told(present), z),
    falsePositives: rateOf(absent.present, told(absent), z),
    shares: {
      truth: rateOf(all(present), labelled, z),
      tagged: rateOf(present.present + absent.present, allTold, z),
    },
  };
}

/** The bias of the tagger between the two values of the attribute. */
export function tagBias({ falseNegatives, falsePositives, confusion }: TagFigures, z: number): TagBias {
  const covered = ({ present, absent, unknown }: TagFigures['confusion']['present']) =>
    rateOf(present + absent, present + absent + unknown, z);
  return {
    error: differenceOf(falseNegatives, falsePositives, z),
    coverage: differenceOf(covered(confusion.present), covered(confusion.absent), z),
  };
}

/**
 * The figures of attribute k in each value of a slicing, those with the most labelled rows first, against all other rows.
 * @param z of the figures; `zAll` of the differences to the rest, which hold for all values at once
 */
export function tagSlices(confusions: Confusions, slicing: number, k: number, z: number, zAll: number): TagSlice[] {
  const ofAttribute = (cells: Float64Array) => cells.subarray(k * CELLS, (k + 1) * CELLS);
  const whole = ofAttribute(confusions.whole);
  const slices = [...confusions.slicings[slicing]!].map(([value, all]) => {
    const cells = ofAttribute(all);
    const figures = tagFigures(cells, z);
    const rest = tagFigures(
      whole.map((n, i) => n - cells[i]!),
      z,
    );
    const toRest = (of: 'falseNegatives' | 'falsePositives' | 'coverage') => differenceOf(figures[of], rest[of], zAll);
    return {
      value: value === '' ? null : value,
      ...figures,
      bias: tagBias(figures, z),
      toRest: {
        falseNegatives: toRest('falseNegatives'),
        falsePositives: toRest('falsePositives'),
        coverage: toRest('coverage'),
      },
    };
  });
  const key = ({ value }: TagSlice) => value ?? '';
  return slices.sort((a, b) => b.labelled - a.labelled || (key(a) < key(b) ? -1 : 1));
}
