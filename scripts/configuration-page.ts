/** docs/configuration.md, made from the JSON Schema. */
import { expectation, type JsonSchema, variants } from '../schemas/json-schema.js';

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

/** A cell of a Markdown table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function presence(schema: JsonSchema, key: string, parent: JsonSchema): string {
  if (schema.default !== undefined) return code(schema.default);
  return parent.required?.includes(key) ? 'required' : '–';
}

function table(schema: JsonSchema): string[] {
  return [
    '| key | expected | default | meaning |',
    '|---|---|---|---|',
    ...Object.entries(schema.properties ?? {}).map(([key, child]) =>
      ['', code(key), expectation(child), presence(child, key, schema), child.description ?? '', '']
        .map(cell)
        .join(' | ')
        .trim(),
    ),
    '',
  ];
}

const isMapping = (schema: JsonSchema) => schema.properties !== undefined;

/** A variant's own heading: the key of a rule, or the variant's description. */
function variantLines(variant: JsonSchema): string[] {
  const keys = Object.entries(variant.properties ?? {});
  const [first] = keys;
  if (keys.length === 1 && first !== undefined && isMapping(first[1])) {
    return [`### \`${first[0]}\``, '', `${first[1].description ?? ''}.`, '', ...table(first[1])];
  }
  return [...(variant.description === undefined ? [] : [`${variant.description}:`, '']), ...table(variant)];
}

function section(key: string, schema: JsonSchema): string[] {
  const lines = [`## ${key}`, ''];
  if (schema.description !== undefined) lines.push(`${schema.description}.`, '');
  const item = schema.items ?? (schema.additionalProperties || undefined);
  if (item !== undefined) {
    const options = variants(item);
    const names = options.flatMap((o) => o.enum ?? []);
    if (names.length > 0) lines.push(`Presets: ${names.map(code).join(', ')}.`, '');
    return [...lines, ...options.filter(isMapping).flatMap(variantLines)];
  }
  lines.push(...table(schema));
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const mappings = variants(child).filter(isMapping);
    if (mappings.length > 0) lines.push(`### ${key}.${name}`, '', ...mappings.flatMap(variantLines));
  }
  return lines;
}

/** @param template the commented configuration that `init` writes */
export function configurationPage(schema: JsonSchema, template: string): string {
  return [
    '# Configuration',
    '',
    '<!-- Made by `npm run schema` from schemas/config.ts; do not edit. -->',
    '',
    'A YAML (or JSON) file. Every key is also a flag of `m4-balance balance`, by its path: `--balance.rate 0.9`. A flag wins',
    'over the file. Relative paths are relative to the folder in which the command is run, in the file as on the command',
    'line. A key without a value counts as left out. Unknown and repeated keys are refused, and the whole configuration is',
    'checked before anything is read.',
    '',
    ...Object.entries(schema.properties ?? {}).flatMap(([key, child]) => section(key, child)),
    '## The file that `m4-balance init` writes',
    '',
    '```yaml',
    template.trimEnd(),
    '```',
    '',
  ].join('\n');
}
