/** Every key of the configuration as a flag, made from its JSON Schema. */
import { ConfigError } from '../schemas/errors.js';
import { configJsonSchema, type JsonSchema, variants } from '../schemas/json-schema.js';
import { parseYaml } from './read-config.js';

/** How a flag's text becomes a value: `yaml` for whatever has a structure. */
type FlagKind = 'boolean' | 'number' | 'text' | 'list' | 'yaml';

export interface Flag {
  /** The key path, which is the flag's name: `balance.rate`. */
  readonly name: string;
  readonly alias?: string;
  readonly kind: FlagKind;
  readonly schema: JsonSchema;
}

/** The keys that are written most, without their section. */
const ALIASES: Readonly<Record<string, string>> = {
  'input.files': 'input',
  'input.columns': 'columns',
  'balance.rate': 'rate',
  'balance.fit': 'fit',
  'balance.seed': 'seed',
  'balance.warm': 'warm',
  'output.directory': 'output',
  'output.formats': 'formats',
  'output.overwrite': 'overwrite',
  'stats.slices': 'slices',
  'stats.predictions.files': 'predictions',
  'runner.name': 'runner',
  'runner.endpoint': 'endpoint',
  'runner.parallelism': 'parallelism',
  'runner.environment': 'environment',
  'runner.image': 'image',
  'runner.project': 'project',
  'runner.region': 'region',
  'runner.tempLocation': 'temp-location',
  'runner.serviceAccount': 'service-account',
  'runner.network': 'network',
  'runner.maxWorkers': 'max-workers',
  'runner.workerMachineType': 'worker-machine-type',
};

const SCALARS = new Set(['string', 'number', 'integer', 'boolean']);
const isScalar = (schema: JsonSchema) => schema.const !== undefined || SCALARS.has(schema.type ?? '');

function kindOf(schema: JsonSchema): FlagKind {
  const options = variants(schema);
  if (options.some((o) => o.type === 'array')) {
    const items = options.flatMap((o) => (o.items === undefined ? [] : variants(o.items)));
    return items.every(isScalar) ? 'list' : 'yaml';
  }
  if (!options.every(isScalar)) return 'yaml';
  if (options.every((o) => o.type === 'boolean')) return 'boolean';
  return options.some((o) => o.type === 'number' || o.type === 'integer') ? 'number' : 'text';
}

function collect(schema: JsonSchema, path: string, flags: Map<string, Flag>): void {
  for (const variant of variants(schema)) {
    for (const [key, child] of Object.entries(variant.properties ?? {})) {
      const name = path === '' ? key : `${path}.${key}`;
      // A section is no flag, only its keys are; what has other forms too is both.
      if (child.properties === undefined && !flags.has(name)) {
        flags.set(name, { name, alias: ALIASES[name], kind: kindOf(child), schema: child });
      }
      collect(child, name, flags);
    }
  }
}

/** All flags, in the order of the keys. */
export function configFlags(): readonly Flag[] {
  const flags = new Map<string, Flag>();
  collect(configJsonSchema(), '', flags);
  return [...flags.values()];
}

/** `a,b` is two items; what opens with a bracket is a YAML list, for items that hold a comma. */
function splitList(text: string, flag: string): unknown[] {
  if (!text.trimStart().startsWith('[')) return text.split(',').map((item) => item.trim());
  return parseYaml(text, flag) as unknown[];
}

function structured(texts: readonly string[], flag: Flag): unknown {
  const name = `--${flag.name}`;
  if (flag.schema.type === 'array') {
    return texts.flatMap((text) => {
      const value = parseYaml(text, name);
      return typeof value === 'string' ? splitList(text, name) : (value as unknown[]);
    });
  }
  const values = texts.map((text) => parseYaml(text, name));
  const isNamed = flag.schema.additionalProperties !== undefined && flag.schema.additionalProperties !== false;
  if (isNamed && values.every((v) => typeof v === 'object' && v !== null)) return Object.assign({}, ...values);
  return values[0];
}

function flagValue(given: unknown, flag: Flag): unknown {
  const texts = (Array.isArray(given) ? given : [given]).map(String);
  const mayRepeat = flag.kind === 'list' || flag.schema.type === 'array' || flag.schema.additionalProperties;
  if (texts.length > 1 && !mayRepeat) {
    throw new ConfigError([`--${flag.name}: expected one value, got ${texts.length}.`], 'command line');
  }
  const text = texts[0]!;
  switch (flag.kind) {
    case 'boolean':
      return text === 'true';
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
    case 'text':
      return text;
    case 'list':
      return texts.flatMap((t) => splitList(t, `--${flag.name}`));
    case 'yaml':
      return structured(texts, flag);
  }
}

type Mapping = Record<string, unknown>;
const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function withKey(value: unknown, keys: readonly string[], replacement: unknown): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return replacement;
  const mapping = isMapping(value) ? value : {};
  return { ...mapping, [key]: withKey(mapping[key], rest, replacement) };
}

/**
 * The configuration's value with the given flags in place of its keys; a flag replaces the whole of its key.
 * @param argv by flag name, as yargs gives it: a text, texts of a repeated flag, or a boolean
 */
export function withFlags(value: unknown, argv: Readonly<Mapping>, flags: readonly Flag[]): unknown {
  // A value that is no mapping is left for the schema to refuse.
  if (value !== undefined && value !== null && !isMapping(value)) return value;
  let changed: unknown = value ?? {};
  for (const flag of flags) {
    const given = argv[flag.name];
    if (given !== undefined) changed = withKey(changed, flag.name.split('.'), flagValue(given, flag));
  }
  return changed;
}
