/** Says what is wrong with a value, key by key, where zod would say of a union that the input is invalid. */
import { expectation, type JsonSchema, variants } from './json-schema.js';
import { didYouMean, nearestName } from './nearest.js';

/** A value longer than this is cut in a message. */
const SHOWN_CHARACTERS = 60;

type Mapping = Readonly<Record<string, unknown>>;

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as a message shows it, to stand after "got". */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (isMapping(value)) {
    const keys = Object.keys(value);
    return keys.length === 0 ? 'an empty mapping' : `a mapping with ${clipped(keys.join(', '))}`;
  }
  return typeof value === 'string' ? clipped(JSON.stringify(value)) : String(value);
}

function clipped(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

/** `a.b[2]` for a key path; keys that are no plain name are quoted. */
function joined(path: string, key: string): string {
  const name = /^[\w-]+$/.test(key) ? key : clipped(JSON.stringify(key));
  return path === '' ? name : `${path}.${name}`;
}

function typeOf(value: unknown): JsonSchema['type'] | undefined {
  if (Array.isArray(value)) return 'array';
  if (isMapping(value)) return 'object';
  if (typeof value === 'number') return 'number';
  return typeof value === 'string' || typeof value === 'boolean' ? (typeof value as 'string' | 'boolean') : undefined;
}

function typesOf(schema: JsonSchema): readonly (JsonSchema['type'] | undefined)[] {
  if (schema.type === 'integer') return ['number'];
  return [schema.type ?? (typeof schema.const as JsonSchema['type'])];
}

const keysOf = (schema: JsonSchema) => Object.keys(schema.properties ?? {});

/** The variant whose keys the mapping comes nearest to, or undefined where it has none of any variant's. */
function meantVariant(options: readonly JsonSchema[], value: Mapping): JsonSchema | undefined {
  const keys = Object.keys(value);
  let best: JsonSchema | undefined;
  let most = 0;
  for (const option of options) {
    const valid = keysOf(option);
    const exact = keys.filter((k) => valid.includes(k));
    const near = keys.filter((k) => !valid.includes(k) && nearestName(k, valid) !== undefined);
    const missing = (option.required ?? []).filter((k) => !keys.includes(k));
    // An exact key counts more than any number of misspelt ones; what is missing only breaks ties.
    const score = exact.length * 100 + near.length * 10 - missing.length;
    if (exact.length + near.length > 0 && (best === undefined || score > most)) [best, most] = [option, score];
  }
  return best;
}

function explainUnion(schema: JsonSchema, value: unknown, path: string): string[] {
  const options = variants(schema);
  const names = options.flatMap((o) => [...(o.enum ?? []), ...(typeof o.const === 'string' ? [o.const] : [])]);
  const fitting = options.filter((o) => typesOf(o).includes(typeOf(value)));
  if (fitting.some((o) => explain(o, value, path).length === 0)) return [];
  if (isMapping(value) && fitting.length > 0) {
    const meant = fitting.length === 1 ? fitting[0] : meantVariant(fitting, value);
    if (meant !== undefined) return explainMapping(meant, value, path, fitting);
    const valid = [...new Set(fitting.flatMap(keysOf))];
    return [`${path}: expected a mapping with one of the keys ${valid.join(', ')}, got ${shown(value)}.`];
  }
  if (Array.isArray(value) && fitting.length === 1) return explain(fitting[0]!, value, path);
  if (typeof value !== 'string') return [`${path}: expected ${expectation(schema)}, got ${shown(value)}.`];
  // A rule's bare name, where the rule is a mapping.
  const rules = options.filter((o) => o.type === 'object' && keysOf(o).length === 1).flatMap(keysOf);
  const hint = rules.includes(value)
    ? ` A rule is a mapping: write ${value}: {}, with its settings inside.`
    : didYouMean(value, [...names, ...rules]);
  return [`${path}: expected ${expectation(schema)}, got ${shown(value)}.${hint}`];
}

/** `siblings` are the variants of the union that `schema` was taken from: their keys are valid names elsewhere. */
function explainMapping(
  schema: JsonSchema,
  value: Mapping,
  path: string,
  siblings: readonly JsonSchema[] = [schema],
): string[] {
  const valid = keysOf(schema);
  const unknown = Object.keys(value).filter((k) => !valid.includes(k));
  const issues: string[] = [];
  const mistaken = new Set<string>();
  const names = valid.length === 1 ? [...new Set(siblings.flatMap(keysOf))] : valid;
  for (const key of unknown) {
    const elsewhere = siblings.find((s) => s !== schema && keysOf(s).includes(key));
    if (elsewhere !== undefined) {
      const here = Object.keys(value).filter((k) => valid.includes(k));
      issues.push(
        valid.length === 1
          ? `${joined(path, key)}: expected one rule in each item of the list, got ${key} beside ${here.join(', ')}. Make it an item of its own.`
          : `${joined(path, key)}: expected no ${key} beside ${here.join(', ')}, got both. It goes with ${keysOf(elsewhere).join(', ')}.`,
      );
      continue;
    }
    const near = nearestName(key, names);
    if (near !== undefined) mistaken.add(near);
    issues.push(
      `${joined(path, key)}: expected one of the keys ${names.join(', ')}, got an unknown key.${didYouMean(key, names)}`,
    );
  }
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    if (Object.hasOwn(value, key) && value[key] !== undefined && value[key] !== null)
      issues.push(...explain(child, value[key], joined(path, key)));
    else if ((schema.required ?? []).includes(key) && !mistaken.has(key)) {
      issues.push(`${joined(path, key)}: expected ${expectation(child)}, got nothing.`);
    }
  }
  return issues;
}

function explainNamed(schema: JsonSchema, child: JsonSchema, value: Mapping, path: string): string[] {
  return Object.keys(value).flatMap((key) => {
    const name = schema.propertyNames;
    const bad = name !== undefined && explain(name, key, path).length > 0;
    const at = joined(path, key);
    return bad ? [`${at}: expected ${expectation(name)}, got ${shown(key)}.`] : explain(child, value[key], at);
  });
}

function holds(schema: JsonSchema, value: unknown): boolean {
  if (schema.const !== undefined) return value === schema.const;
  if (schema.enum !== undefined) return schema.enum.includes(value as string);
  switch (schema.type) {
    case 'string':
      return (
        typeof value === 'string' &&
        value.length >= (schema.minLength ?? 0) &&
        (schema.pattern === undefined || new RegExp(schema.pattern).test(value))
      );
    case 'number':
    case 'integer':
      return (
        Number.isFinite(value) &&
        (schema.type === 'number' || Number.isSafeInteger(value)) &&
        (value as number) >= (schema.minimum ?? Number.NEGATIVE_INFINITY) &&
        (value as number) <= (schema.maximum ?? Number.POSITIVE_INFINITY) &&
        (value as number) > (schema.exclusiveMinimum ?? Number.NEGATIVE_INFINITY) &&
        (value as number) < (schema.exclusiveMaximum ?? Number.POSITIVE_INFINITY)
      );
    default:
      return schema.type === typeOf(value);
  }
}

/**
 * One sentence for each mistake: the key path, what was expected, what arrived, the nearest valid name.
 * Empty where the value fits the schema; null at a key counts as the key left out.
 */
export function explain(schema: JsonSchema, value: unknown, path = ''): string[] {
  if (schema.anyOf !== undefined) return explainUnion(schema, value, path);
  const wrong = () => [
    `${path === '' ? '' : `${path}: `}expected ${expectation(schema)}, got ${shown(value)}.${
      typeof value === 'string' ? didYouMean(value, schema.enum ?? []) : ''
    }`,
  ];
  if (!holds(schema, value)) return wrong();
  if (schema.properties !== undefined) return explainMapping(schema, value as Mapping, path);
  if (schema.additionalProperties) return explainNamed(schema, schema.additionalProperties, value as Mapping, path);
  if (schema.type === 'array') {
    const items = value as readonly unknown[];
    if (items.length < (schema.minItems ?? 0)) return wrong();
    return items.flatMap((item, i) => explain(schema.items ?? {}, item, `${path}[${i}]`));
  }
  return [];
}
