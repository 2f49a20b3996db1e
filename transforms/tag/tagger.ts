/** Infers attributes s and labels y of each row of a batch. */
import type { RecordBatch } from 'apache-arrow';
import picomatch from 'picomatch';
import {
  type AttributeConfig,
  type KeyedSource,
  keyedSources,
  type SourceConfig,
} from '../../schemas/attribute-config.js';
import type { LabelConfig } from '../../schemas/config.js';
import { ConfigError, InputError, InvariantError } from '../../schemas/errors.js';
import type { LanguagesConfig } from '../../schemas/languages.js';
import type { ColumnInfo } from '../../schemas/split.js';
import { MAXIMUM_LABELS, type TagNames, type Tags } from '../../schemas/tags.js';
import { isSoft, mergingsOf, namesOf } from './attribute-sources.js';
import { batchTagger } from './batch-tagger.js';
import type { CaptionUse } from './captions.js';
import { kindOf } from './column-kind.js';
import { listAttribute, listLabels, numberAttribute, numberLabels, stringAttribute } from './columns.js';
import { captionSourceOf, identifies, loadIdentifier } from './languages.js';
import { type Lexicon, valuesOf } from './lexicon.js';
import { ENGLISH, readLexicons } from './read-lexicon.js';
import type { TagSource } from './source.js';

export interface Tagger {
  /** m attribute names in the configuration's order, and c label names. */
  readonly names: TagNames;
  /** Columns that `tag` reads. */
  readonly columns: readonly string[];
  /** Those that it also takes with a dictionary: strings, or lists of strings. */
  readonly dictionaries: readonly string[];
  /** To be waited for before the first `tag`: loads what only some configurations need. */
  prepare(): Promise<void>;
  /** Does at once what else the first `tag` does: it takes as long as tagging 100,000 captions. */
  compile(): void;
  tag(batch: RecordBatch): Tags;
}

/** Numbers label names in order of first use; a name that two sources give is one label, carried where either says so. */
interface LabelNames {
  readonly names: string[];
  /** Whether a name was asked for twice. */
  readonly shared: boolean;
  number(name: string): number;
}

function createLabelNames(): LabelNames {
  const numbers = new Map<string, number>();
  const names: string[] = [];
  let shared = false;
  return {
    names,
    get shared() {
      return shared;
    },
    number(name) {
      let n = numbers.get(name);
      if (n !== undefined) shared = true;
      else {
        n = names.length;
        numbers.set(name, n);
        names.push(name);
      }
      return n;
    },
  };
}

/** Issues of a configuration, found while it is bound to the input's columns. */
interface Binding {
  readonly columns: ReadonlyMap<string, ColumnInfo>;
  readonly issues: string[];
}

function column(binding: Binding, key: string, name: string): ColumnInfo | undefined {
  const info = binding.columns.get(name);
  if (info === undefined)
    binding.issues.push(`${key}: no column ${name}; there are ${[...binding.columns.keys()].join(', ')}`);
  return info;
}

function wrongType(info: ColumnInfo, expected: string, hint: string): InputError {
  return new InputError('wrong column type', { place: `column ${info.name}`, expected, got: info.type, hint });
}

function columnAttribute(
  binding: Binding,
  key: string,
  attribute: number,
  config: Exclude<SourceConfig, { lexicon: string }>,
): TagSource | undefined {
  const info = column(binding, key, config.column);
  if (info === undefined) return undefined;
  const kind = kindOf(info);
  if (config.soft === true && kind !== 'number')
    throw wrongType(info, 'numbers', `${key} is soft: give probabilities.`);
  if (kind === 'string' || kind === 'strings') {
    if (config.value === undefined)
      binding.issues.push(`${key}.value: column ${info.name} holds ${kind}: give the value that means present`);
    if (config.threshold !== undefined || config.below !== undefined) {
      binding.issues.push(`${key}: column ${info.name} holds ${kind}: a threshold needs numbers`);
    }
    const make = kind === 'string' ? stringAttribute : listAttribute;
    return make(info.name, attribute, config.value ?? '');
  }
  if (kind === 'other')
    throw wrongType(info, 'booleans, numbers, strings or lists of strings', `${key} cannot use it.`);
  if (config.value !== undefined)
    binding.issues.push(`${key}.value: column ${info.name} holds ${info.type}; a value needs strings`);
  const { threshold, below } = config;
  if (below !== undefined && (threshold === undefined || below > threshold)) {
    binding.issues.push(`${key}.below: expected at most the threshold (${threshold ?? 'not given'}), got ${below}`);
  }
  return numberAttribute(info.name, attribute, { threshold, below });
}

/** Columns that a label's names and globs choose, in the input's order. */
function matchedColumns(
  binding: Binding,
  key: string,
  patterns: readonly string[],
  exclude: readonly string[],
): ColumnInfo[] {
  const options = { dot: true };
  const excluded = exclude.length === 0 ? () => false : picomatch([...exclude], options);
  const chosen = new Set<string>();
  for (const pattern of patterns) {
    const matches = picomatch(pattern, options);
    const matched = [...binding.columns.keys()].filter((name) => name === pattern || matches(name));
    if (matched.length === 0) {
      binding.issues.push(`${key}: no column matches ${pattern}; there are ${[...binding.columns.keys()].join(', ')}`);
    }
    for (const name of matched) if (!exclude.includes(name) && !excluded(name)) chosen.add(name);
  }
  return [...binding.columns.values()].filter(({ name }) => chosen.has(name));
}

function labelSource(
  binding: Binding,
  key: string,
  config: Exclude<LabelConfig, { lexicon: string }>,
  labels: LabelNames,
  vocabularies: Readonly<Record<string, readonly string[]>>,
): TagSource | undefined {
  if ('list' in config) {
    const info = column(binding, key, config.list);
    if (info === undefined) return undefined;
    if (kindOf(info) !== 'strings') throw wrongType(info, 'lists of strings', 'Use columns for booleans and scores.');
    const vocabulary = config.names ?? vocabularies[config.list];
    if (vocabulary === undefined) throw new InvariantError(`the vocabulary of column ${config.list} was not counted`);
    return listLabels(info.name, vocabulary, vocabulary.map(labels.number));
  }
  const matched = matchedColumns(binding, key, config.columns, config.exclude);
  for (const info of matched) {
    const kind = kindOf(info);
    if (kind !== 'boolean' && kind !== 'number')
      throw wrongType(info, 'booleans or numbers', 'Name it in exclude where it is no label.');
  }
  return numberLabels(
    matched.map(({ name }) => ({ column: name, label: labels.number(name) })),
    config.threshold,
  );
}

/** All uses of lexicons, by text column. */
function captionSources(
  binding: Binding,
  sources: readonly KeyedSource[],
  labels: readonly LabelConfig[],
  lexicons: Readonly<Record<string, Lexicon>>,
  languages: LanguagesConfig,
  names: LabelNames,
): TagSource[] {
  const byColumn = new Map<string, Map<string, { -readonly [K in keyof CaptionUse]: CaptionUse[K] }>>();
  const use = (textColumn: string, name: string) => {
    const uses = byColumn.get(textColumn) ?? new Map();
    byColumn.set(textColumn, uses);
    const lexicon = lexicons[name];
    if (lexicon === undefined) throw new InvariantError(`lexicon ${name} was not read`);
    const entry = uses.get(name) ?? { lexicon, attributes: [], labels: undefined };
    uses.set(name, entry);
    return entry;
  };
  sources.forEach(({ config }, attribute) => {
    if (!('lexicon' in config)) return;
    const entry = use(config.column, config.lexicon);
    entry.attributes = [...entry.attributes, { attribute, value: config.value }];
  });
  for (const config of labels) {
    if (!('lexicon' in config)) continue;
    const entry = use(config.column, config.lexicon);
    entry.labels = new Map(valuesOf(entry.lexicon).map((value) => [value, names.number(value)]));
  }
  return [...byColumn].flatMap(([textColumn, uses]) => {
    const info = column(binding, 'lexicon', textColumn);
    if (info === undefined) return [];
    if (kindOf(info) !== 'string') throw wrongType(info, 'strings', 'A lexicon reads captions.');
    return [captionSourceOf(textColumn, uses, lexicons, languages, new Set(binding.columns.keys()))];
  });
}

/**
 * Binds attributes and labels to the input's columns.
 * @param vocabularies label names by list column, from `topVocabulary`; needed for each label `list`.
 * @param lexicons from `readLexicons`; read from disk where left out.
 * @throws ConfigError for unknown columns, globs that match nothing, or more than 65,535 labels; InputError for columns of
 *   the wrong type and bad lexicon files; InvariantError where a vocabulary or lexicon is missing. `tag` throws InputError for
 *   a column without threshold that holds other numbers than 0 and 1.
 */
export function createTagger(
  attributes: Readonly<Record<string, AttributeConfig>>,
  labels: readonly LabelConfig[],
  columns: readonly ColumnInfo[],
  vocabularies: Readonly<Record<string, readonly string[]>> = {},
  lexicons: Readonly<Record<string, Lexicon>> = readLexicons(attributes, labels),
  languages: LanguagesConfig = ENGLISH,
): Tagger {
  const binding: Binding = { columns: new Map(columns.map((info) => [info.name, info])), issues: [] };
  const names = createLabelNames();
  const attributeEntries = Object.entries(attributes);
  const ofAttributes = keyedSources(attributes);
  const softs: { readonly column: string; readonly source: number }[] = [];
  const sources: (TagSource | undefined)[] = captionSources(binding, ofAttributes, labels, lexicons, languages, names);
  ofAttributes.forEach(({ key, config }, k) => {
    if ('lexicon' in config) return;
    const source = columnAttribute(binding, key, k, config);
    if (isSoft(config)) softs.push({ column: config.column, source: k });
    else sources.push(source);
  });
  const ofLabels = labels.map((config, i) =>
    'lexicon' in config ? undefined : labelSource(binding, `labels[${i}]`, config, names, vocabularies),
  );
  const labelSources = ofLabels.filter((source) => source !== undefined);
  if (names.names.length > MAXIMUM_LABELS) {
    binding.issues.push(
      `labels: expected at most ${MAXIMUM_LABELS}, got ${names.names.length}; set maximum or exclude some`,
    );
  }
  if (binding.issues.length > 0) throw new ConfigError(binding.issues);
  const otherSources = sources as TagSource[];
  const bound = [...otherSources, ...labelSources];
  // Each label then comes from one source, which counts it.
  const countable = labelSources.length > 0 && labelSources.length === labels.length && !names.shared;
  const named = namesOf(attributeEntries, names.names);
  const tag = batchTagger({
    attributes: attributeEntries.length,
    sources: ofAttributes.length,
    others: otherSources,
    labels: labelSources,
    countable,
    mergings: mergingsOf(Object.values(attributes)),
    softs: softs.map(({ column, source }, i) => ({ column, source, attribute: named.soft![i]! })),
  });

  return {
    names: named,
    columns: [...new Set([...bound.flatMap((source) => source.columns), ...softs.map(({ column }) => column)])],
    dictionaries: labelSources
      .flatMap((source) => source.dictionaries ?? [])
      .filter((name) => {
        const readers = bound.filter(({ columns }) => columns.includes(name));
        return (
          readers.every(({ dictionaries }) => dictionaries?.includes(name)) && softs.every((s) => s.column !== name)
        );
      }),
    prepare: async () => {
      if (identifies(languages)) await loadIdentifier();
    },
    compile() {
      for (const source of bound) source.compile?.();
    },
    tag,
  };
}
