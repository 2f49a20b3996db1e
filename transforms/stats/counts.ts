/** What the first pass learns beside the patterns: moments by exit, drops by reason, example captions. A commutative monoid, exact. */
import { deserialize, serialize } from 'node:v8';
import { InvariantError } from '../../schemas/errors.js';
import type { Moments } from '../../schemas/moments.js';
import type { Unreadable } from '../read/losses.js';
import { type Agreements, emptyAgreements, mergeAgreements } from './agreement.js';
import {
  decodeExamples,
  type ExampleSample,
  type ExampleShape,
  emptyExamples,
  encodeExamples,
  mergeExamples,
} from './examples.js';
import { emptyMoments, mergeMoments } from './moments.js';
import { decodeMoments, encodeMoments } from './moments-codec.js';

export interface Shape {
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
  /** Example captions of each attribute, label and value; 0: none. */
  readonly examples: number;
}

export interface Counts {
  /** [filters + 1]: examples that left at each filter, and then those that passed all. */
  readonly exits: Moments[];
  /** [codes] rows by drop code. */
  readonly drops: Float64Array;
  /** Of all rows. */
  readonly agreements: Agreements;
  /** Rows that could not be read, in the order of global row numbers. */
  readonly unreadable: Unreadable[];
  /** Captions of rows that passed all filters; null where none are kept. */
  readonly examples: ExampleSample | null;
}

export function emptyCounts(shape: Shape): Counts {
  return {
    exits: Array.from({ length: shape.filters + 1 }, () => emptyMoments(shape.attributes, shape.labels)),
    drops: new Float64Array(shape.codes),
    agreements: emptyAgreements(shape.sources),
    unreadable: [],
    examples:
      shape.examples > 0
        ? emptyExamples({ attributes: shape.attributes, labels: shape.labels, limit: shape.examples })
        : null,
  };
}

/** Adds `from` to `into`. Throws InvariantError where they were counted for different jobs. */
export function mergeCounts(into: Counts, from: Counts): void {
  if (into.exits.length !== from.exits.length || into.drops.length !== from.drops.length) {
    throw new InvariantError(`counts of ${from.exits.length} exits into ${into.exits.length}`);
  }
  from.exits.forEach((moments, i) => void mergeMoments(into.exits[i], moments));
  for (let code = 0; code < into.drops.length; code++) into.drops[code] += from.drops[code];
  mergeAgreements(into.agreements, from.agreements);
  into.unreadable.push(...from.unreadable);
  into.unreadable.sort((a, b) => a.firstRow - b.firstRow);
  if (into.examples && from.examples) mergeExamples(into.examples, from.examples);
}

interface Wire {
  readonly exits: Uint8Array[];
  readonly drops: Float64Array;
  readonly agreements: Agreements;
  readonly unreadable: Unreadable[];
  readonly examples: { readonly shape: ExampleShape; readonly bytes: Uint8Array } | null;
}

const shapeOf = ({ attributes, labels, limit }: ExampleShape): ExampleShape => ({ attributes, labels, limit });

export function encodeCounts(counts: Counts): Uint8Array {
  const wire: Wire = {
    exits: counts.exits.map(encodeMoments),
    drops: counts.drops,
    agreements: counts.agreements,
    unreadable: counts.unreadable,
    examples: counts.examples && { shape: shapeOf(counts.examples), bytes: encodeExamples(counts.examples) },
  };
  return new Uint8Array(serialize(wire));
}

export function decodeCounts(bytes: Uint8Array): Counts {
  const { exits, examples, ...rest } = deserialize(new Uint8Array(bytes)) as Wire;
  return {
    ...rest,
    exits: exits.map(decodeMoments),
    examples: examples && decodeExamples(examples.bytes, examples.shape),
  };
}
