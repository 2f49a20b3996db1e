/** What went wrong, for a person or, with --json, for a program. */
import { JobError } from '../beam/job-error.js';
import { ConfigError } from '../schemas/errors.js';
import { NAME } from './arguments.js';
import { EXIT } from './exit-codes.js';
import { printJson, printLine, type Terminal } from './terminal.js';

export function printError(error: unknown, code: number, args: readonly string[], { stdout, stderr }: Terminal): void {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const issues = error instanceof ConfigError ? error.issues : undefined;
  if (args.includes('--json')) {
    printJson(stdout, { event: 'error', exitCode: code, name, message, ...(issues && { issues }) });
    return;
  }
  if (error instanceof ConfigError) {
    printLine(stderr, `${NAME}: ${error.file ?? 'configuration'}:`);
    for (const issue of error.issues) printLine(stderr, `  ${issue}`);
    return;
  }
  printLine(stderr, `${NAME}: ${message}`);
  const ofJob = error instanceof JobError;
  if (code !== EXIT.internal && !ofJob) return;
  const trace = ofJob ? error.details : (stack ?? '').split('\n').slice(1).join('\n');
  if (args.includes('--verbose')) for (const line of trace.split('\n')) printLine(stderr, line);
  else if (code !== EXIT.internal) printLine(stderr, '--verbose shows what the runner said.');
  else printLine(stderr, 'This should not happen. --verbose shows where; please report it.');
}
