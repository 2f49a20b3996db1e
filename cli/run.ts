/** What the commands that run a configuration share: reading it, telling how far it is, and Ctrl-C. */
import type { Config } from '../schemas/config.js';
import { parseConfig } from '../schemas/parse-config.js';
import { EXIT } from './exit-codes.js';
import { type Flag, withFlags } from './flags.js';
import { listenForInterrupt } from './interrupt.js';
import type { RunHooks, SubmissionSummary } from './job.js';
import { type ProgressDisplay, progressDisplay } from './progress.js';
import { readConfigFile } from './read-config.js';
import { printJson, printLine, type Terminal } from './terminal.js';

export interface RunOptions {
  readonly config?: string;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Of `balance`. */
  readonly strictRate: boolean;
  /** Of `balance`: short for balance.fit online. */
  readonly online: boolean;
}

/** Width of a table where stdout is no terminal. */
const TABLE_COLUMNS = 120;
/** A table needs this much; a narrower terminal wraps it. */
const MINIMUM_COLUMNS = 60;

/** Width of a table on this terminal. */
export function tableWidth({ stdout }: Terminal): number {
  return Math.max(MINIMUM_COLUMNS, stdout.columns ?? TABLE_COLUMNS);
}

/** The file's configuration with the flags in place of its keys. */
export async function loadConfig(
  options: Pick<RunOptions, 'config' | 'online'>,
  argv: Readonly<Record<string, unknown>>,
  flags: readonly Flag[],
): Promise<Config> {
  const value = options.config === undefined ? {} : await readConfigFile(options.config);
  const given = options.online ? { 'balance.fit': 'online', ...argv } : argv;
  return parseConfig(withFlags(value, given, flags), options.config ?? 'command line');
}

/** What a run would do; `lines` are the plan. The exit code: a usage error where its runner would refuse it. */
export function printPlan(
  plan: { readonly submission?: SubmissionSummary },
  lines: () => readonly string[],
  { json }: Pick<RunOptions, 'json'>,
  { stdout }: Terminal,
): number {
  if (json) printJson(stdout, { event: 'plan', ...plan });
  else for (const line of lines()) printLine(stdout, line);
  return plan.submission === undefined || plan.submission.problems.length === 0 ? EXIT.done : EXIT.usage;
}

/** What was written, and where; `lines` are the report. */
export function printOutput(
  result: { readonly directory: string; readonly files: readonly string[]; readonly alreadyDone: boolean },
  lines: () => readonly string[],
  options: Pick<RunOptions, 'json' | 'verbose'>,
  { stdout }: Terminal,
): void {
  if (options.json) {
    printJson(stdout, { event: 'result', ...result });
    return;
  }
  for (const line of lines()) printLine(stdout, line);
  if (options.verbose) for (const file of result.files) printLine(stdout, file);
  printLine(
    stdout,
    result.alreadyDone
      ? `${result.directory}: holds this run already; nothing was done`
      : `${result.directory}: ${result.files.length} files`,
  );
}

/**
 * Does `work` with a display of its progress. The process's exit code: that of `work`, or of the signal that stopped it. Errors are
 * thrown, except where a signal was their cause.
 */
export async function withProgress(
  options: Pick<RunOptions, 'json' | 'quiet' | 'verbose'>,
  terminal: Terminal,
  work: (hooks: RunHooks, display: ProgressDisplay) => Promise<number>,
): Promise<number> {
  const display = progressDisplay(terminal, options);
  const interrupt = listenForInterrupt(() =>
    display.log('warn', 'stopping; what is finished is kept (again to leave at once)'),
  );
  const hooks: RunHooks = {
    onProgress: display.update,
    onLog: (level, message) => {
      if (level === 'warn' || options.verbose || options.json) display.log(level, message);
    },
    signal: interrupt.signal,
  };
  try {
    return await work(hooks, display);
  } catch (error) {
    display.stop();
    const code = interrupt.code();
    if (code === undefined) throw error;
    const message = 'stopped; the same command continues from what is finished';
    if (options.json) printJson(terminal.stdout, { event: 'interrupted', exitCode: code, message });
    else printLine(terminal.stderr, message);
    return code;
  } finally {
    interrupt.release();
  }
}
