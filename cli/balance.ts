/** `m4-balance balance`: the plan or the run. */
import type { Config } from '../schemas/config.js';
import type { Report } from '../schemas/report.js';
import { EXIT } from './exit-codes.js';
import type { Job } from './job.js';
import { planLines } from './plan-lines.js';
import { publishFinished } from './publish.js';
import { printOutput, printPlan, type RunOptions, tableWidth, withProgress } from './run.js';
import type { Terminal } from './terminal.js';

/** A rate that was asked for, and that cannot be had within the tolerance. */
function isRateMissed(config: Config, { certificate }: Report): boolean {
  return config.balance.rate !== 'auto' && certificate?.feasible === false;
}

/** The process's exit code. Errors are thrown, except where a signal was their cause. */
export function balance(config: Config, options: RunOptions, job: Job, terminal: Terminal): Promise<number> {
  return withProgress(options, terminal, async (hooks, display) => {
    if (options.dryRun) {
      const plan = await job.planBalance(config, hooks);
      display.stop();
      return printPlan(plan, () => planLines(plan, options.verbose), options, terminal);
    }
    const result = await job.runBalance(config, hooks);
    display.stop();
    printOutput(result, () => job.renderReport(result.report, tableWidth(terminal)), options, terminal);
    await publishFinished(result.directory, config, job, { options, terminal, hooks });
    return options.strictRate && isRateMissed(config, result.report) ? EXIT.rate : EXIT.done;
  });
}
