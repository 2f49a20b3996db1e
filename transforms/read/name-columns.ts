/** The configuration may name columns as the files do; batches have canonical names. */
import type { RunConfig } from '../../schemas/config.js';
import type { ColumnSource } from './columns.js';

/** Keys of the configuration whose value is a column's name, or a list of them. */
const COLUMN_KEYS: ReadonlySet<string> = new Set([
  'column',
  'columns',
  'list',
  'utility',
  'exclude',
  'weights',
  'distributions',
]);

/**
 * The configuration with column names as the batches have them: an input name that became canonical is replaced, and a name
 * that differs from one of either kind in case alone takes the column's. Names of no column stay, for the step that wants them to
 * report. `input`, and what `stats` has of other files, are left alone: their names are the files' own.
 */
export function nameColumns(config: RunConfig, sources: readonly ColumnSource[]): RunConfig {
  const { input, output, report, stats, ...steps } = config;
  const name = nameOf(sources);
  return {
    ...(renamed(steps, name) as typeof steps),
    input,
    output,
    report,
    ...(stats === undefined
      ? {}
      : { stats: { ...(renamed(stats, name) as typeof stats), sets: stats.sets, predictions: stats.predictions } }),
  };
}

function nameOf(sources: readonly ColumnSource[]) {
  const names = new Set(sources.map((s) => s.name));
  const byInput = new Map(
    sources.flatMap((s) =>
      s.field === 'path' ? [] : [s.input, ...(s.others ?? [])].map((input) => [input, s.name] as const),
    ),
  );
  const byCase = new Map<string, string>();
  const ambiguous = new Set<string>();
  for (const { name, input } of sources) {
    for (const lower of new Set([name.toLowerCase(), input.toLowerCase()])) {
      if (byCase.has(lower)) ambiguous.add(lower);
      byCase.set(lower, name);
    }
  }
  return (column: string): string => {
    if (names.has(column)) return column;
    const lower = column.toLowerCase();
    return byInput.get(column) ?? (ambiguous.has(lower) ? undefined : byCase.get(lower)) ?? column;
  };
}

function renamed(value: unknown, name: (column: string) => string, isColumn = false): unknown {
  if (typeof value === 'string') return isColumn ? name(value) : value;
  if (Array.isArray(value)) return value.map((v) => renamed(v, name, isColumn));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, renamed(v, name, COLUMN_KEYS.has(key))]));
}
