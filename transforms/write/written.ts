/** What writing learns of some shards: files, moments of the weighted examples, certificate. A commutative monoid, exact. */
import { deserialize, serialize } from 'node:v8';
import type { Moments } from '../../schemas/moments.js';
import { type CertificateSums, createCertificate, mergeCertificates } from '../balance/certificate.js';
import type { Unreadable } from '../read/losses.js';
import {
  decodeHistogram,
  emptyHistogram,
  encodeHistogram,
  mergeHistograms,
  type WeightHistogram,
} from '../stats/histogram.js';
import { emptyMoments, mergeMoments } from '../stats/moments.js';
import { decodeMoments, encodeMoments } from '../stats/moments-codec.js';
import type { PartFile } from './part.js';
import type { SpillFile } from './spill.js';

export interface Written {
  /** Files by shard, ascending. */
  readonly shards: { readonly index: number; readonly files: readonly PartFile[] }[];
  /** Rows that are yet to be shuffled, in the order of the input. */
  readonly spills: SpillFile[];
  /** [codes] rows by final drop code; code 0: written at least once. */
  readonly drops: Float64Array;
  readonly unreadable: Unreadable[];
  readonly balanced: Moments;
  readonly resampled: Moments;
  readonly random: Moments;
  readonly weights: WeightHistogram;
  readonly certificate: CertificateSums;
  /** Of the rows that were written, as `encodeSchema` has it, without training columns: one, and the same for all; none where there was no row. */
  schema: Uint8Array | undefined;
}

export interface WrittenShape {
  /** m */
  readonly attributes: number;
  /** c */
  readonly labels: number;
  /** Number of final drop codes. */
  readonly codes: number;
  /** Q */
  readonly maximum: number;
}

export function emptyWritten({ attributes, labels, codes, maximum }: WrittenShape): Written {
  return {
    shards: [],
    spills: [],
    drops: new Float64Array(codes),
    unreadable: [],
    balanced: emptyMoments(attributes, labels),
    resampled: emptyMoments(attributes, labels),
    random: emptyMoments(attributes, labels),
    weights: emptyHistogram(maximum),
    certificate: createCertificate({ m: attributes, c: labels }),
    schema: undefined,
  };
}

/** Adds `from` to `into`. */
export function mergeWritten(into: Written, from: Written): void {
  into.shards.push(...from.shards);
  into.shards.sort((a, b) => a.index - b.index);
  into.spills.push(...from.spills);
  into.spills.sort((a, b) => a.index - b.index || a.run - b.run);
  for (let code = 0; code < into.drops.length; code++) into.drops[code] += from.drops[code];
  into.unreadable.push(...from.unreadable);
  into.unreadable.sort((a, b) => a.firstRow - b.firstRow);
  mergeMoments(into.balanced, from.balanced);
  mergeMoments(into.resampled, from.resampled);
  mergeMoments(into.random, from.random);
  mergeHistograms(into.weights, from.weights);
  mergeCertificates(into.certificate, from.certificate);
  into.schema ??= from.schema;
}

export function encodeWritten(written: Written): Uint8Array {
  const { balanced, resampled, random, weights, ...plain } = written;
  const moments = [balanced, resampled, random].map(encodeMoments);
  return new Uint8Array(serialize({ ...plain, moments, weights: encodeHistogram(weights) }));
}

export function decodeWritten(bytes: Uint8Array): Written {
  const { moments, weights, ...plain } = deserialize(new Uint8Array(bytes));
  const [balanced, resampled, random] = (moments as Uint8Array[]).map(decodeMoments);
  return { ...plain, balanced, resampled, random, weights: decodeHistogram(weights) };
}
