/** The section `attributes` of the configuration: where a perceived attribute comes from, and how several sources are merged. */
import * as z from 'zod';
import { captionColumn, columnName, identifier, lexicon, positive, share } from './config-values.js';

/** Built-in attribute lexicons and the values that their terms stand for. */
export const BUILT_IN_ATTRIBUTE_VALUES = {
  gender: ['female', 'male'],
  age: ['child', 'young', 'adult', 'elderly'],
} as const;
export const BUILT_IN_ATTRIBUTE_LEXICONS = ['gender', 'age'] as const;

const columnSource = z
  .strictObject({
    column: columnName.describe('The column that holds the attribute'),
    value: z.string().optional().describe('For a string or list column: the value that means present'),
    threshold: z.number().optional().describe('For a score: present from here'),
    below: z.number().optional().describe('For a score: absent below this; between it and threshold: unknown'),
  })
  .describe('From a column: boolean, 0/1, a score with a threshold, or a string');

/** One variant a kind of source, told apart by its first key. Each may stand alone as an attribute, or be one of `from`. */
const sources = [
  z
    .strictObject({
      lexicon: lexicon.describe('gender, age, or the path of a TSV file'),
      value: z.string().min(1).describe('The value of the lexicon that means present; any other known value: absent'),
      column: captionColumn,
    })
    .describe(
      'From the caption: a built-in lexicon (gender, age) or the path of a TSV file with the columns term, value',
    ),
  columnSource,
] as const;

const target = share.default(0.5).describe('Target share of the attribute among examples where it is known');
const ofSource = {
  name: identifier
    .optional()
    .describe('How the report calls the source; left out: what it reads, or its place in the list'),
  weight: positive.default(1).describe('With merge vote: how much the source counts'),
};

export const MERGE_RULES = ['agreement', 'priority', 'any', 'vote'] as const;
export type MergeRule = (typeof MERGE_RULES)[number];

const mergedSchema = z
  .strictObject({
    from: z
      .array(z.union([sources[0].extend(ofSource), sources[1].extend(ofSource)]))
      .min(1)
      .max(16)
      .describe('The sources, each as an attribute without its target; the first has priority'),
    merge: z
      .enum(MERGE_RULES)
      .default('agreement')
      .describe(
        'agreement: unknown where two sources that know differ; priority: the first that knows; any: present where any says so, else absent where any says so; vote: by weight, more than `majority` of the weight that knows',
      ),
    minimum: z.number().int().min(1).default(1).describe('Sources that must know; where fewer do: unknown'),
    majority: z
      .number()
      .min(0.5)
      .lt(1)
      .default(0.5)
      .describe('With merge vote: the share of the weight that has to be exceeded'),
    target,
  })
  .describe('From several sources, merged');

const soft = z
  .boolean()
  .optional()
  .describe(
    'The column holds calibrated probabilities, from 0 to 1: s is p itself, to the nearest 1/64, in place of present or absent',
  );

export const attributeSchema = z.union([
  sources[0].extend({ target }),
  columnSource.extend({ soft, target }),
  mergedSchema,
]);
export type AttributeConfig = z.infer<typeof attributeSchema>;
export type MergedConfig = z.infer<typeof mergedSchema>;
/** A source of an attribute, standing alone or one of `from`. */
export type SourceConfig = z.infer<(typeof sources)[number]> & {
  readonly name?: string;
  readonly weight?: number;
  readonly soft?: boolean;
};

/** The sources of an attribute: itself, or those that it merges. */
export function sourcesOf(attribute: AttributeConfig): readonly SourceConfig[] {
  return 'from' in attribute ? attribute.from : [attribute];
}

export interface KeyedSource {
  /** Where the configuration has it. */
  readonly key: string;
  readonly config: SourceConfig;
}

/** The sources of all attributes; a source's place in the list is its column of evidence. */
export function keyedSources(attributes: Readonly<Record<string, AttributeConfig>>): KeyedSource[] {
  return Object.entries(attributes).flatMap(([name, attribute]) =>
    sourcesOf(attribute).map((config, i) => ({
      key: 'from' in attribute ? `attributes.${name}.from[${i}]` : `attributes.${name}`,
      config,
    })),
  );
}

/** The names of an attribute's sources in reports, each once: as given, else what it reads, with its place where that is another's too. */
export function sourceNames(attribute: AttributeConfig): string[] {
  const sources = sourcesOf(attribute);
  const plain = sources.map((source) => source.name ?? ('lexicon' in source ? source.lexicon : source.column));
  return plain.map((name, i) => (plain.indexOf(name) === plain.lastIndexOf(name) ? name : `${name} ${i + 1}`));
}
