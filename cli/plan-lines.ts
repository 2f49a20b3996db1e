/** A plan, as `--dry-run` prints it. */
import { DEFAULT_QUALITY } from '../schemas/output.js';
import type { InputSummary, PlanSummary, StatsPlanSummary } from './job.js';
import { submissionLines } from './submission-lines.js';

/** More files or columns than this are counted, not listed, unless everything is asked for. */
const LISTED = 20;

const count = new Intl.NumberFormat('en-US');

function megabytes(bytes: number): string {
  return bytes < 1e6 ? `${count.format(bytes)} bytes` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function listed<T>(items: readonly T[], all: boolean, line: (item: T) => string): string[] {
  const shown = all ? items : items.slice(0, LISTED);
  const rest = items.length - shown.length;
  return [
    ...shown.map((item) => `  ${line(item)}`),
    ...(rest > 0 ? [`  and ${count.format(rest)} more (--verbose)`] : []),
  ];
}

function inputLines(plan: InputSummary, all: boolean): string[] {
  const problems = plan.files.filter((f) => f.problem !== undefined);
  const labels = plan.labels;
  return [
    `files: ${count.format(plan.files.length)}, rows: ${count.format(plan.rows)}, splits: ${count.format(plan.splits)}`,
    ...listed(
      plan.files.filter((f) => f.problem === undefined),
      all,
      (f) =>
        `${f.path}  ${f.format}, ${count.format(f.rows)} rows, ${count.format(f.splits)} splits, ${megabytes(f.bytes)}`,
    ),
    ...(problems.length === 0 ? [] : [`unreadable: ${count.format(problems.length)}`]),
    ...listed(problems, all, (f) => `${f.path}  ${f.problem}`),
    `columns: ${count.format(plan.columns.length)}`,
    ...listed(
      plan.columns,
      all,
      (c) => `${c.name}  ${c.type}${c.canonical === undefined ? '' : `  (is ${c.canonical})`}`,
    ),
    `filters: ${plan.filters.length === 0 ? 'none' : plan.filters.join(', ')}`,
    `attributes: ${plan.attributes.join(', ')}`,
    `labels: ${typeof labels.count === 'number' ? count.format(labels.count) : labels.count}`,
    ...(labels.names.length === 0
      ? []
      : listed([labels.names.slice(0, all ? undefined : LISTED).join(', ')], all, String)),
    'passes:',
    ...plan.passes.map((pass, i) => `  ${i + 1}. ${pass.name}: ${pass.why}`),
  ];
}

function imageLines({ images }: PlanSummary): string[] {
  if (images === undefined) return [];
  const { resize, format, quality, encoder } = images;
  const versions = Object.entries(encoder).map(([name, version]) => `${name} ${version}`);
  const size = resize === undefined ? '' : `, the shorter side at most ${count.format(resize)} pixels`;
  const how = format === 'png' ? format : `${format} of quality ${quality ?? DEFAULT_QUALITY}`;
  return [`images: decoded and encoded again as ${how}${size}; ${versions.join(', ')}`];
}

/** @param all list every file and column */
export function planLines(plan: PlanSummary, all: boolean): string[] {
  return [
    ...inputLines(plan, all),
    `shards: about ${count.format(plan.shards.rows)} rows each`,
    ...imageLines(plan),
    ...(plan.submission === undefined ? [] : submissionLines(plan.submission)),
  ];
}

/** @param all list every file and column */
export function statsPlanLines({ parts, submission }: StatsPlanSummary, all: boolean): string[] {
  return [
    ...parts.flatMap((part) => [
      `${part.kind === 'set' ? 'data set' : 'predictions'} ${part.name}:`,
      ...[...inputLines(part, all), ...(part.counted.length === 0 ? [] : [`counted: ${part.counted.join('; ')}`])].map(
        (line) => `  ${line}`,
      ),
    ]),
    ...(submission === undefined ? [] : submissionLines(submission)),
  ];
}
