/** What `nightly` asks of a configuration beyond what a single run does. */
import type { Config } from '../../schemas/config.js';
import { ConfigError } from '../../schemas/errors.js';
import { storageFor } from '../../storage/index.js';
import { expandRules, globalRules } from '../../transforms/filter/index.js';
import { namesNight } from '../../transforms/nightly/nights.js';

const WHERE = '{date}, or {yyyy}, {mm} and {dd}';

/** Throws ConfigError with a sentence for each mistake. */
export function requireNightly({ input, nightly, filters, labels, balance, output }: Config): void {
  const issues: string[] = [];
  const files = [input.files ?? []].flat();
  if (input.bigquery !== undefined) {
    const { table, query } = input.bigquery;
    if (query !== undefined) {
      issues.push(
        'input.bigquery.query: expected a table with nightly, got a query, of which nobody can tell what is new.',
      );
    }
    if (table?.includes('{') && !namesNight(table)) {
      issues.push(
        `input.bigquery.table: expected a name with the day, ${WHERE}, or without any of them, got ${table}.`,
      );
    }
    if (nightly.manifest !== undefined) {
      issues.push('nightly.manifest: expected none with input.bigquery, whose nights are tables, got a path.');
    }
    if (storageFor(output.directory).kind !== 'folders') {
      issues.push(
        `output.directory: expected a folder of a disk with input.bigquery, whose copy lies beside it, got ${output.directory}.`,
      );
    }
  } else if (nightly.manifest === undefined) {
    for (const path of files.filter((path) => !namesNight(path))) {
      issues.push(`input.files: expected a path with the day, ${WHERE}, got ${path}.`);
    }
  }
  for (const key of ['marker', 'manifest'] as const) {
    const path = nightly[key];
    if (path !== undefined && !namesNight(path)) {
      issues.push(`nightly.${key}: expected a path with the day, ${WHERE}, got ${path}.`);
    }
  }
  if (nightly.window !== undefined && nightly.halfLife !== undefined) {
    issues.push('nightly.halfLife: expected window or halfLife, got both.');
  }
  if (nightly.removed === 'keep' && nightly.scope === 'window') {
    issues.push('nightly.removed: expected drop with scope window, which reads every night again, got keep.');
  }
  const whole = filters.find(isWhole);
  if (whole !== undefined) {
    issues.push(
      `filters: expected filters that look at each row by itself, got ${JSON.stringify(whole)}, whose verdict depends on all rows: nights could not be added up. Use similarity.minimum, or leave it out.`,
    );
  }
  if (labels.some((label) => 'list' in label && label.names === undefined)) {
    issues.push(
      'labels: expected the names of a list column with nightly, as each night must have the same labels, got none.',
    );
  }
  if (balance.fit !== 'auto' && balance.fit !== 'exact') {
    issues.push(`balance.fit: expected auto or exact with nightly, got ${balance.fit}.`);
  }
  if (balance.warm !== undefined) {
    issues.push('balance.warm: expected nothing with nightly, which starts from its last run, got a path.');
  }
  if (output.stages !== undefined) {
    issues.push('output.stages: expected nothing with nightly, whose set has one split, got a share.');
  }
  if (issues.length > 0) throw new ConfigError(issues);
}

/** Whether a filter's verdict on a row depends on the others. */
function isWhole(filter: Config['filters'][number]): boolean {
  return globalRules(typeof filter === 'string' ? expandRules([filter]) : [filter]).length > 0;
}
