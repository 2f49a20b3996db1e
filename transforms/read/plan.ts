/** The plan: which files, which splits, which columns, from footers alone, or from the walk over a shard that has none. */
import { DATA_SUFFIXES, formatFor } from '../../formats/index.js';
import type { Config } from '../../schemas/config.js';
import { ChangedError, InputError, UnavailableError } from '../../schemas/errors.js';
import type { FilePlan, Split } from '../../schemas/split.js';
import { absolutePath, pinOf, type StorageEntry, storageFor } from '../../storage/index.js';
import { type ColumnSource, resolveColumns } from './columns.js';
import { inferColumns } from './infer.js';
import { withoutSideFiles } from './side-files.js';

/** Files, and how their columns are called; of a table elsewhere, the files that it was copied to. */
export type FileInput = Pick<Config['input'], 'columns'> & { readonly files: string | readonly string[] };

export interface PlannedFile {
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since the epoch, where the storage tells. */
  readonly modified?: number | undefined;
  /** Where the storage counts versions: only this one is read. */
  readonly version?: string | undefined;
  readonly format: string;
  /** Index into `layouts`. */
  readonly layout: number;
  readonly groups: readonly { readonly rows: number; readonly bytes: number }[];
}

/** A file, or a part of one, that will not be read, and why. */
export interface Problem {
  readonly file: string;
  /** Rows lost with it; 0 where not even the footer could be read. */
  readonly rows: number;
  readonly reason: string;
}

export interface InputPlan {
  /** Where relative paths of files start: the working directory of whoever plans, which workers do not share. */
  readonly folder: string;
  readonly files: readonly PlannedFile[];
  /** Distinct column layouts; they differ in input names only. */
  readonly layouts: readonly (readonly ColumnSource[])[];
  readonly problems: readonly Problem[];
  /** Rows of the readable files; global row numbers run from 0 to rows - 1. */
  readonly rows: number;
  /** Uncompressed bytes of the readable files, as the footers tell. */
  readonly bytes: number;
  /** No column is the id: the global row number is. */
  readonly rowNumberIds: boolean;
}

const FOOTERS_AT_ONCE = 8;
/** Enough for the first bytes that tell one format from another. */
const HEAD_BYTES = 16;

/**
 * Lists the input and reads every footer, or walks over files that have none. A file that cannot be used (corrupt, truncated, other columns or types than the
 * first readable file) becomes a problem, not an error.
 * Files below `outputs`, the run's own folders, are no input. Throws InputError when a pattern matches nothing or no file at all
 * can be read.
 */
export async function planInput(input: FileInput, outputs: readonly string[] = []): Promise<InputPlan> {
  const patterns = typeof input.files === 'string' ? [input.files] : input.files;
  const entries = await listInput(patterns, outputs);

  const files: PlannedFile[] = [];
  const layouts: ColumnSource[][] = [];
  const problems: Problem[] = [];
  let reference: readonly ColumnSource[] | undefined;
  const footers = await readFooters(entries);
  const inferred = inferColumns(
    footers.flatMap((f, i) =>
      'plan' in f && isInferred(f.plan) ? { file: entries[i]!.path, columns: f.plan.columns } : [],
    ),
  );
  for (const [i, footer] of footers.entries()) {
    const entry = entries[i]!;
    if ('reason' in footer) {
      problems.push({ file: entry.path, rows: 0, reason: footer.reason });
      continue;
    }
    const rows = footer.plan.groups.reduce((sum, g) => sum + g.rows, 0);
    try {
      const refused = inferred.refused.get(entry.path);
      if (refused !== undefined) throw refused;
      const columns = isInferred(footer.plan) ? inferred.columns : footer.plan.columns;
      const sources = resolveColumns(input.columns, columns, entry.path);
      reference ??= sources;
      checkLayout(sources, reference, entry.path);
      const carried = sources.filter((s) => reference!.some((r) => r.name === s.name)).sort(byReference(reference));
      files.push({
        path: entry.path,
        bytes: entry.bytes,
        modified: entry.modified?.getTime(),
        version: entry.version,
        format: footer.format,
        layout: layoutNumber(layouts, carried),
        groups: footer.plan.groups,
      });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push({ file: entry.path, rows, reason: error.message });
    }
  }
  if (reference === undefined || files.length === 0) throw noneReadable(patterns, problems);
  const total = (of: (g: { rows: number; bytes: number }) => number) =>
    files.reduce((sum, f) => sum + f.groups.reduce((s, g) => s + of(g), 0), 0);
  return {
    folder: process.cwd(),
    files,
    layouts,
    problems,
    rows: total((g) => g.rows),
    bytes: total((g) => g.bytes),
    rowNumberIds: !reference.some((s) => s.name === 'id'),
  };
}

/** Files of all patterns, each once, without those below `outputs`. */
async function listInput(patterns: readonly string[], outputs: readonly string[]): Promise<StorageEntry[]> {
  const folder = process.cwd();
  const own = outputs.map((output) => `${absolutePath(folder, output).replace(/\/+$/, '')}/`);
  const entries = new Map<string, StorageEntry>();
  for (const pattern of patterns) {
    for await (const entry of storageFor(pattern).list([pattern], { suffixes: DATA_SUFFIXES })) {
      const path = absolutePath(folder, entry.path);
      if (!entries.has(path) && !own.some((output) => path.startsWith(output))) entries.set(path, entry);
    }
  }
  return withoutSideFiles([...entries.values()]);
}

const isInferred = ({ columns }: FilePlan) => columns.some((c) => c.inferred === true);

type Footer = { readonly format: string; readonly plan: FilePlan } | { readonly reason: string };

async function readFooters(entries: readonly StorageEntry[]): Promise<Footer[]> {
  const footers: Footer[] = [];
  for (let i = 0; i < entries.length; i += FOOTERS_AT_ONCE) {
    footers.push(...(await Promise.all(entries.slice(i, i + FOOTERS_AT_ONCE).map(readFooter))));
  }
  return footers;
}

async function readFooter(entry: StorageEntry): Promise<Footer> {
  try {
    const source = await storageFor(entry.path).open(entry.path, pinOf(entry));
    const head = await source.read(0, Math.min(HEAD_BYTES, source.bytes));
    const format = formatFor(entry.path, head);
    return { format: format.name, plan: await format.plan(source) };
  } catch (error) {
    if (!(error instanceof InputError) || saysNothingOfTheFile(error)) throw error;
    return { reason: error.message };
  }
}

/** Errors that make no file a bad one: to go on without it would make the result depend on the network, or mix two inputs. */
export function saysNothingOfTheFile(error: InputError): boolean {
  return error instanceof UnavailableError || error instanceof ChangedError;
}

function checkLayout(sources: readonly ColumnSource[], reference: readonly ColumnSource[], file: string): void {
  for (const wanted of reference) {
    const found = sources.find((s) => s.name === wanted.name);
    if (found?.type === wanted.type) continue;
    throw new InputError('columns', {
      file,
      place: `column ${wanted.name}`,
      expected: `${wanted.type}, as in the first file`,
      got: found === undefined ? 'no such column' : found.type,
    });
  }
}

function byReference(reference: readonly ColumnSource[]) {
  const order = new Map(reference.map((s, i) => [s.name, i]));
  return (a: ColumnSource, b: ColumnSource) => order.get(a.name)! - order.get(b.name)!;
}

function layoutNumber(layouts: ColumnSource[][], layout: ColumnSource[]): number {
  const text = JSON.stringify(layout);
  const found = layouts.findIndex((l) => JSON.stringify(l) === text);
  return found >= 0 ? found : layouts.push(layout) - 1;
}

function noneReadable(patterns: readonly string[], problems: readonly Problem[]): InputError {
  return new InputError('input', {
    place: patterns.join(', '),
    expected: 'at least one readable data file (Parquet, Arrow, WebDataset, TFRecord) outside output.directory',
    got:
      problems.length === 0
        ? 'no file'
        : problems
            .slice(0, 3)
            .map((p) => p.reason)
            .join('; '),
  });
}

/** The splits of a plan, in the order of global row numbers. */
export function* splitsOf(plan: InputPlan): Generator<Split> {
  let ordinal = 0;
  let firstRow = 0;
  for (const file of plan.files) {
    for (const [group, { rows, bytes }] of file.groups.entries()) {
      yield { ordinal, file: file.path, fileBytes: file.bytes, format: file.format, group, firstRow, rows, bytes };
      ordinal += 1;
      firstRow += rows;
    }
  }
}
