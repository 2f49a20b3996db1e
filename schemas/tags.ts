/** s_k of one example: the perceived attribute is absent, present, or not known. */
export const ABSENT = 0;
export const PRESENT = 1;
export const UNKNOWN = 2;

/** A soft attribute is a probability p in steps of 1/64; value FIRST_SOFT + i is p = (i + 1)/64, and p of 0 or 1 is ABSENT or PRESENT. */
export const SOFT_STEPS = 64;
export const FIRST_SOFT = UNKNOWN + 1;
/** Values that an attribute may have. */
export const ATTRIBUTE_VALUES = FIRST_SOFT + SOFT_STEPS - 1;

/** The value of the step that is nearest to p in [0, 1]. */
export function softValue(p: number): number {
  const step = Math.round(p * SOFT_STEPS);
  return step === 0 ? ABSENT : step === SOFT_STEPS ? PRESENT : UNKNOWN + step;
}

/** [values] s of the spec: the probability that the attribute is present; NaN where it is not known. */
export const PROBABILITY = Float64Array.from({ length: ATTRIBUTE_VALUES }, (_, value) =>
  value < UNKNOWN ? value : value === UNKNOWN ? Number.NaN : (value - UNKNOWN) / SOFT_STEPS,
);

/** [values] the nearer of ABSENT and PRESENT, which a probability of a half counts as; UNKNOWN stays. */
export const NEARER = Uint8Array.from(PROBABILITY, (p) => (Number.isNaN(p) ? UNKNOWN : p >= 0.5 ? PRESENT : ABSENT));

/** Tags in which each soft attribute is the nearer of ABSENT and PRESENT: for what counts whole rows. */
export function hardened(tags: Tags): Tags {
  if (tags.rounding === undefined) return tags;
  const { rounding: _, ...rest } = tags;
  return { ...rest, attributes: tags.attributes.map((value) => NEARER[value]!) };
}

/** Labels are stored as uint16, so a data set has at most this many of them. */
export const MAXIMUM_LABELS = 65_535;

/** Adds one to `counts[code[row] * blocks + 1 + label]` for each label of each row. `code` [rows], `blocks` > any label + 1. */
export type LabelCounter = (code: Uint16Array, blocks: number, counts: Uint32Array) => void;

/** What the fit reads of a batch: attributes s and labels y (sparse, CSR). */
export interface Tags {
  readonly rows: number;
  /** [rows, m], row-major, each ABSENT, PRESENT, UNKNOWN or, of a soft attribute, a value from FIRST_SOFT on. */
  readonly attributes: Uint8Array;
  /** [rows + 1]: row i's labels are `labels[offsets[i]] .. labels[offsets[i + 1] - 1]`. */
  readonly offsets: Uint32Array;
  /** Label numbers, ascending and without repeats within a row. */
  readonly labels: Uint16Array;
  /** Counts the labels where that takes less than to make `offsets` and `labels`, which are then made when they are asked for. */
  readonly countLabels?: LabelCounter;
  /**
   * [rows] values of a row's attributes as digits in base 3, the last one lowest, where it takes less to make them than `attributes`, which are then made when
   * they are asked for. They hold until the next batch is tagged.
   */
  readonly codes?: Uint16Array;
  /** [rows, sources in all]: what each source of each attribute says; only straight from a tagger some of whose attributes merge sources. */
  readonly sources?: Uint8Array;
  /** [rows, m]: p less what its value stands for, 0 where that is exact; there where some attribute is soft. */
  readonly rounding?: Float32Array;
}

/** The names behind the numbers of Tags: m attributes and c labels. */
export interface TagNames {
  readonly attributes: readonly string[];
  readonly labels: readonly string[];
  /** Numbers of the soft attributes; absent where none is. */
  readonly soft?: readonly number[];
  /** Attributes that merge sources; absent where none does. */
  readonly merged?: readonly MergedNames[];
}

export interface MergedNames {
  readonly attribute: string;
  readonly sources: readonly string[];
  /** Where its sources begin in a row of `Tags.sources`. */
  readonly column: number;
}
