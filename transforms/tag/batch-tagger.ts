/** Tags batches by sources that are bound to their columns. */
import type { RecordBatch } from 'apache-arrow';
import { ABSENT, type LabelCounter, PRESENT, type Tags, UNKNOWN } from '../../schemas/tags.js';
import { fillSoft } from './columns.js';
import { LabelRows } from './label-rows.js';
import { type Merging, mergeSources } from './merge.js';
import type { BatchSink, TagSource } from './source.js';

/** What is asked of a batch. */
export interface Bound {
  /** m */
  readonly attributes: number;
  /** Sources of all attributes. */
  readonly sources: number;
  /** Sources of attributes, or of both attributes and labels. */
  readonly others: readonly TagSource[];
  /** Sources of labels only. */
  readonly labels: readonly TagSource[];
  /** Whether there are labels, each of them from one of `labels`: they can be counted source by source. */
  readonly countable: boolean;
  /** [m], undefined where an attribute has one source. */
  readonly mergings: readonly (Merging | undefined)[];
  /** Columns of probabilities. */
  readonly softs: readonly { readonly column: string; readonly source: number; readonly attribute: number }[];
}

/** Values of an attribute that is not soft, and the attributes whose codes 16 bits hold. */
const CODE_BASE = UNKNOWN + 1;
const MAXIMUM_CODED = 10;

/** Of sources that tell labels only. */
const NO_VALUES = new Uint8Array(0);

/** [4]: attribute value by evidence (bits OWN, OTHER). */
const VALUE_OF_EVIDENCE = Uint8Array.of(UNKNOWN, PRESENT, ABSENT, UNKNOWN);

/** Evidence becomes attribute values, in place. */
function toValues(evidence: Uint8Array): void {
  for (let i = 0; i < evidence.length; i++) evidence[i] = VALUE_OF_EVIDENCE[evidence[i]!]!;
}

/** The one that tags batches, one after another. */
export function batchTagger(bound: Bound): (batch: RecordBatch) => Tags {
  const { attributes: m, sources, others, labels, countable, mergings, softs } = bound;
  const all = [...others, ...labels];
  const merges = mergings.some((merging) => merging !== undefined);
  const found = new LabelRows();
  let begun: RecordBatch | undefined;
  /** Memory of the last batch's codes. */
  let spare = new Uint16Array(0);

  function begin(batch: RecordBatch): void {
    if (begun === batch) return;
    for (const source of all) source.begin(batch);
    begun = batch;
  }

  /** What some of the sources say of a batch; its labels are in `found` then. */
  function ask(asked: readonly TagSource[], batch: RecordBatch, values: Uint8Array): void {
    const rows = batch.numRows;
    let current = 0;
    found.clear();
    const sink: BatchSink = {
      attributes: values,
      attributeCount: sources,
      push: (label) => found.add(current, label),
      add: (row, label) => found.add(row, label),
    };
    begin(batch);
    const byRow = asked.filter((source) => source.tagAll?.(rows, sink) !== true);
    if (byRow.length === 0) return;
    for (; current < rows; current++) for (let s = 0; s < byRow.length; s++) byRow[s]!.tag(current, sink);
  }

  /** The attributes of a batch as codes, where each source tells them so. */
  function codesOf(batch: RecordBatch): Uint16Array | undefined {
    const each = others.length === m && m <= MAXIMUM_CODED && others.every((source) => source.addCodes);
    if (!each || merges || softs.length > 0) return undefined;
    if (spare.length < batch.numRows) spare = new Uint16Array(batch.numRows);
    const codes = spare.subarray(0, batch.numRows).fill(0);
    const factorOf = (attribute: number) => CODE_BASE ** (m - 1 - attribute);
    return others.every((source) => source.addCodes!(codes, factorOf)) ? codes : undefined;
  }

  /** How the labels of a batch are counted, where each source can. */
  function counterOf(rows: number): LabelCounter | undefined {
    if (!countable) return undefined;
    const counters = labels.map((source) => source.counter?.(rows));
    if (counters.includes(undefined)) return undefined;
    return (...counted) => {
      for (const count of counters) count!(...counted);
    };
  }

  function attributesOf(batch: RecordBatch, asked: readonly TagSource[]): Uint8Array {
    const values = new Uint8Array(batch.numRows * sources);
    ask(asked, batch, values);
    toValues(values);
    return values;
  }

  function labelsOf(batch: RecordBatch): ReturnType<LabelRows['byRow']> {
    ask(labels, batch, NO_VALUES);
    return found.byRow(batch.numRows);
  }

  return (batch) => {
    const rows = batch.numRows;
    begin(batch);
    const codes = codesOf(batch);
    const countLabels = codes && counterOf(rows);
    if (codes !== undefined && countLabels !== undefined) {
      return lazyTags(
        { rows, codes, countLabels },
        () => attributesOf(batch, others),
        () => labelsOf(batch),
      );
    }
    const values = attributesOf(batch, all);
    const rounding = softs.length > 0 ? new Float32Array(rows * m) : undefined;
    for (const { column, source, attribute } of softs) {
      const to = { of: values, at: source, step: sources };
      fillSoft(batch, column, to, { of: rounding!, at: attribute, step: m });
    }
    const rest = { ...found.byRow(rows), ...(rounding && { rounding }) };
    if (!merges) return { rows, attributes: values, ...rest };
    return { rows, attributes: mergeSources(rows, values, mergings), sources: values, ...rest };
  };
}

/** Tags whose rows are made when they are asked for. */
function lazyTags(
  counted: Required<Pick<Tags, 'rows' | 'codes' | 'countLabels'>>,
  makeAttributes: () => Uint8Array,
  makeLabels: () => Pick<Tags, 'offsets' | 'labels'>,
): Tags {
  let attributes: Uint8Array | undefined;
  let labels: Pick<Tags, 'offsets' | 'labels'> | undefined;
  const byRow = () => {
    labels ??= makeLabels();
    return labels;
  };
  return {
    ...counted,
    get attributes() {
      attributes ??= makeAttributes();
      return attributes;
    },
    get offsets() {
      return byRow().offsets;
    },
    get labels() {
      return byRow().labels;
    },
  };
}
