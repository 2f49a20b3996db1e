/** `m4-balance merge` and `diff`: what is done with finished outputs. */
import type { Argv } from 'yargs';
import { ConfigError } from '../schemas/errors.js';
import { type Arguments, type Command, EXIT_HELP, NAME, numberFlag, operands, refuseUnknown } from './arguments.js';
import { EXIT } from './exit-codes.js';
import type { Flag } from './flags.js';
import type { Job } from './job.js';
import { printPublished, targetNames, targetOf, targetOptions } from './publish.js';
import { printOutput, tableWidth } from './run.js';
import { printJson, printLine, type Terminal } from './terminal.js';

const DEFAULT_FALSE_DISCOVERY_RATE = 0.05;

export function mergeFlags(parser: Argv): Argv {
  return parser
    .usage(
      `$0 merge A B … --output C\n\nAdd up the outputs of stats, of partial runs or of nights: what one run over all would have given.`,
    )
    .option('output', { type: 'string', requiresArg: true, describe: 'The folder that is written' })
    .option('overwrite', { type: 'boolean', describe: 'Replace another finished output in this folder' })
    .option('json', { type: 'boolean', describe: 'The result as JSON' })
    .option('verbose', { type: 'boolean', describe: 'List every file' })
    .example(`${NAME} merge monday tuesday --output week`, 'two nights')
    .epilogue(EXIT_HELP.join('\n'));
}

export const mergeCommand: Command = async (argv, terminal, loadJob) => {
  const paths = operands(argv);
  refuseUnknown(argv, ['output', 'overwrite', 'json', 'verbose'], 'merge', paths.length);
  if (argv.output === undefined) throw new ConfigError(['--output: expected a folder, got nothing.'], 'command line');
  const job = await loadJob();
  const result = await job.mergeOutputs(paths, { output: String(argv.output), overwrite: argv.overwrite === true });
  const options = { json: argv.json === true, verbose: argv.verbose === true };
  printOutput(result, () => job.renderStats(result.report, tableWidth(terminal)), options, terminal);
  return EXIT.done;
};

export function diffFlags(parser: Argv, flags: readonly Flag[]): Argv {
  return targetOptions(parser, flags)
    .usage(
      `$0 diff A B\n\nTell which figures differ between two outputs of stats, merge or balance, beyond what chance gives. A is before, B after.`,
    )
    .option('fdr', {
      type: 'string',
      requiresArg: true,
      default: String(DEFAULT_FALSE_DISCOVERY_RATE),
      describe: 'Share of false ones among the drifts that are told, at most on average (Benjamini-Hochberg)',
    })
    .option('least-difference', {
      type: 'string',
      requiresArg: true,
      default: '0',
      describe: 'A figure that moved by less has not drifted, however surely it moved',
    })
    .option('minimum-support', {
      type: 'string',
      requiresArg: true,
      describe: 'Figures of fewer examples are not tested; left out: that of A',
    })
    .option('json', { type: 'boolean', describe: 'All figures as JSON' })
    .example(`${NAME} diff monday tuesday --bigquery.dataset bias`, 'and load it to the table drift')
    .example(`${NAME} diff last-week this-week --least-difference 0.01`, 'a gate: exit code 7 where there is drift')
    .epilogue(EXIT_HELP.join('\n'));
}

export function diffCommand(flags: readonly Flag[]): Command {
  return (argv, terminal, loadJob) => diff(argv, flags, terminal, loadJob);
}

async function diff(argv: Arguments, flags: readonly Flag[], terminal: Terminal, loadJob: () => Promise<Job>) {
  const own = ['fdr', 'least-difference', 'minimum-support', 'json'];
  refuseUnknown(argv, [...own, ...targetNames(flags)], 'diff', 2);
  const [before, after] = operands(argv);
  if (before === undefined || after === undefined) {
    throw new ConfigError([`expected two outputs, before and after. ${NAME} diff --help tells more.`], 'command line');
  }
  const options = {
    falseDiscoveryRate: numberFlag(argv, 'fdr', 1),
    leastDifference: numberFlag(argv, 'least-difference', 1),
    ...(argv['minimum-support'] === undefined
      ? {}
      : { minimumSupport: numberFlag(argv, 'minimum-support', Number.POSITIVE_INFINITY) }),
  };
  const bigquery = await targetOf(argv, flags);
  const job = await loadJob();
  const found = await job.diffOutputs(before, after, options);
  if (argv.json === true) printJson(terminal.stdout, found);
  else for (const line of job.renderDiff(found, tableWidth(terminal))) printLine(terminal.stdout, line);
  if (bigquery !== undefined) {
    const published = await job.publishDiff(found, bigquery);
    // With --json stdout is the drift, and nothing else.
    if (argv.json !== true) printPublished(published, { json: false }, terminal);
  }
  return found.drifted > 0 ? EXIT.drift : EXIT.done;
}
