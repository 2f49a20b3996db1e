/** From any value (parsed YAML, JSON, an object of a program) to a configuration, or to sentences on what is wrong. */
import * as z from 'zod';
import { type BigQueryConfig, bigQuerySchema } from './bigquery.js';
import { type Config, configSchema } from './config.js';
import { checkConfig, checkEmulator } from './config-checks.js';
import { ConfigError } from './errors.js';
import { explain } from './explain-config.js';
import { jsonSchemaOf } from './json-schema.js';

/** The schema itself nests to 5. */
const MAXIMUM_DEPTH = 32;
/** More mistakes than this are counted, not listed. */
const MAXIMUM_ISSUES = 50;

/** Refuses `__proto__`, which zod would pass over in silence, and nesting that only an attack has. */
function guard(value: unknown, path: string, depth: number): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (depth > MAXIMUM_DEPTH) return [`${path.slice(0, 100)}…: expected at most ${MAXIMUM_DEPTH} levels, got more.`];
  return Object.entries(value).flatMap(([key, child]) => {
    const at = Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    return key === '__proto__' ? [`${at}: expected another name, got a reserved one.`] : guard(child, at, depth + 1);
  });
}

/** The value without keys that hold nothing: a key whose lines are all commented out counts as left out. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const held = Object.entries(value).filter(([, child]) => child !== null && child !== undefined);
  return Object.fromEntries(held.map(([key, child]) => [key, withoutNulls(child)]));
}

function keyPath(path: readonly PropertyKey[]): string {
  return path.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i === 0 ? '' : '.'}${String(key)}`)).join('');
}

function refuseBy(file: string | undefined): (issues: readonly string[]) => never {
  return (issues) => {
    const more = issues.length - MAXIMUM_ISSUES;
    throw new ConfigError(more > 0 ? [...issues.slice(0, MAXIMUM_ISSUES), `and ${more} more.`] : issues, file);
  };
}

/** Whether a key holds nothing, which zod is not shown. */
function hasEmptyKeys(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((child) => child === null || child === undefined || hasEmptyKeys(child));
}

function parseBy<T>(schema: z.ZodType<T>, value: unknown, file: string | undefined): T {
  const refuse = refuseBy(file);
  const unsafe = guard(value, '', 0);
  if (unsafe.length > 0) return refuse(unsafe);
  // Read once: code made for each object of the schema takes longer than it saves.
  const result = schema.safeParse(withoutNulls(value), { jitless: true });
  // Making the JSON Schema takes longer than all the rest, and there is nothing to explain of what zod takes as it stands.
  if (result.success && !hasEmptyKeys(value)) return result.data;
  const mistakes = explain(jsonSchemaOf(schema), value);
  if (mistakes.length > 0) return refuse(mistakes);
  // Both come from one schema and must agree; should they ever not, zod's words are better than none.
  if (!result.success) return refuse(result.error.issues.map((i) => `${keyPath(i.path)}: ${i.message}.`));
  return result.data;
}

/**
 * The configuration with its defaults filled in.
 * @param file what to call it in messages
 * @throws ConfigError with one sentence for each mistake, found in the whole configuration
 */
export function parseConfig(value: unknown, file?: string): Config {
  const config = parseBy(configSchema, value, file);
  const issues = checkConfig(config);
  return issues.length > 0 ? refuseBy(file)(issues) : config;
}

/** The section `bigquery` alone, as `publish` takes it. Throws ConfigError as parseConfig does. */
export function parseBigQuery(section: unknown, file?: string): BigQueryConfig {
  const alone = z.strictObject({ bigquery: bigQuerySchema });
  const { bigquery } = parseBy(alone, { bigquery: section ?? {} }, file);
  const issues = checkEmulator(bigquery, 'bigquery');
  return issues.length > 0 ? refuseBy(file)(issues) : bigquery;
}
