/** Whether a table that is there can take our rows, and what it lacks. */
import type { TableColumn } from '../../schemas/bigquery-tables.js';

/** A column as BigQuery tells of it: names of types in either dialect, parts left out. */
export interface ForeignColumn {
  readonly name?: string | undefined;
  readonly type?: string | undefined;
  readonly mode?: string | undefined;
  readonly fields?: readonly ForeignColumn[] | undefined;
}

export interface Migration {
  /** What the table lacks and may be given. */
  readonly missing: readonly TableColumn[];
  /** One phrase for each column that cannot be used. */
  readonly issues: readonly string[];
}

/** Names of GoogleSQL for types that the REST interface calls otherwise. */
const SAME: Readonly<Record<string, string>> = {
  INT64: 'INTEGER',
  FLOAT64: 'FLOAT',
  BOOL: 'BOOLEAN',
  STRUCT: 'RECORD',
};

function typeOf({ type }: ForeignColumn): string {
  const name = (type ?? '').toUpperCase();
  return SAME[name] ?? name;
}

function modeOf({ mode }: ForeignColumn): string {
  return (mode ?? 'NULLABLE').toUpperCase();
}

const described = (column: ForeignColumn) => `${modeOf(column)} ${typeOf(column)}`;

function mismatch(path: string, existing: ForeignColumn, wanted: TableColumn): string[] {
  const [is, asked] = [modeOf(existing), wanted.mode];
  const repeated = (is === 'REPEATED') !== (asked === 'REPEATED');
  const stricter = is === 'REQUIRED' && asked === 'NULLABLE';
  if (typeOf(existing) === wanted.type && !repeated && !stricter) return [];
  return [`${path} is ${described(existing)} and should be ${described(wanted)}`];
}

/**
 * Compares by name, without regard to case, as BigQuery does. A column that is missing may be added; one of another type, one that is missing
 * inside a record, or one of the table's own that may not be null and that our rows do not have, is an issue.
 */
export function migrate(existing: readonly ForeignColumn[], wanted: readonly TableColumn[], parent = ''): Migration {
  const key = ({ name }: ForeignColumn) => name?.toLowerCase();
  const known = new Map(existing.map((column) => [key(column), column]));
  const ours = new Set(wanted.map(key));
  const missing: TableColumn[] = [];
  const issues: string[] = [];
  for (const column of wanted) {
    const path = `${parent}${column.name}`;
    const found = known.get(key(column));
    if (found !== undefined) {
      issues.push(...mismatch(path, found, column));
      if (column.fields !== undefined) issues.push(...migrate(found.fields ?? [], column.fields, `${path}.`).issues);
    } else if (parent !== '' || column.mode === 'REQUIRED') issues.push(`${path} is missing, and cannot be added`);
    else missing.push(column);
  }
  for (const column of existing) {
    if (!ours.has(key(column)) && modeOf(column) === 'REQUIRED') {
      issues.push(`${parent}${column.name} is REQUIRED, and no run has it`);
    }
  }
  return { missing, issues };
}

/** The type of a column in GoogleSQL. */
export function sqlType({ type, mode, fields = [] }: TableColumn): string {
  const inside = fields.map((field) => `\`${field.name}\` ${sqlType(field)}`).join(', ');
  const name = Object.keys(SAME).find((sql) => SAME[sql] === type) ?? type;
  const single = type === 'RECORD' ? `STRUCT<${inside}>` : name;
  return mode === 'REPEATED' ? `ARRAY<${single}>` : single;
}
