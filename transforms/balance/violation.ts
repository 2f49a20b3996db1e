/** Which constraints some weights leave violated, and by how much. */
import { slacks } from './moments.js';
import type { Problem } from './problem.js';

export interface Violation {
  /** Attribute number. */
  readonly attribute: number;
  /** Label number; null for the attribute's own representation. */
  readonly label: number | null;
  /** |E[q phi]| - eps E[q kappa (y)], above 0. */
  readonly violation: number;
}

/** Rounding of sums of weights that meet a constraint exactly. */
const NO_VIOLATION = 1e-9;

/** The violated constraints, worst first (ties by attribute, label), from sums of weights laid out as in marginTable. */
export function violations(problem: Problem, sums: Float64Array): Violation[] {
  const { moment, allowance } = slacks(problem, sums);
  const width = problem.c + 1;
  const found: Violation[] = [];
  for (let j = 0; j < moment.length; j++) {
    const violation = Math.abs(moment[j]) - allowance[j];
    if (violation <= NO_VIOLATION) continue;
    const r = j % width;
    found.push({ attribute: Math.floor(j / width), label: r === 0 ? null : r - 1, violation });
  }
  return found.sort(
    (a, b) => b.violation - a.violation || a.attribute - b.attribute || (a.label ?? -1) - (b.label ?? -1),
  );
}
