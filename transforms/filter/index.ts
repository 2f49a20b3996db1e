/** The registry of filters, and the way from the configuration to them. */
import type { FilterName, FilterPreset, FilterRule } from '../../schemas/config.js';
import { ConfigError } from '../../schemas/errors.js';
import { blockedFilter, readTerms } from './blocked.js';
import type { Filter } from './filter.js';
import { imageFilter } from './image.js';
import { languageFilter } from './language.js';
import { charactersFilter, wordsFilter } from './length.js';
import type { NearRule } from './near.js';
import { nsfwFilter } from './nsfw.js';
import { presentFilter } from './present.js';
import { presetRules } from './presets.js';
import { scoreFilter, similarityFilter } from './score.js';
import { aspectFilter, sideFilter } from './size.js';
import { nearFilter, uniqueFilter } from './unique.js';

export type { Filter, SelectContext } from './filter.js';

/** What was found out over the whole input, by position of the rule in `expandRules`. */
export interface Resolutions {
  /** Threshold of each similarity fraction. */
  readonly thresholds?: Readonly<Record<number, number>>;
  /** Ascending global row numbers of the duplicates of each unique rule, and of the near duplicates of each near rule. */
  readonly duplicates?: Readonly<Record<number, Float64Array>>;
}

/** A rule that must see the whole input before it can select. */
export type GlobalRule =
  | { readonly rule: number; readonly kind: 'fraction'; readonly column: string; readonly fraction: number }
  | { readonly rule: number; readonly kind: 'unique'; readonly column: string }
  | ({ readonly rule: number; readonly kind: 'near'; readonly column: string } & NearRule);

type RuleOf<K extends FilterName> = Extract<FilterRule, { readonly [P in K]: unknown }>[K];

const FILTERS: { readonly [K in FilterName]: (rule: RuleOf<K>, position: number, resolved: Resolutions) => Filter } = {
  words: wordsFilter,
  characters: charactersFilter,
  side: sideFilter,
  aspect: aspectFilter,
  image: imageFilter,
  similarity: (rule, position, { thresholds }) => similarityFilter(rule, thresholds?.[position]),
  score: scoreFilter,
  nsfw: nsfwFilter,
  language: languageFilter,
  blocked: blockedFilter,
  present: presentFilter,
  unique: (rule, position, { duplicates }) => uniqueFilter(rule, duplicates?.[position]),
  near: (rule, position, { duplicates }) => nearFilter(rule, duplicates?.[position]),
};

/** Reasons fit a byte, with 0 for rows that are kept. */
const MAXIMUM_REASONS = 255;

/**
 * Rules with presets written out and files of blocked terms read: plain JSON that needs no file any more. Order is kept, and
 * expanding twice changes nothing.
 * @param available the input's columns, canonical names first; a preset may choose by them.
 * @throws InputError where a file of terms cannot be read.
 */
export function expandRules(
  rules: readonly (FilterPreset | FilterRule)[],
  available: readonly string[] = [],
): FilterRule[] {
  return rules.flatMap((rule): FilterRule[] => {
    if (typeof rule === 'string') return presetRules(rule, available).map((r) => sized(r, available));
    if (!('blocked' in rule) || rule.blocked.file === undefined) return [sized(rule, available)];
    const { column, terms, file } = rule.blocked;
    return [{ blocked: { column, terms: [...(terms ?? []), ...readTerms(file)] } }];
  });
}

/** A rule about the size of images that says where it is from: the header, where there are images and no columns of the size. */
function sized(rule: FilterRule, available: readonly string[]): FilterRule {
  const header = available.includes('image') && !(available.includes('width') && available.includes('height'));
  if (!header) return rule;
  if ('side' in rule && rule.side.from === undefined) return { side: { ...rule.side, from: 'image' } };
  if ('aspect' in rule && rule.aspect.from === undefined) return { aspect: { ...rule.aspect, from: 'image' } };
  return rule;
}

/** The rules, of those expanded, that need a pass over the whole input. */
export function globalRules(expanded: readonly FilterRule[]): GlobalRule[] {
  return expanded.flatMap((rule, position): GlobalRule[] => {
    if ('unique' in rule) return [{ rule: position, kind: 'unique', column: rule.unique.column }];
    if ('near' in rule) return [{ rule: position, kind: 'near', ...rule.near }];
    if (!('similarity' in rule) || rule.similarity.fraction === undefined) return [];
    return [{ rule: position, kind: 'fraction', column: rule.similarity.column, fraction: rule.similarity.fraction }];
  });
}

/**
 * Filters in the configuration's order; of two of one name the later is called "name 2".
 * @throws ConfigError for terms that cannot be, or more than 255 reasons; InputError as `expandRules`.
 */
export function createFilters(rules: readonly (FilterPreset | FilterRule)[], resolved: Resolutions = {}): Filter[] {
  const seen = new Map<string, number>();
  const filters = expandRules(rules).map((rule, position) => {
    const [name, options] = Object.entries(rule)[0] as [FilterName, never];
    const filter = FILTERS[name](options, position, resolved);
    const times = (seen.get(filter.name) ?? 0) + 1;
    seen.set(filter.name, times);
    if (times === 1) return filter;
    const renamed = `${filter.name} ${times}`;
    return {
      ...filter,
      name: renamed,
      reasons: filter.reasons.map((reason) => renamed + reason.slice(filter.name.length)),
    };
  });
  const reasons = filters.reduce((sum, filter) => sum + filter.reasons.length, 0);
  if (reasons > MAXIMUM_REASONS)
    throw new ConfigError([`filters: expected at most ${MAXIMUM_REASONS} reasons to drop a row, got ${reasons}`]);
  return filters;
}

/**
 * Checks that the input has what the filters cannot do without.
 * @param available the input's columns, under the names that batches carry.
 * @throws ConfigError with one issue for each column missing.
 */
export function requireColumns(filters: readonly Filter[], available: readonly string[]): void {
  const issues = filters.flatMap(({ name, columns }) =>
    columns
      .filter((column) => !available.includes(column))
      .map((column) => `filters: ${name} needs the column ${column}; there are ${available.join(', ') || 'none'}`),
  );
  if (issues.length > 0) throw new ConfigError(issues);
}
