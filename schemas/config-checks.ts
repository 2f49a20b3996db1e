/** What no single key can tell: mistakes in how the keys of a configuration go together. */
import { type AttributeConfig, BUILT_IN_ATTRIBUTE_VALUES, type SourceConfig, sourceNames } from './attribute-config.js';
import type { BigQueryConnection } from './bigquery.js';
import { BUILT_IN_LABEL_LEXICONS, type Config, type FilterRule, type LabelConfig } from './config.js';
import { checkDataflow } from './dataflow-checks.js';
import { shown } from './explain-config.js';
import { didYouMean } from './nearest.js';
import { RAW_SPLIT } from './output.js';
import { environmentOf, type RunnerConfig, type RunnerName } from './runner.js';

/** A lexicon that is meant as a path has a separator or an ending; anything else is meant as a built-in name. */
function isPath(lexicon: string): boolean {
  return /[./\\]/.test(lexicon);
}

function lexiconIssue(lexicon: string, valid: readonly string[], at: string): string[] {
  if (isPath(lexicon) || valid.includes(lexicon)) return [];
  return [
    `${at}.lexicon: expected one of ${valid.join(', ')} or the path of a TSV file, got ${shown(lexicon)}.${didYouMean(lexicon, valid)}`,
  ];
}

function checkSource(at: string, source: SourceConfig): string[] {
  if ('lexicon' in source) {
    const built: Readonly<Record<string, readonly string[]>> = BUILT_IN_ATTRIBUTE_VALUES;
    const values = Object.hasOwn(built, source.lexicon) ? built[source.lexicon] : undefined;
    if (values === undefined) return lexiconIssue(source.lexicon, Object.keys(built), at);
    if (values.includes(source.value)) return [];
    return [
      `${at}.value: expected one of ${values.join(', ')}, which the lexicon ${source.lexicon} knows, got ${shown(source.value)}.${didYouMean(source.value, values)}`,
    ];
  }
  const { threshold, below, value } = source;
  if (below !== undefined && threshold === undefined) {
    return [`${at}.threshold: expected a number beside below, got nothing.`];
  }
  if (below !== undefined && threshold !== undefined && below > threshold) {
    return [`${at}.below: expected at most threshold, ${threshold}, got ${below}.`];
  }
  if (value !== undefined && threshold !== undefined) {
    return [`${at}: expected value (for a string column) or threshold (for a score), got both.`];
  }
  if (source.soft === true && (value !== undefined || threshold !== undefined)) {
    return [
      `${at}: expected soft (the column holds probabilities) alone, got ${value === undefined ? 'threshold' : 'value'} too.`,
    ];
  }
  return [];
}

function checkAttribute(name: string, attribute: AttributeConfig): string[] {
  const at = `attributes.${name}`;
  if (!('from' in attribute)) return checkSource(at, attribute);
  const { from, minimum } = attribute;
  const issues = from.flatMap((source, i) => checkSource(`${at}.from[${i}]`, source));
  if (minimum > from.length) {
    issues.push(`${at}.minimum: expected at most the number of sources, ${from.length}, got ${minimum}.`);
  }
  const names = sourceNames(attribute);
  const repeated = names.find((source, i) => names.indexOf(source) !== i);
  if (repeated !== undefined) issues.push(`${at}.from: expected a name each, got ${shown(repeated)} again.`);
  return issues;
}

function checkLabel(label: LabelConfig, at: string): string[] {
  return 'lexicon' in label ? lexiconIssue(label.lexicon, BUILT_IN_LABEL_LEXICONS, at) : [];
}

/** Of two keys, which are given: the end of a sentence. */
function givenOf(first: unknown, second: unknown): 'both' | 'one' | 'neither' {
  const given = Number(first !== undefined) + Number(second !== undefined);
  return given === 2 ? 'both' : given === 1 ? 'one' : 'neither';
}

function checkRange(rule: { minimum?: number; maximum?: number }, at: string): string[] {
  const { minimum, maximum } = rule;
  if (givenOf(minimum, maximum) === 'neither') return [`${at}: expected minimum, maximum or both, got neither.`];
  return minimum !== undefined && maximum !== undefined && minimum > maximum
    ? [`${at}.minimum: expected at most maximum, ${maximum}, got ${minimum}.`]
    : [];
}

function checkFilter(filter: FilterRule, at: string): string[] {
  if ('words' in filter) return checkRange(filter.words, `${at}.words`);
  if ('characters' in filter) return checkRange(filter.characters, `${at}.characters`);
  if ('score' in filter) return checkRange(filter.score, `${at}.score`);
  if ('similarity' in filter) {
    const given = givenOf(filter.similarity.minimum, filter.similarity.fraction);
    return given === 'one' ? [] : [`${at}.similarity: expected either minimum or fraction, got ${given}.`];
  }
  if ('blocked' in filter && givenOf(filter.blocked.terms, filter.blocked.file) === 'neither') {
    return [`${at}.blocked: expected terms, file or both, got neither.`];
  }
  return [];
}

function checkInput(input: Config['input'], at: string): string[] {
  const given = givenOf(input.files, input.bigquery);
  if (given !== 'one') {
    return [
      given === 'both'
        ? `${at}.bigquery: expected files or bigquery, got both.`
        : `${at}.files: expected a path, or a list of at least 1, each a path, got nothing.`,
    ];
  }
  if (input.bigquery === undefined) return [];
  const { table, query, endpoint, readEndpoint } = input.bigquery;
  const issues: string[] = [];
  const source = givenOf(table, query);
  if (source !== 'one') issues.push(`${at}.bigquery: expected either table or query, got ${source}.`);
  if ((endpoint === undefined) !== (readEndpoint === undefined)) {
    const missing = endpoint === undefined ? 'endpoint' : 'readEndpoint';
    issues.push(`${at}.bigquery.${missing}: expected both endpoints of an emulator, or neither, got one.`);
  }
  return [...issues, ...checkEmulator(input.bigquery, `${at}.bigquery`)];
}

/** Of an emulator there are no credentials that would tell the project. */
export function checkEmulator({ endpoint, project }: BigQueryConnection, at: string): string[] {
  if (endpoint === undefined || project !== undefined) return [];
  return [`${at}.project: expected the project where there is an endpoint, got nothing.`];
}

function checkBigQuery({ bigquery, output }: Config): string[] {
  if (bigquery === undefined) return [];
  const issues = checkEmulator(bigquery, 'bigquery');
  if (bigquery.weights && output.weights !== 'parquet') {
    issues.push(
      `bigquery.weights: expected output.weights to be parquet, which BigQuery loads, got ${output.weights}.`,
    );
  }
  return issues;
}

function checkBalance({ balance }: Config): string[] {
  const issues: string[] = [];
  if (balance.rate !== 'auto' && balance.rate > balance.maximum) {
    issues.push(
      `balance.rate: expected at most balance.maximum, ${balance.maximum}, got ${balance.rate}. A mean weight cannot be above the largest.`,
    );
  }
  if (balance.fit === 'online' && balance.rate === 'auto') {
    issues.push(
      'balance.rate: expected a number with fit online, got auto. The largest feasible rate is known only after a first pass; give a rate, or use another fit.',
    );
  }
  return issues;
}

function checkImages({ images, formats }: Config['output']): string[] {
  if (images === undefined) return [];
  const issues: string[] = [];
  if (!formats.some((format) => format !== 'datacomp')) {
    issues.push(`output.images: expected a format with images in output.formats, got ${formats.join(', ') || 'none'}.`);
  }
  if (formats.includes('tfrecord') && images.format === 'webp') {
    issues.push(
      'output.images.format: expected jpeg or png, which TensorFlow Datasets decodes, got webp with tfrecord in output.formats.',
    );
  }
  if (images.quality !== undefined && images.format === 'png') {
    issues.push('output.images.quality: expected none with png, which loses nothing, got one.');
  }
  return issues;
}

function checkOutput({ output }: Config): string[] {
  const issues: string[] = [];
  if (output.shardRows !== undefined && output.shardBytes !== undefined) {
    issues.push('output.shardBytes: expected shardRows or shardBytes, got both.');
  }
  const repeated = output.formats.find((format, i) => output.formats.indexOf(format) !== i);
  if (repeated !== undefined) issues.push(`output.formats: expected each format once, got ${repeated} again.`);
  if (output.stages !== undefined && output.split === RAW_SPLIT) {
    issues.push(`output.split: expected another name than ${RAW_SPLIT}, which output.stages writes, got ${RAW_SPLIT}.`);
  }
  if (output.stages !== undefined && output.formats.length === 0) {
    issues.push('output.stages: expected a format of shards in output.formats, got none.');
  }
  issues.push(...checkImages(output));
  if (output.formats.length === 0 && output.weights === 'none') {
    issues.push('output.formats: expected at least one format where weights is none, got an empty list.');
  }
  return issues;
}

/** Keys without which a runner cannot start. */
const NEEDED: Readonly<Partial<Record<RunnerName, readonly (keyof RunnerConfig)[]>>> = {
  flink: ['endpoint'],
  portable: ['endpoint'],
  dataflow: ['project', 'region', 'tempLocation'],
};

function checkRunner({ runner }: Config): string[] {
  const { name } = runner;
  const issues = (NEEDED[name] ?? [])
    .filter((key) => runner[key] === undefined)
    .map((key) => `runner.${key}: expected a value with the runner ${name}, got nothing.`);
  if (name === 'direct') return issues;
  const environment = environmentOf(runner);
  if (name === 'dataflow' && environment !== 'docker') {
    issues.push(`runner.environment: expected docker with the runner dataflow, got ${environment}.`);
  } else if (environment === 'docker' && runner.image === undefined) {
    issues.push('runner.image: expected the name of an image with the environment docker, got nothing.');
  }
  return name === 'dataflow' ? [...issues, ...checkDataflow(runner)] : issues;
}

/** One sentence for each mistake, in the order of the keys; empty for a sound configuration. */
export function checkConfig(config: Config): string[] {
  const attributes = Object.entries(config.attributes);
  return [
    ...checkInput(config.input, 'input'),
    ...Object.entries(config.stats.sets).flatMap(([name, input]) => checkInput(input, `stats.sets.${name}`)),
    ...config.filters.flatMap((f, i) => (typeof f === 'string' ? [] : checkFilter(f, `filters[${i}]`))),
    ...(attributes.length === 0
      ? ['attributes: expected at least one, got none. For example female: {lexicon: gender, value: female}.']
      : attributes.flatMap(([name, attribute]) => checkAttribute(name, attribute))),
    ...config.labels.flatMap((label, i) => checkLabel(label, `labels[${i}]`)),
    ...checkBalance(config),
    ...checkOutput(config),
    ...checkBigQuery(config),
    ...checkRunner(config),
  ];
}
