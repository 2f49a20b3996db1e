/** `m4-balance publish`: a finished output to BigQuery, again if need be. */
import type { BigQueryConfig } from '../schemas/bigquery.js';
import { parseBigQuery } from '../schemas/parse-config.js';
import { EXIT } from './exit-codes.js';
import { type Flag, withFlags } from './flags.js';
import { listenForInterrupt } from './interrupt.js';
import type { Job, Published } from './job.js';
import { progressDisplay } from './progress.js';
import { readConfigFile } from './read-config.js';
import { printJson, printLine, type Terminal } from './terminal.js';

export interface PublishCommandOptions {
  readonly directory: string;
  readonly config: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

const count = new Intl.NumberFormat('en-US');

/** What was loaded, in a line. */
export function printPublished(published: Published, { json }: { readonly json: boolean }, { stdout }: Terminal): void {
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

/** The section of a configuration file with flags in place of its keys; undefined where there is neither. */
async function sectionOf(
  { config }: PublishCommandOptions,
  argv: Readonly<Record<string, unknown>>,
  flags: readonly Flag[],
): Promise<BigQueryConfig | undefined> {
  const value = config === undefined ? {} : await readConfigFile(config);
  const changed = withFlags(value, argv, flags);
  const section = (changed as { readonly bigquery?: unknown } | null)?.bigquery;
  return section === undefined && config === undefined ? undefined : parseBigQuery(section, config ?? 'command line');
}

/** The process's exit code. Errors are thrown, except where a signal was their cause. */
export async function publish(
  options: PublishCommandOptions,
  argv: Readonly<Record<string, unknown>>,
  flags: readonly Flag[],
  loadJob: () => Promise<Job>,
  terminal: Terminal,
): Promise<number> {
  const bigquery = await sectionOf(options, argv, flags);
  const job = await loadJob();
  const display = progressDisplay(terminal, options);
  const interrupt = listenForInterrupt(() => display.log('warn', 'stopping (again to leave at once)'));
  try {
    const hooks = {
      onLog: (level: 'info' | 'warn', message: string) => {
        if (level === 'warn' || options.verbose || options.json) display.log(level, message);
      },
      signal: interrupt.signal,
    };
    printPublished(await job.publishRun(options.directory, { bigquery, again: true }, hooks), options, terminal);
    return EXIT.done;
  } catch (error) {
    const code = interrupt.code();
    if (code === undefined) throw error;
    const message = 'stopped; the same command loads all of it';
    if (options.json) printJson(terminal.stdout, { event: 'interrupted', exitCode: code, message });
    else printLine(terminal.stderr, message);
    return code;
  } finally {
    display.stop();
    interrupt.release();
  }
}
