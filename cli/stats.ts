/** `m4-balance stats`: the plan or the run. */
import type { Config } from '../schemas/config.js';
import { EXIT } from './exit-codes.js';
import type { Job } from './job.js';
import { statsPlanLines } from './plan-lines.js';
import { publishFinished } from './publish.js';
import { printOutput, type RunOptions, tableWidth, withProgress } from './run.js';
import { printJson, printLine, type Terminal } from './terminal.js';

/** The process's exit code. Errors are thrown, except where a signal was their cause. */
export function stats(config: Config, options: RunOptions, job: Job, terminal: Terminal): Promise<number> {
  return withProgress(options, terminal, async (hooks, display) => {
    if (options.dryRun) {
      const plan = await job.planStats(config, hooks);
      display.stop();
      if (options.json) printJson(terminal.stdout, { event: 'plan', ...plan });
      else for (const line of statsPlanLines(plan, options.verbose)) printLine(terminal.stdout, line);
      return plan.submission === undefined || plan.submission.problems.length === 0 ? EXIT.done : EXIT.usage;
    }
    const result = await job.runStats(config, hooks);
    display.stop();
    printOutput(result, () => job.renderStats(result.report, tableWidth(terminal)), options, terminal);
    await publishFinished(result.directory, config, job, { options, terminal, hooks });
    return EXIT.done;
  });
}
