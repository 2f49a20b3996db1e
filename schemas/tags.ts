/** s_k of one example: the perceived attribute is absent, present, or not known. */
export const ABSENT = 0;
export const PRESENT = 1;
export const UNKNOWN = 2;

/** Labels are stored as uint16, so a data set has at most this many of them. */
export const MAXIMUM_LABELS = 65_535;

/** What the fit reads of a batch: attributes s and labels y (sparse, CSR). */
export interface Tags {
  readonly rows: number;
  /** [rows, m], row-major, each ABSENT, PRESENT or UNKNOWN. */
  readonly attributes: Uint8Array;
  /** [rows + 1]: row i's labels are `labels[offsets[i]] .. labels[offsets[i + 1] - 1]`. */
  readonly offsets: Uint32Array;
  /** Label numbers, ascending and without repeats within a row. */
  readonly labels: Uint16Array;
  /** [rows, sources in all]: what each source of each attribute says; only straight from a tagger some of whose attributes merge sources. */
  readonly sources?: Uint8Array;
}

/** The names behind the numbers of Tags: m attributes and c labels. */
export interface TagNames {
  readonly attributes: readonly string[];
  readonly labels: readonly string[];
  /** Attributes that merge sources; absent where none does. */
  readonly merged?: readonly MergedNames[];
}

export interface MergedNames {
  readonly attribute: string;
  readonly sources: readonly string[];
  /** Where its sources begin in a row of `Tags.sources`. */
  readonly column: number;
}
