/** What of a tagger follows from the section `attributes` alone: what is merged, what is soft. */
import { type AttributeConfig, type SourceConfig, sourceNames } from '../../schemas/attribute-config.js';
import type { TagNames } from '../../schemas/tags.js';
import type { Merging } from './merge.js';

/** Whether the attribute is a probability in place of present or absent. */
export function isSoft(attribute: AttributeConfig | SourceConfig): boolean {
  return 'soft' in attribute && attribute.soft === true;
}

/** How each attribute merges its sources; undefined where it is one. */
export function mergingsOf(attributes: readonly AttributeConfig[]): (Merging | undefined)[] {
  return attributes.map((attribute) => {
    if (!('from' in attribute)) return undefined;
    const { from, merge, minimum, majority } = attribute;
    return { rule: merge, weights: from.map(({ weight }) => weight), minimum, majority };
  });
}

/** The names of attributes, of which some merge sources and some are soft, and of labels. */
export function namesOf(
  attributes: readonly (readonly [string, AttributeConfig])[],
  labels: readonly string[],
): TagNames {
  let column = 0;
  const merged = attributes.flatMap(([attribute, config]) => {
    const sources = sourceNames(config);
    column += sources.length;
    return 'from' in config ? [{ attribute, sources, column: column - sources.length }] : [];
  });
  const soft = attributes.flatMap(([, config], k) => (isSoft(config) ? [k] : []));
  return {
    attributes: attributes.map(([name]) => name),
    labels,
    ...(merged.length > 0 && { merged }),
    ...(soft.length > 0 && { soft }),
  };
}
