/** `m4-balance publish`, and what other commands do of it: a finished output to BigQuery, again if need be. */
import type { Argv } from 'yargs';
import type { BigQueryConfig } from '../schemas/bigquery.js';
import type { Config } from '../schemas/config.js';
import { ConfigError } from '../schemas/errors.js';
import { parseBigQuery } from '../schemas/parse-config.js';
import { type Arguments, addFlag, type Command, EXIT_HELP, NAME, operand, refuseUnknown } from './arguments.js';
import { EXIT } from './exit-codes.js';
import { type Flag, withFlags } from './flags.js';
import type { Job, Published, RunHooks } from './job.js';
import { readConfigFile } from './read-config.js';
import { type RunOptions, withProgress } from './run.js';
import { printJson, printLine, type Terminal } from './terminal.js';

const SWITCHES = {
  json: 'JSON lines on stdout: log, published and error events',
  quiet: 'Warnings and results only',
  verbose: 'Log every step',
} as const;

const count = new Intl.NumberFormat('en-US');

const ofTarget = (flags: readonly Flag[]) => flags.filter(({ name }) => name.startsWith('bigquery.'));

/** Names of the flags that tell where to publish. */
export function targetNames(flags: readonly Flag[]): string[] {
  return ['config', ...ofTarget(flags).map(({ name }) => name)];
}

/** Flags that tell where to publish. */
export function targetOptions(parser: Argv, flags: readonly Flag[]): Argv {
  return ofTarget(flags).reduce(addFlag, parser).option('config', {
    type: 'string',
    requiresArg: true,
    describe: 'A configuration whose section bigquery tells where to load; flags go before its keys',
    group: 'BigQuery:',
  });
}

/** The section of a configuration file with flags in place of its keys; undefined where there is neither. */
export async function targetOf(argv: Arguments, flags: readonly Flag[]): Promise<BigQueryConfig | undefined> {
  const file = argv.config === undefined ? undefined : String(argv.config);
  const value = file === undefined ? {} : await readConfigFile(file);
  const changed = withFlags(value, argv, ofTarget(flags));
  const section = (changed as { readonly bigquery?: unknown } | null)?.bigquery;
  return section === undefined && file === undefined ? undefined : parseBigQuery(section, file ?? 'command line');
}

/** What was loaded, in a line. */
export function printPublished(published: Published, { json }: Pick<RunOptions, 'json'>, { stdout }: Terminal): void {
  if (json) {
    printJson(stdout, { event: 'published', ...published });
    return;
  }
  const rows = Object.entries(published.rows).map(([table, rows]) => `${count.format(rows)} rows of ${table}`);
  printLine(
    stdout,
    published.alreadyDone
      ? `${published.target}: has this run already; nothing was loaded`
      : `${published.target}: ${rows.join(', ')}`,
  );
}

interface Console {
  readonly options: Pick<RunOptions, 'json'>;
  readonly terminal: Terminal;
  readonly hooks: RunHooks;
}

/** Publishes a finished output where its configuration says so. */
export async function publishFinished(
  directory: string,
  { bigquery }: Config,
  job: Job,
  { options, terminal, hooks }: Console,
): Promise<void> {
  if (bigquery !== undefined) printPublished(await job.publishRun(directory, { bigquery }, hooks), options, terminal);
}

export function publishFlags(parser: Argv, flags: readonly Flag[]): Argv {
  const usage =
    '$0 publish RUN [FLAGS]\n\nLoad a finished output to BigQuery, in place of what is there of the same run.\nRUN is the output directory of balance, stats or merge.';
  return Object.entries(SWITCHES)
    .reduce(
      (p, [name, describe]) => p.option(name, { type: 'boolean', describe, group: 'Run:' }),
      targetOptions(parser.usage(usage), flags),
    )
    .example(`${NAME} publish out`, 'again where it was published, or should have been')
    .example(`${NAME} publish out --bigquery.dataset bias`, 'to another dataset')
    .epilogue(EXIT_HELP.join('\n'));
}

export function publishCommand(flags: readonly Flag[]): Command {
  return async (argv, terminal, loadJob) => {
    refuseUnknown(argv, [...targetNames(flags), ...Object.keys(SWITCHES)], 'publish');
    const directory = operand(argv);
    if (directory === undefined) {
      throw new ConfigError(['expected the output directory of a run, got nothing.'], 'command line');
    }
    const bigquery = await targetOf(argv, flags);
    const job = await loadJob();
    const options = { json: argv.json === true, quiet: argv.quiet === true, verbose: argv.verbose === true };
    return withProgress(options, terminal, async (hooks, display) => {
      const published = await job.publishRun(directory, { bigquery, again: true }, hooks);
      display.stop();
      printPublished(published, options, terminal);
      return EXIT.done;
    });
  };
}
