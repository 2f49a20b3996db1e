/** From any value (parsed YAML, JSON, an object of a program) to a configuration, or to sentences on what is wrong. */
import { type Config, configSchema } from './config.js';
import { checkConfig } from './config-checks.js';
import { ConfigError } from './errors.js';
import { explain } from './explain-config.js';
import { configJsonSchema } from './json-schema.js';

/** The schema itself nests to 5. */
const MAXIMUM_DEPTH = 32;
/** More mistakes than this are counted, not listed. */
const MAXIMUM_ISSUES = 50;

/**
 * The value without keys that hold nothing: a key whose lines are all commented out counts as left out.
 * Refuses `__proto__`, which zod would pass over in silence, and nesting that only an attack has.
 */
function pruned(value: unknown, path: string, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAXIMUM_DEPTH) {
    throw new ConfigError([`${path.slice(0, 100)}…: expected at most ${MAXIMUM_DEPTH} levels, got more.`]);
  }
  if (Array.isArray(value)) return value.map((item, i) => pruned(item, `${path}[${i}]`, depth + 1));
  const kept: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    if (key === '__proto__') throw new ConfigError([`${at}: expected another name, got a reserved one.`]);
    if (child !== null && child !== undefined) kept[key] = pruned(child, at, depth + 1);
  }
  return kept;
}

function keyPath(path: readonly PropertyKey[]): string {
  return path.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i === 0 ? '' : '.'}${String(key)}`)).join('');
}

/**
 * The configuration with its defaults filled in.
 * @param file what to call it in messages
 * @throws ConfigError with one sentence for each mistake, found in the whole configuration
 */
export function parseConfig(value: unknown, file?: string): Config {
  const refuse = (issues: readonly string[]): never => {
    const more = issues.length - MAXIMUM_ISSUES;
    throw new ConfigError(more > 0 ? [...issues.slice(0, MAXIMUM_ISSUES), `and ${more} more.`] : issues, file);
  };
  let candidate: unknown;
  try {
    candidate = pruned(value, '', 0);
  } catch (error) {
    if (error instanceof ConfigError) return refuse(error.issues);
    throw error;
  }
  const result = configSchema.safeParse(candidate);
  if (!result.success) {
    const issues = explain(configJsonSchema(), candidate);
    // Both come from one schema and must agree; should they ever not, zod's words are better than none.
    return refuse(issues.length > 0 ? issues : result.error.issues.map((i) => `${keyPath(i.path)}: ${i.message}.`));
  }
  const issues = checkConfig(result.data);
  return issues.length > 0 ? refuse(issues) : result.data;
}
