import type { Drift } from '../../schemas/stats-diff.js';
import { LABELS } from './bigquery-run.js';

/** A figure that `diff` may have found. */
export const DRIFT: Drift = {
  set: 'data',
  stage: 'raw',
  figure: 'association',
  attribute: 'female',
  label: LABELS[1]!,
  before: 0.1,
  after: 0.2,
  difference: 0.1,
  supportBefore: 600,
  supportAfter: 590.5,
  z: 3.5,
  p: 0.0005,
  q: 0.001,
  drifted: true,
};
