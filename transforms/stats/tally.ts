/** All that one pass of `stats` learns of a data set. A commutative monoid, exact: equal rows give equal tallies, however they were cut. */
import { deserialize, serialize } from 'node:v8';
import type { Moments } from '../../schemas/moments.js';
import type { Unreadable } from '../read/losses.js';
import { type Agreements, emptyAgreements, mergeAgreements } from './agreement.js';
import {
  type CoOccurrences,
  decodeCoOccurrences,
  emptyCoOccurrences,
  encodeCoOccurrences,
  mergeCoOccurrences,
} from './co-occurrence.js';
import { decodeExamples, type ExampleSample, emptyExamples, encodeExamples, mergeExamples } from './examples.js';
import { emptyMoments, mergeMoments } from './moments.js';
import { decodeMoments, encodeMoments } from './moments-codec.js';
import { decodeSketch, emptySketch, encodeSketch, mergeSketches, type Sketch } from './sketch.js';
import { createSliceTable } from './slice-moments.js';
import type { ValueTable } from './value-table.js';
import { createWordTable } from './words.js';

/** Where there are weights, the rows that passed are counted by so many equal ranges of their random number: see `control.ts`. */
export const CONTROL_RANGES = 8;

export interface TallyShape {
  /** m */
  readonly attributes: number;
  /** c */
  readonly labels: number;
  /** Sources of each attribute that merges some. */
  readonly sources: readonly number[];
  /** Number of filters. */
  readonly filters: number;
  /** Number of drop codes in use; code 0 is kept. */
  readonly codes: number;
  readonly weighted: boolean;
  /** Number of columns of which quantiles are told. */
  readonly distributions: number;
  /** Example captions of each attribute, label and value; 0: none are kept. */
  readonly examples: number;
  /** Distinct words at most; 0: words are not counted. */
  readonly words: number;
  /** Number of slicings. */
  readonly slicings: number;
  /** Distinct values of a slicing at most. */
  readonly values: number;
}

export interface Tally {
  /** [filters] examples that left at each filter; then those that passed all, by range of their random number where there are weights. */
  readonly exits: Moments[];
  /** [codes] rows by drop code. */
  readonly drops: Float64Array;
  /** Rows that could not be read, in the order of global row numbers. */
  readonly unreadable: Unreadable[];
  readonly weighted: Moments | null;
  /** Of rows that a filter dropped, of those that passed, and of the latter weighted. */
  readonly coOccurrences: CoOccurrences[];
  /** Of all rows. */
  readonly agreements: Agreements;
  /** [distributions] of rows that a filter dropped, and [distributions] of those that passed. */
  readonly dropped: Sketch[];
  readonly kept: Sketch[];
  /** Weights of the rows that passed; missing ones are those that are null. */
  readonly weights: Sketch | null;
  /** Of rows that passed. */
  readonly examples: ExampleSample | null;
  readonly words: ValueTable | null;
  readonly slicings: ValueTable[];
}

function many<T>(length: number, make: () => T): T[] {
  return Array.from({ length }, make);
}

/** Ranges by which the rows that passed are counted. */
export function rangesOf(shape: Pick<TallyShape, 'weighted'>): number {
  return shape.weighted ? CONTROL_RANGES : 1;
}

export function emptyTally(shape: TallyShape): Tally {
  const { attributes, labels, weighted } = shape;
  const moments = () => emptyMoments(attributes, labels);
  return {
    exits: many(shape.filters + rangesOf(shape), moments),
    drops: new Float64Array(shape.codes),
    unreadable: [],
    weighted: weighted ? moments() : null,
    coOccurrences: many(weighted ? 3 : 2, () => emptyCoOccurrences(attributes)),
    agreements: emptyAgreements(shape.sources),
    dropped: many(shape.distributions, emptySketch),
    kept: many(shape.distributions, emptySketch),
    weights: weighted ? emptySketch() : null,
    examples: shape.examples > 0 ? emptyExamples({ attributes, labels, limit: shape.examples }) : null,
    words: shape.words > 0 ? createWordTable(attributes, shape.words) : null,
    slicings: many(shape.slicings, () => createSliceTable(attributes, weighted, shape.values)),
  };
}

interface Wire {
  readonly exits: Uint8Array[];
  readonly drops: Float64Array;
  readonly unreadable: Unreadable[];
  readonly weighted: Uint8Array | null;
  readonly coOccurrences: Uint8Array[];
  readonly agreements: Agreements;
  readonly dropped: Uint8Array[];
  readonly kept: Uint8Array[];
  readonly weights: Uint8Array | null;
  readonly examples: Uint8Array | null;
  readonly words: Uint8Array | null;
  readonly slicings: Uint8Array[];
}

export function encodeTally(tally: Tally): Uint8Array {
  const wire: Wire = {
    exits: tally.exits.map(encodeMoments),
    drops: tally.drops,
    unreadable: tally.unreadable,
    weighted: tally.weighted && encodeMoments(tally.weighted),
    coOccurrences: tally.coOccurrences.map(encodeCoOccurrences),
    agreements: tally.agreements,
    dropped: tally.dropped.map(encodeSketch),
    kept: tally.kept.map(encodeSketch),
    weights: tally.weights && encodeSketch(tally.weights),
    examples: tally.examples && encodeExamples(tally.examples),
    words: tally.words?.encode() ?? null,
    slicings: tally.slicings.map((table) => table.encode()),
  };
  return new Uint8Array(serialize(wire));
}

/** Adds a tally of the same shape, as `encodeTally` wrote it. */
export function addTally(into: Tally, bytes: Uint8Array): void {
  const from = deserialize(new Uint8Array(bytes)) as Wire;
  from.exits.forEach((some, i) => void mergeMoments(into.exits[i], decodeMoments(some)));
  from.drops.forEach((rows, code) => {
    into.drops[code] += rows;
  });
  into.unreadable.push(...from.unreadable);
  into.unreadable.sort((a, b) => a.firstRow - b.firstRow);
  if (into.weighted && from.weighted) mergeMoments(into.weighted, decodeMoments(from.weighted));
  from.coOccurrences.forEach((some, i) => {
    mergeCoOccurrences(into.coOccurrences[i], decodeCoOccurrences(some, into.coOccurrences[i].attributes));
  });
  mergeAgreements(into.agreements, from.agreements);
  from.dropped.forEach((some, i) => void mergeSketches(into.dropped[i], decodeSketch(some)));
  from.kept.forEach((some, i) => void mergeSketches(into.kept[i], decodeSketch(some)));
  if (into.weights && from.weights) mergeSketches(into.weights, decodeSketch(from.weights));
  if (into.examples && from.examples) mergeExamples(into.examples, decodeExamples(from.examples, into.examples));
  if (into.words && from.words) into.words.add(from.words);
  from.slicings.forEach((some, i) => {
    into.slicings[i].add(some);
  });
}
