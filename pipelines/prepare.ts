/** From a configuration to a job: plan the input, name the columns, and know the run by its hash. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config, RunConfig } from '../schemas/config.js';
import { decodeDuals } from '../schemas/duals.js';
import { ConfigError, InputError } from '../schemas/errors.js';
import { didYouMean } from '../schemas/nearest.js';
import type { ColumnInfo } from '../schemas/split.js';
import { absolutePath, beside, storageFor } from '../storage/index.js';
import { createFilters, expandRules, requireColumns } from '../transforms/filter/index.js';
import { withTrainableImages } from '../transforms/filter/trainable.js';
import { openEncoder } from '../transforms/image/encoder.js';
import { modelColumns, type PlannedModel } from '../transforms/model/columns.js';
import { inputColumns, planModel } from '../transforms/model/open-model.js';
import type { Job } from '../transforms/read/job.js';
import { nameColumns } from '../transforms/read/name-columns.js';
import type { InputPlan } from '../transforms/read/plan.js';
import { kindOf } from '../transforms/tag/column-kind.js';
import { wantedLists } from '../transforms/tag/listed.js';
import { readLexicons } from '../transforms/tag/read-lexicon.js';
import { taggerOf } from '../transforms/tag/stage.js';
import { type InputOptions, planGiven } from './input.js';

/** Version of this package, from the package.json above the running code. */
export function packageVersion(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      if (name === 'm4-balance') return version;
    } catch {
      // Not this folder: go on upwards.
    }
    if (folder === dirname(folder)) throw new ConfigError(['the installation has no package.json']);
  }
}

/**
 * Plans the input and fixes everything that the run depends on, which its runner is not. Throws InputError where nothing can be read, ConfigError where
 * the configuration names columns that are not there, or images are to be encoded again and sharp is not installed.
 */
export async function prepareJob(
  { runner: _runner, stats: _stats, bigquery: _bigquery, nightly: _nightly, ...config }: Config,
  how: InputOptions = {},
): Promise<Job> {
  const { images } = config.output;
  if (images === undefined) return prepareRun(config, undefined, how);
  const { versions: encoder } = await openEncoder(images);
  const job = await prepareRun(config, encoder, how);
  const image = job.columns.find(({ name }) => name === 'image');
  if (image?.type !== 'Binary' && image?.type !== 'Null') {
    throw new ConfigError([
      `output.images: expected a column image of encoded images (Binary), got ${image?.type ?? 'none'}. Map it in input.columns.image.`,
    ]);
  }
  return { ...job, encoder };
}

/** The same of a run that is described without its runner; `known` is hashed with what the run is. */
export async function prepareRun(given: RunConfig, known: unknown = undefined, how: InputOptions = {}): Promise<Job> {
  const { directory } = given.output;
  const plan = await planGiven(given.input, [directory, partialOf(directory)], how);
  const config = nameColumns(given, plan.layouts[0]);
  const version = packageVersion();
  const models = await planModels(config, plan);
  const columns = [...batchColumns(plan), ...modelColumns(models)];
  const available = columns.map((c) => c.name);
  const rules = withTrainableImages(expandRules(config.filters, available), columns, config.output);
  requireColumns(createFilters(rules), available);
  const lexicons = readLexicons(config.attributes, config.labels, config.languages);
  const warm = await readWarm(config.balance.warm);
  const { overwrite: _overwrite, directory: _directory, ...output } = config.output;
  const { folder: _folder, ...planned } = plan;
  const hash = createHash('sha256');
  hash.update(JSON.stringify([version, { ...config, output }, planned, rules, lexicons, warm, known, models]));
  const job = { version, config, plan, rules, columns, lexicons, models, warm };
  taggerOf(job, emptyVocabularies(config));
  requireTypes(config, columns);
  return { run: hash.digest('hex').slice(0, RUN_DIGITS), ...job };
}

/** Reads the files of the models, and looks whether the input has what they read. */
async function planModels(config: RunConfig, plan: InputPlan): Promise<PlannedModel[]> {
  const own = batchColumns(plan).map((c) => c.name);
  const models: PlannedModel[] = [];
  const issues: string[] = [];
  for (const [name, model] of Object.entries(config.models ?? {})) {
    for (const column of inputColumns(model).filter((c) => !own.includes(c))) {
      issues.push(
        `models.${name}: expected a column, got ${column}, which the input does not have.${didYouMean(column, own)}`,
      );
    }
    if (issues.length === 0) models.push(await planModel(name, model, plan.folder));
  }
  for (const { name } of modelColumns(models)) {
    if (own.includes(name)) issues.push(`models: expected columns that are not the input's, got ${name}.`);
  }
  if (issues.length > 0) throw new ConfigError(issues);
  return models;
}

/** A vocabulary without words for each list column: enough to check a configuration before anything is read. */
export function emptyVocabularies(config: RunConfig): Record<string, string[]> {
  return Object.fromEntries(wantedLists(config.labels).map(({ list }) => [list, []]));
}

/** Throws where the columns that are no filter's and no tagger's are absent or of a type that cannot be used. */
function requireTypes({ balance }: RunConfig, columns: readonly ColumnInfo[]): void {
  const id = columns.find((c) => c.name === 'id');
  if (id !== undefined && id.type !== 'Null' && !(kindOf(id) === 'string' || isInteger(id))) {
    throw new InputError('columns', {
      place: 'column id',
      expected: 'strings or integers',
      got: id.type,
      hint: 'Map another column in input.columns.id.',
    });
  }
  if (balance.utility === undefined) return;
  const names = columns.map((c) => c.name);
  const column = columns.find((c) => c.name === balance.utility);
  if (column === undefined) {
    const got = `${balance.utility}, which the input does not have`;
    throw new ConfigError([`balance.utility: expected a column, got ${got}.${didYouMean(balance.utility, names)}`]);
  }
  if (kindOf(column) !== 'number' && kindOf(column) !== 'boolean') {
    throw new ConfigError([`balance.utility: expected a numeric column, got ${column.name}, which is ${column.type}.`]);
  }
}

function isInteger({ type }: ColumnInfo): boolean {
  return /^U?int\d+$/i.test(type);
}

/** The text of the duals to start from. Throws InputError where they cannot be read or are none. */
async function readWarm(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const text = new TextDecoder().decode(await storageFor(path).readAll(path));
  decodeDuals(text, path);
  return text;
}

/** Hexadecimal digits of a run's name: 64 bits. */
const RUN_DIGITS = 16;

/** Columns of the batches, as filters and taggers see them. */
export function batchColumns(plan: InputPlan): ColumnInfo[] {
  const columns = plan.layouts[0].map(({ name, type }) => ({ name, type, nullable: true }));
  return plan.rowNumberIds ? [{ name: 'id', type: 'Utf8', nullable: true }, ...columns] : columns;
}

/** Where runs keep what is not published yet: beside their output, so that publishing is a rename. */
export function partialOf(directory: string): string {
  return beside(absolutePath(process.cwd(), directory), '.partial');
}
