/** `m4-balance stats`: the plan or the run. */
import type { Config } from '../schemas/config.js';
import { EXIT } from './exit-codes.js';
import type { Job } from './job.js';
import { statsPlanLines } from './plan-lines.js';
import { publishFinished } from './publish.js';
import { printOutput, printPlan, type RunOptions, tableWidth, withProgress } from './run.js';
import type { Terminal } from './terminal.js';

/** The process's exit code. Errors are thrown, except where a signal was their cause. */
export function stats(config: Config, options: RunOptions, job: Job, terminal: Terminal): Promise<number> {
  return withProgress(options, terminal, async (hooks, display) => {
    if (options.dryRun) {
      const plan = await job.planStats(config, hooks);
      display.stop();
      return printPlan(plan, () => statsPlanLines(plan, options.verbose), options, terminal);
    }
    const result = await job.runStats(config, hooks);
    display.stop();
    printOutput(result, () => job.renderStats(result.report, tableWidth(terminal)), options, terminal);
    await publishFinished(result.directory, config, job, { options, terminal, hooks });
    return EXIT.done;
  });
}
