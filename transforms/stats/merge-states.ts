/** Adds states up: what partial runs, or nights, counted is what one run over all of it would have. */
import { InputError } from '../../schemas/errors.js';
import type { State, StateModel, StateSet, StateTable } from '../../schemas/stats-state.js';
import { encodeCoOccurrences } from './co-occurrence.js';
import { unionOf } from './control.js';
import { encodeExamples } from './examples.js';
import { mergeMoments } from './moments.js';
import { decodeMoments, encodeMoments } from './moments-codec.js';
import { decodePredictions, encodePredictions, mergePredictions } from './predictions.js';
import { encodeSketch } from './sketch.js';
import { digest, firstNames, firstProblems, fromBase64, shapeOfSet, tallyOf, toBase64 } from './state.js';
import { addTally, emptyTally, encodeTally, type Tally } from './tally.js';
import type { ValueTable } from './value-table.js';

export interface NamedState {
  /** Where it was read, for messages. */
  readonly path: string;
  readonly state: State;
}

/** Characters of a value in a message. */
const SHOWN = 200;
const shown = (text: string) => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);

function refuse(file: string, place: string, expected: string, got: string, hint: string): InputError {
  return new InputError('cannot be added', { file, place, expected: shown(expected), got: shown(got), hint });
}

/** Throws InputError, naming what differs, where two parts did not count the same things. */
function requireSame(
  first: NamedState,
  other: NamedState,
  what: string,
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): void {
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (a[key] === b[key]) continue;
    const expected = `${a[key] ?? 'nothing'}, as in ${first.path}`;
    const hint = 'Only outputs that counted the same things can be added.';
    throw refuse(other.path, `${what}, ${key}`, expected, b[key] ?? 'nothing', hint);
  }
}

function requireAddable(first: NamedState, other: NamedState): void {
  const names = ({ state }: NamedState) => state.sets.map((set) => set.name).join(', ');
  requireSame(
    first,
    other,
    'state',
    { source: first.state.source, sets: names(first) },
    { source: other.state.source, sets: names(other) },
  );
  first.state.sets.forEach((set, i) => {
    const same = other.state.sets[i];
    requireSame(first, other, `set ${set.name}`, set.identity, same.identity);
    const targets = (s: StateSet) => ({
      attributes: JSON.stringify(s.attributes),
      labels: digest(s.labels),
      tables: JSON.stringify(shapeOfSet(s)),
      stages: JSON.stringify(s.stages.map(({ stage }) => stage)),
    });
    requireSame(first, other, `set ${set.name}`, targets(set), targets(same));
    if (set.whole.length === 0) return;
    const hint = 'Take the filter out, or count the whole input in one run.';
    throw refuse(other.path, `set ${set.name}`, 'filters that look at each row by itself', set.whole[0], hint);
  });
}

/** Throws InputError where two have a run in common. */
function requireDistinctRuns(states: readonly NamedState[]): void {
  const known = new Map<string, string>();
  for (const { path, state } of states) {
    for (const run of state.runs) {
      const first = known.get(run);
      if (first !== undefined) {
        const hint = 'Its rows would be counted twice.';
        throw refuse(path, 'runs', `another run than those of ${first}`, `run ${run} again`, hint);
      }
    }
    for (const run of state.runs) known.set(run, path);
  }
}

function tableOf(named: StateTable, table: ValueTable): StateTable {
  return { ...named, level: table.level, table: toBase64(table.encode()) };
}

/** A set's state with the tables of another tally. */
function withTally(set: StateSet, tally: Tally): StateSet {
  const filters = set.filters.length;
  const ranges = tally.exits.slice(filters);
  const sketches = [...tally.dropped, ...tally.kept];
  return {
    ...set,
    exits: [...tally.exits.slice(0, filters), unionOf(ranges)].map((moments) => toBase64(encodeMoments(moments))),
    stages:
      tally.weighted === null ? set.stages : [{ ...set.stages[0], moments: toBase64(encodeMoments(tally.weighted)) }],
    control: set.control === null ? null : ranges.map((moments) => toBase64(encodeMoments(moments))),
    coOccurrence: set.coOccurrence.map((named, i) => ({
      ...named,
      table: toBase64(encodeCoOccurrences(tally.coOccurrences[i])),
    })),
    ...(set.agreement && {
      agreement: set.agreement.map((named, i) => ({ ...named, counts: [...tally.agreements[i]] })),
    }),
    distributions: set.distributions.map((named, i) => ({ ...named, sketch: toBase64(encodeSketch(sketches[i])) })),
    weights:
      set.weights === null
        ? null
        : { ...set.weights, missing: tally.weights!.missing, sketch: toBase64(encodeSketch(tally.weights!)) },
    words: set.words === null ? null : tableOf(set.words, tally.words!),
    ...(set.examples === undefined
      ? {}
      : { examples: { ...set.examples, table: toBase64(encodeExamples(tally.examples!)) } }),
    slicings: set.slicings.map((named, i) => tableOf(named, tally.slicings[i])),
  };
}

function addSets(sets: readonly StateSet[]): StateSet {
  const [first] = sets;
  const tally = emptyTally(shapeOfSet(first));
  for (const set of sets) addTally(tally, encodeTally(tallyOf(set)));
  const total = (of: (set: StateSet) => number) => sets.reduce((sum, set) => sum + of(set), 0);
  const merged = withTally(first, tally);
  return {
    ...merged,
    // Stages of a balancing run are no part of a tally.
    stages:
      first.control !== null
        ? merged.stages
        : first.stages.map(({ stage }, i) => {
            const all = sets.map((set) => decodeMoments(fromBase64(set.stages[i].moments)));
            return { stage, moments: toBase64(encodeMoments(all.reduce(mergeMoments))) };
          }),
    files: { count: total((set) => set.files.count), list: firstNames(sets.flatMap((set) => set.files.list)) },
    read: total((set) => set.read),
    unreadable: total((set) => set.unreadable),
    dropped: first.dropped.map(({ reason }, i) => ({ reason, rows: total((set) => set.dropped[i].rows) })),
    problems: {
      count: total((set) => set.problems.count),
      list: firstProblems(sets.flatMap((set) => set.problems.list)),
    },
  };
}

function addModels(states: readonly NamedState[]): StateModel[] {
  const models = new Map<string, { from: NamedState; model: StateModel }>();
  for (const from of states) {
    for (const model of from.state.models) {
      const known = models.get(model.name);
      if (known === undefined) models.set(model.name, { from, model });
      else {
        requireSame(known.from, from, `model ${model.name}`, known.model.identity, model.identity);
        models.set(model.name, { from: known.from, model: addModel(known, from, model) });
      }
    }
  }
  return [...models.values()].map(({ model }) => model).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Predictions that both have are counted once; throws InputError where only some of their files are the same. */
function addModel(known: { from: NamedState; model: StateModel }, from: NamedState, model: StateModel): StateModel {
  const shared = model.files.filter((file) => known.model.files.includes(file));
  if (shared.length === model.files.length) return known.model;
  if (shared.length > 0) {
    const expected = `either the files of predictions that ${known.from.path} has, or others`;
    throw refuse(
      from.path,
      `model ${model.name}`,
      expected,
      `${shared.length} of ${model.files.length} that it has`,
      '',
    );
  }
  const m = model.attributes.length;
  const [a, b] = [known.model, model].map(({ predictions }) => decodePredictions(fromBase64(predictions), m));
  return {
    ...known.model,
    files: [...known.model.files, ...model.files].sort(),
    predictions: toBase64(encodePredictions(mergePredictions(a, b))),
  };
}

/**
 * The state of all together. Throws InputError, with what differs, where two did not count the same things, where one would be counted
 * twice, or where a filter's verdict depends on the rest of its input.
 */
export function mergeStates(states: readonly NamedState[]): State {
  const [first, ...others] = states;
  for (const other of others) requireAddable(first, other);
  requireDistinctRuns(states);
  if (others.length === 0) return first.state;
  return {
    ...first.state,
    runs: states.flatMap(({ state }) => state.runs).sort(),
    sets: first.state.sets.map((_, i) => addSets(states.map(({ state }) => state.sets[i]))),
    models: addModels(states),
  };
}
