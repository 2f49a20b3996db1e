/** What `diff` tells of two states: a pure function. */
import { DIFF_VERSION, type Diff } from '../../schemas/stats-diff.js';
import type { State, StateSet } from '../../schemas/stats-state.js';
import { benjaminiHochberg, compareSets, type DriftSet } from './drift.js';
import type { NamedState } from './merge-states.js';
import { MAXIMUM_LISTED, rounded } from './report.js';
import { tallyOf } from './state.js';
import { stagesOf } from './stats-report.js';
import { pairStagesOf } from './stats-stages.js';

export interface DiffOptions {
  /** Share of false ones among the drifts that are told, on average, at most. */
  readonly falseDiscoveryRate: number;
  /** A figure that moved by less counts as not drifted. */
  readonly leastDifference: number;
  /** Left out: that of the first state. */
  readonly minimumSupport?: number | undefined;
}

/** Stages that are random choices of rows, which differ from run to run by design. */
const RANDOM_STAGES = ['random', 'resampled'];

function driftSet(set: StateSet): DriftSet {
  const stages = pairStagesOf(stagesOf(set, tallyOf(set)), set.filters.length);
  return { set, stages: stages.filter(({ name }) => !RANDOM_STAGES.includes(name)) };
}

/** Data sets of both sides by name; where each has one, those two, whatever they are called. */
function pairsOf(before: State, after: State): [StateSet, StateSet][] {
  if (before.sets.length === 1 && after.sets.length === 1) return [[before.sets[0], after.sets[0]]];
  return before.sets.flatMap((set) => {
    const same = after.sets.find(({ name }) => name === set.name);
    return same === undefined ? [] : [[set, same] as [StateSet, StateSet]];
  });
}

/** What has a name in a state, in words. */
function namesOf(pairs: readonly DriftSet[], state: State): string[] {
  const compared = pairs.flatMap(({ set, stages }) => [
    ...stages.map(({ name }) => `stage ${name}`),
    ...set.attributes.map(({ name }) => `attribute ${name}`),
    ...set.labels.map((label) => `label ${label}`),
  ]);
  return [...(state.sets.length > 1 ? state.sets.map(({ name }) => `set ${name}`) : []), ...compared];
}

function without(names: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others);
  return [...new Set(names)].filter((name) => !known.has(name)).slice(0, MAXIMUM_LISTED);
}

/** Throws InputError where a state's tables are not of the shape that it tells. */
export function diffStates(before: NamedState, after: NamedState, options: DiffOptions): Diff {
  const minimumSupport = options.minimumSupport ?? before.state.options.minimumSupport;
  const pairs = pairsOf(before.state, after.state).map(([a, b]) => [driftSet(a), driftSet(b)] as const);
  const compared = pairs.map(([a, b]) => compareSets(a, b, minimumSupport));
  const tested = compared.flatMap((pair) => pair.tested);
  const q = benjaminiHochberg(tested.map(({ p }) => p));
  const { falseDiscoveryRate, leastDifference } = options;
  const figures = tested.map((figure, i) => ({
    ...figure,
    q: q[i],
    drifted: q[i] <= falseDiscoveryRate && Math.abs(figure.difference) >= leastDifference && figure.difference !== 0,
  }));
  figures.sort((a, b) => a.p - b.p || Math.abs(b.z) - Math.abs(a.z));
  const side = ({ path, state }: NamedState) => ({
    path,
    runs: state.runs,
    rows: state.sets.reduce((sum, { read }) => sum + read, 0),
  });
  const names = {
    before: namesOf(
      pairs.map(([a]) => a),
      before.state,
    ),
    after: namesOf(
      pairs.map(([, b]) => b),
      after.state,
    ),
  };
  return {
    version: DIFF_VERSION,
    before: side(before),
    after: side(after),
    falseDiscoveryRate,
    leastDifference,
    tested: figures.length,
    untested: compared.reduce((sum, pair) => sum + pair.untested, 0),
    drifted: figures.filter(({ drifted }) => drifted).length,
    onlyBefore: without(names.before, names.after),
    onlyAfter: without(names.after, names.before),
    figures: rounded(figures),
  };
}
