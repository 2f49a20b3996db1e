/** Between a tally and the file that is kept of it: state.json. */
import { createHash } from 'node:crypto';
import { InputError, InvariantError } from '../../schemas/errors.js';
import { languagesInUse } from '../../schemas/languages.js';
import type { Moments } from '../../schemas/moments.js';
import type { Problem } from '../../schemas/report.js';
import { STATE_VERSION, type State, type StateSet, type StateTable, stateSchema } from '../../schemas/stats-state.js';
import { globalRules } from '../filter/index.js';
import type { Job } from '../read/job.js';
import { unreadableRows } from '../read/losses.js';
import type { Stage } from '../tag/stage.js';
import { namedAgreements } from './agreement.js';
import { decodeCoOccurrences, encodeCoOccurrences } from './co-occurrence.js';
import { unionOf } from './control.js';
import { decodeExamples, type ExampleSample, encodeExamples } from './examples.js';
import { decodeMoments, encodeMoments } from './moments-codec.js';
import { stageNames } from './report.js';
import { decodeSketch, encodeSketch } from './sketch.js';
import type { StatsPlan } from './stats-plan.js';
import { CONTROL_RANGES, emptyTally, type Tally, type TallyShape } from './tally.js';

/** Ours: names of files, and problems, that are kept. */
const MAXIMUM_LISTED = 100;
const CO_OCCURRENCE_STAGES = ['dropped', 'kept', 'weighted'] as const;

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}

export function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

/** The first of some problems, in an order that does not depend on which run found them. */
export function firstProblems(problems: readonly Problem[]): Problem[] {
  const key = ({ file, rows, message }: Problem) => JSON.stringify([file, message, rows]);
  return [...problems].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0)).slice(0, MAXIMUM_LISTED);
}

/** The first of some names, sorted by code units. */
export function firstNames(names: readonly string[]): string[] {
  return [...names].sort().slice(0, MAXIMUM_LISTED);
}

function problemsOf({ plan }: Job, { unreadable }: Pick<Tally, 'unreadable'>): Problem[] {
  return [
    ...plan.problems.map((p) => ({ file: p.file, rows: p.rows, message: p.reason })),
    ...unreadable.map((u) => ({ file: u.file, rows: u.rows, message: u.reason })),
  ];
}

/** What must be equal for two states to be added. */
function identityOf({ job, names }: Stage, plan: StatsPlan | undefined, examples: number): Record<string, string> {
  const { attributes, labels, languages, stats } = job.config;
  return {
    attributes: JSON.stringify(attributes),
    labels: JSON.stringify(labels),
    'label names': `${names.labels.length}, hash ${digest(names.labels)}`,
    lexicons: digest(job.lexicons),
    ...(languagesInUse(languages).join() === 'en' ? {} : { languages: JSON.stringify(languages) }),
    filters: JSON.stringify(job.rules),
    ...(plan === undefined || stats === undefined
      ? {}
      : {
          slices: JSON.stringify(stats.slices),
          values: String(stats.values),
          words: String(plan.words),
          weights: stats.weights ?? 'none',
          measured: JSON.stringify(plan.measured.map((m) => m.name)),
        }),
    ...(examples > 0 ? { examples: String(examples) } : {}),
  };
}

/** Filters whose verdict on a row depends on the whole input. */
function wholeFilters({ job }: Stage): string[] {
  return globalRules(job.rules).map(({ rule }) => JSON.stringify(job.rules[rule]));
}

/** What a data set's state has of every run, of `stats` or of `balance`: its rows, and moments by exit. */
function baseOf(stage: Stage, tally: Pick<Tally, 'drops' | 'unreadable' | 'agreements'>, exits: readonly Moments[]) {
  const { job, names } = stage;
  const problems = problemsOf(job, tally);
  const lost = job.plan.problems.reduce((sum, p) => sum + p.rows, 0);
  return {
    whole: wholeFilters(stage),
    attributes: names.attributes.map((name) => ({ name, target: job.config.attributes[name].target })),
    labels: [...names.labels],
    filters: stageNames(stage.filters.map((f) => f.name)),
    files: { count: job.plan.files.length, list: firstNames(job.plan.files.map((f) => f.path)) },
    read: job.plan.rows + lost,
    dropped: stage.reasons.map((reason, i) => ({ reason, rows: tally.drops[i + 1] })),
    unreadable: unreadableRows(tally.unreadable) + lost,
    exits: exits.map((moments) => toBase64(encodeMoments(moments))),
    ...(names.merged && { agreement: namedAgreements(names.merged, tally.agreements) }),
    problems: { count: problems.length, list: firstProblems(problems) },
  };
}

/** State of what `stats` counted of one data set. Throws InvariantError where rows do not add up. */
export function stateSetOf(name: string, stage: Stage, plan: StatsPlan, tally: Tally): StateSet {
  const filters = stage.filters.length;
  const { stats } = stage.job.config;
  if (stats === undefined) throw new InvariantError('a job without statistics');
  const ranges = tally.exits.slice(filters);
  const table = (
    named: { readonly name: string; readonly by: string },
    values: Tally['slicings'][number],
  ): StateTable => ({
    name: named.name,
    by: named.by,
    limit: values.limit,
    level: values.level,
    table: toBase64(values.encode()),
  });
  const set: StateSet = {
    name,
    identity: identityOf(stage, plan, plan.examples),
    ...baseOf(stage, tally, [...tally.exits.slice(0, filters), unionOf(ranges)]),
    stages: tally.weighted === null ? [] : [{ stage: 'weighted', moments: toBase64(encodeMoments(tally.weighted)) }],
    control: tally.weighted === null ? null : ranges.map((moments) => toBase64(encodeMoments(moments))),
    coOccurrence: tally.coOccurrences.map((counts, i) => ({
      stage: CO_OCCURRENCE_STAGES[i],
      table: toBase64(encodeCoOccurrences(counts)),
    })),
    distributions: (['dropped', 'kept'] as const).flatMap((part) =>
      tally[part].map((sketch, i) => ({
        name: plan.measured[i].name,
        unit: plan.measured[i].unit,
        stage: part,
        sketch: toBase64(encodeSketch(sketch)),
      })),
    ),
    weights:
      tally.weights === null
        ? null
        : { column: plan.weights!, missing: tally.weights.missing, sketch: toBase64(encodeSketch(tally.weights)) },
    words: tally.words === null ? null : table({ name: 'words', by: 'words' }, tally.words),
    slicings: tally.slicings.map((values, i) => table(plan.slices[i], values)),
    ...examplesState(tally.examples),
  };
  requireConserved(set, tally.drops[0]);
  return set;
}

function examplesState(examples: ExampleSample | null): Pick<StateSet, 'examples'> {
  return examples === null ? {} : { examples: { limit: examples.limit, table: toBase64(encodeExamples(examples)) } };
}

/** State of what `balance` counted. `stages`: moments by stage, after the filters. */
export function balanceStateSet(
  name: string,
  stage: Stage,
  counts: Pick<Tally, 'drops' | 'unreadable' | 'exits' | 'agreements' | 'examples'>,
  stages: readonly (readonly [stage: string, moments: Moments])[],
): StateSet {
  return {
    name,
    identity: identityOf(stage, undefined, counts.examples?.limit ?? 0),
    ...baseOf(stage, counts, counts.exits),
    stages: stages.map(([name, moments]) => ({ stage: name, moments: toBase64(encodeMoments(moments)) })),
    control: null,
    coOccurrence: [],
    distributions: [],
    weights: null,
    words: null,
    slicings: [],
    ...examplesState(counts.examples),
  };
}

function requireConserved({ name, read, dropped, unreadable }: StateSet, kept: number): void {
  const left = dropped.reduce((sum, d) => sum + d.rows, 0);
  if (kept + left + unreadable === read) return;
  throw new InvariantError(
    `conservation: ${name}: ${read} rows read, but ${kept} counted + ${left} dropped + ${unreadable} unreadable = ${kept + left + unreadable}`,
  );
}

/** The shape of what is in a set's state. */
export function shapeOfSet(set: StateSet): TallyShape {
  return {
    attributes: set.attributes.length,
    labels: set.labels.length,
    sources: (set.agreement ?? []).map(({ sources }) => sources.length),
    filters: set.filters.length,
    codes: set.dropped.length + 1,
    weighted: set.control !== null,
    distributions: set.distributions.length / 2,
    examples: set.examples?.limit ?? 0,
    // The table of words has one entry more: `createWordTable`.
    words: set.words === null ? 0 : set.words.limit - 1,
    slicings: set.slicings.length,
    values: set.slicings[0]?.limit ?? 0,
  };
}

/**
 * The tally of a set's state, without the rows that could not be read, of which the state has the number only.
 * Throws InputError where the tables are not of the shape that the state tells.
 */
export function tallyOf(set: StateSet): Tally {
  const shape = shapeOfSet(set);
  const tally = emptyTally(shape);
  const exits = set.control === null ? set.exits : [...set.exits.slice(0, -1), ...set.control];
  const moments = (text: string) => {
    const decoded = decodeMoments(fromBase64(text));
    if (decoded.attributes === set.attributes.length && decoded.labels === set.labels.length) return decoded;
    throw new InputError('state', {
      place: `set ${set.name}`,
      expected: `moments of ${set.attributes.length} attributes and ${set.labels.length} labels`,
      got: `${decoded.attributes} and ${decoded.labels}`,
    });
  };
  const wanted = set.filters.length + (set.control === null ? 1 : CONTROL_RANGES);
  if (
    exits.length !== wanted ||
    (set.coOccurrence.length > 0 && set.coOccurrence.length !== tally.coOccurrences.length)
  ) {
    const got = `${exits.length} and ${set.coOccurrence.length}`;
    const expected = `${wanted} exits and ${tally.coOccurrences.length} tables of attributes`;
    throw new InputError('state', { place: `set ${set.name}`, expected, got });
  }
  set.dropped.forEach(({ rows }, i) => {
    tally.drops[i + 1] = rows;
  });
  tally.drops[0] = set.read - set.unreadable - set.dropped.reduce((sum, d) => sum + d.rows, 0);
  set.slicings.forEach(({ table }, i) => {
    tally.slicings[i].add(fromBase64(table));
  });
  if (set.words !== null) tally.words?.add(fromBase64(set.words.table));
  tally.agreements.forEach((table, i) => {
    const { attribute, counts } = set.agreement![i];
    if (counts.length !== table.length) {
      const place = `set ${set.name}, agreement of ${attribute}`;
      throw new InputError('state', { place, expected: `${table.length} counts`, got: `${counts.length}` });
    }
    table.set(counts);
  });
  const sketches = set.distributions.map(({ sketch }) => decodeSketch(fromBase64(sketch)));
  return {
    ...tally,
    exits: exits.map(moments),
    weighted: set.control === null ? null : moments(set.stages[0].moments),
    coOccurrences:
      set.coOccurrence.length === 0
        ? tally.coOccurrences
        : set.coOccurrence.map(({ table }) => decodeCoOccurrences(fromBase64(table), set.attributes.length)),
    dropped: sketches.slice(0, sketches.length / 2),
    kept: sketches.slice(sketches.length / 2),
    examples:
      set.examples === undefined
        ? null
        : decodeExamples(fromBase64(set.examples.table), { ...shape, limit: set.examples.limit }),
    weights: set.weights === null ? null : decodeSketch(fromBase64(set.weights.sketch)),
  };
}

/** A state's text. The same states have the same text. */
export function encodeState(state: State): string {
  return `${JSON.stringify(state)}\n`;
}

/** Throws InputError where the text is no state of this version. */
export function decodeState(text: string, file: string): State {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError('state', {
      file,
      expected: 'JSON',
      got: error instanceof Error ? error.message : String(error),
    });
  }
  const result = stateSchema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0];
  throw new InputError('state', {
    file,
    place: path.map(String).join('.'),
    expected: `a state of m4-balance, version ${STATE_VERSION}`,
    got: message,
  });
}
