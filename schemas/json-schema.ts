/** The configuration's JSON Schema: for editors, and for our own messages, flags and documentation. */
import * as z from 'zod';
import { configSchema } from './config.js';

/** The part of JSON Schema (2020-12) that the configuration uses. */
export interface JsonSchema {
  readonly type?: 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean';
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: JsonSchema;
  /** A schema for a mapping with free keys; false for one with fixed keys. */
  readonly additionalProperties?: JsonSchema | false;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/** What a user may write: keys with a default are not required. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input' }) as JsonSchema;
}

/** That of the whole configuration. */
export function configJsonSchema(): JsonSchema {
  return jsonSchemaOf(configSchema);
}

/** The variants of a schema, unions in unions flattened; a schema that is no union is its own only variant. */
export function variants(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf === undefined ? [schema] : schema.anyOf.flatMap(variants);
}

function list(words: readonly string[], last: string): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}

function numberRange(schema: JsonSchema): string {
  const minimum = schema.minimum !== undefined && schema.minimum > Number.MIN_SAFE_INTEGER ? schema.minimum : undefined;
  const maximum = schema.maximum !== undefined && schema.maximum < Number.MAX_SAFE_INTEGER ? schema.maximum : undefined;
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  const low =
    minimum !== undefined
      ? ` of at least ${minimum}`
      : schema.exclusiveMinimum !== undefined
        ? ` above ${schema.exclusiveMinimum}`
        : '';
  const high =
    maximum !== undefined
      ? ` of at most ${maximum}`
      : schema.exclusiveMaximum !== undefined
        ? ` below ${schema.exclusiveMaximum}`
        : '';
  return low !== '' && high !== '' ? `${low} and${high}` : low + high;
}

/** What a schema asks for, in words, to stand after "expected": "a number from 0 to 1", "one of a, b or c". */
export function expectation(schema: JsonSchema): string {
  if (schema.anyOf !== undefined) {
    const options = variants(schema);
    const names = options.flatMap((o) => (o.const === undefined ? (o.enum ?? []) : [String(o.const)]));
    // Variants that are told apart by their only key read best as one list of keys.
    const keys = options.filter((o) => o.type === 'object').map((o) => Object.keys(o.properties ?? {}));
    const single = keys.length > 1 && keys.every((k) => k.length === 1);
    const rest = options.filter((o) => o.const === undefined && o.enum === undefined);
    const words = [
      ...(names.length === 0 ? [] : [names.length === 1 ? names[0]! : `one of ${names.join(', ')}`]),
      ...(single ? rest.filter((o) => o.type !== 'object') : rest).map(expectation),
      ...(single ? [`a mapping with one of the keys ${list(keys.flat(), 'or')}`] : []),
    ];
    return words.join(', or ');
  }
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum !== undefined) return `one of ${list(schema.enum, 'or')}`;
  switch (schema.type) {
    case 'object':
      return schema.properties === undefined
        ? 'a mapping of names'
        : `a mapping with the keys ${list(Object.keys(schema.properties), 'and')}`;
    case 'array': {
      const least = schema.minItems === undefined ? '' : `of at least ${schema.minItems} `;
      const items = schema.items === undefined ? undefined : variants(schema.items);
      const of = items?.length === 1 && items[0]!.type !== 'object' ? `, each ${expectation(items[0]!)}` : '';
      return `a list ${least}`.trimEnd() + of;
    }
    case 'boolean':
      return 'true or false';
    case 'integer':
      return `${schema.title ?? 'a whole number'}${numberRange(schema)}`;
    case 'number':
      return `${schema.title ?? 'a number'}${numberRange(schema)}`;
    default:
      return (
        schema.title ?? ((schema.minLength ?? 0) > 1 ? `a text of at least ${schema.minLength} characters` : 'a text')
      );
  }
}
