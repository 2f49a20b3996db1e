/** How good some duals are on rows: the primal value once mu is moved so that E[q] is the rate. */
import type { Tags } from '../schemas/tags.js';
import { calibratePatterns } from '../transforms/balance/calibrate.js';
import { addCertificate, certify, createCertificate } from '../transforms/balance/certificate.js';
import type { Problem } from '../transforms/balance/problem.js';

/** `utility` [rows] is taken as it is; `w` is [m * (c + 1)]. */
export function calibratedPrimal(problem: Problem, tags: Tags, utility: Float64Array, w: Float64Array): number {
  const { rate } = problem;
  const { rows } = tags;
  const starts = Uint32Array.from({ length: rows + 1 }, (_, i) => i);
  const share = new Float64Array(rows).fill(1 / rows);
  const mu = calibratePatterns({ tags, starts, share, utility }, w, problem);
  const duals = { w, mu, rate, utilityMean: 1 };
  const sums = createCertificate(problem);
  addCertificate(sums, tags, utility, duals, problem);
  return certify(sums, duals, problem).primal;
}
