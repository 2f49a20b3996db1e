/** `m4-balance balance`: the configuration from file and flags, then the plan or the run. */
import type { Config } from '../schemas/config.js';
import { parseConfig } from '../schemas/parse-config.js';
import type { Report } from '../schemas/report.js';
import { EXIT } from './exit-codes.js';
import { type Flag, withFlags } from './flags.js';
import { listenForInterrupt } from './interrupt.js';
import type { Job, RunResult } from './job.js';
import { planLines } from './plan-lines.js';
import { progressDisplay } from './progress.js';
import { printPublished } from './publish.js';
import { readConfigFile } from './read-config.js';
import { printJson, printLine, type Terminal } from './terminal.js';

export interface BalanceOptions {
  readonly config?: string;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly strictRate: boolean;
  /** Short for balance.fit online. */
  readonly online: boolean;
}

/** Width of the table where stdout is no terminal. */
const TABLE_COLUMNS = 120;
/** A table needs this much; a narrower terminal wraps it. */
const MINIMUM_COLUMNS = 60;

/** The file's configuration with the flags in place of its keys. */
export async function loadConfig(
  options: BalanceOptions,
  argv: Readonly<Record<string, unknown>>,
  flags: readonly Flag[],
): Promise<Config> {
  const value = options.config === undefined ? {} : await readConfigFile(options.config);
  const given = options.online ? { 'balance.fit': 'online', ...argv } : argv;
  return parseConfig(withFlags(value, given, flags), options.config ?? 'command line');
}

/** A rate that was asked for, and that cannot be had within the tolerance. */
function isRateMissed(config: Config, { certificate }: Report): boolean {
  return config.balance.rate !== 'auto' && certificate?.feasible === false;
}

function printResult(job: Job, result: RunResult, options: BalanceOptions, { stdout }: Terminal): void {
  if (options.json) {
    printJson(stdout, { event: 'result', ...result });
    return;
  }
  const width = Math.max(MINIMUM_COLUMNS, stdout.columns ?? TABLE_COLUMNS);
  for (const line of job.renderReport(result.report, width)) printLine(stdout, line);
  if (options.verbose) for (const file of result.files) printLine(stdout, file);
  printLine(
    stdout,
    result.alreadyDone
      ? `${result.directory}: holds this run already; nothing was done`
      : `${result.directory}: ${result.files.length} files`,
  );
}

/** The process's exit code. Errors are thrown, except where a signal was their cause. */
export async function balance(config: Config, options: BalanceOptions, job: Job, terminal: Terminal): Promise<number> {
  const display = progressDisplay(terminal, options);
  const interrupt = listenForInterrupt(() =>
    display.log('warn', 'stopping; what is finished is kept (again to leave at once)'),
  );
  const hooks = {
    onProgress: display.update,
    onLog: (level: 'info' | 'warn', message: string) => {
      if (level === 'warn' || options.verbose || options.json) display.log(level, message);
    },
    signal: interrupt.signal,
  };
  try {
    if (options.dryRun) {
      const plan = await job.planBalance(config, hooks);
      display.stop();
      if (options.json) printJson(terminal.stdout, { event: 'plan', ...plan });
      else for (const line of planLines(plan, options.verbose)) printLine(terminal.stdout, line);
      return plan.submission === undefined || plan.submission.problems.length === 0 ? EXIT.done : EXIT.usage;
    }
    const result = await job.runBalance(config, hooks);
    display.stop();
    printResult(job, result, options, terminal);
    const { bigquery } = config;
    if (bigquery !== undefined) {
      printPublished(await job.publishRun(result.directory, { bigquery }, hooks), options, terminal);
    }
    return options.strictRate && isRateMissed(config, result.report) ? EXIT.rate : EXIT.done;
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
