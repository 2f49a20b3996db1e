/** What the first pass learns beside the patterns: moments by exit, drops by reason. A commutative monoid, exact. */
import { deserialize, serialize } from 'node:v8';
import { InvariantError } from '../../schemas/errors.js';
import type { Moments } from '../../schemas/moments.js';
import type { Unreadable } from '../read/losses.js';
import { type Agreements, emptyAgreements, mergeAgreements } from './agreement.js';
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
}

export function emptyCounts(shape: Shape): Counts {
  return {
    exits: Array.from({ length: shape.filters + 1 }, () => emptyMoments(shape.attributes, shape.labels)),
    drops: new Float64Array(shape.codes),
    agreements: emptyAgreements(shape.sources),
    unreadable: [],
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
}

interface Wire {
  readonly exits: Uint8Array[];
  readonly drops: Float64Array;
  readonly agreements: Agreements;
  readonly unreadable: Unreadable[];
}

export function encodeCounts(counts: Counts): Uint8Array {
  const wire: Wire = {
    exits: counts.exits.map(encodeMoments),
    drops: counts.drops,
    agreements: counts.agreements,
    unreadable: counts.unreadable,
  };
  return new Uint8Array(serialize(wire));
}

export function decodeCounts(bytes: Uint8Array): Counts {
  const wire = deserialize(new Uint8Array(bytes)) as Wire;
  return { ...wire, exits: wire.exits.map(decodeMoments) };
}
