/** The commands that read data by a configuration: every key of it is a flag. */
import type { Argv } from 'yargs';
import type { Config } from '../schemas/config.js';
import { ConfigError } from '../schemas/errors.js';
import { addFlag, type Command, EXIT_HELP, NAME, operand, refuseUnknown } from './arguments.js';
import { balance } from './balance.js';
import type { Flag } from './flags.js';
import type { Job } from './job.js';
import { loadConfig, type RunOptions } from './run.js';
import { stats } from './stats.js';
import type { Terminal } from './terminal.js';

const RUN_FLAGS = {
  'dry-run': 'Read only footers and print the plan',
  json: 'JSON lines on stdout: log, progress, plan, result and error events',
  quiet: 'No progress; warnings and results only',
  verbose: 'Log every step, list every file',
} as const;

const BALANCE_FLAGS = {
  online: 'Short for --balance.fit online',
  'strict-rate': 'Exit code 4 when the asked rate is above the largest feasible one',
} as const;

/** A command that runs what a configuration describes. */
interface RunCommand {
  readonly name: string;
  readonly purpose: string;
  /** Switches that other such commands do not have. */
  readonly switches: Readonly<Record<string, string>>;
  readonly examples: readonly (readonly [args: string, what: string])[];
  /** Whether a key of the configuration is a flag of this command. */
  takes(flag: string): boolean;
  run(config: Config, options: RunOptions, job: Job, terminal: Terminal): Promise<number>;
}

export const BALANCE: RunCommand = {
  name: 'balance',
  purpose: 'Read, filter, tag, balance, and write shards, weights and a report',
  switches: BALANCE_FLAGS,
  examples: [
    ['job.yaml --dry-run', 'what would be done'],
    ['job.yaml --rate 0.5 --output out-half', 'a key changed for one run'],
    ["--input data --output out --attributes '{female: {lexicon: gender, value: female}}'", 'without a file'],
  ],
  takes: (flag) => !flag.startsWith('stats.') && !flag.startsWith('nightly.'),
  run: balance,
};

/** Keys of `output` that are of shards and weights, which `stats` does not write. */
const STATS_OUTPUT = ['output.directory', 'output.overwrite'];

export const STATS: RunCommand = {
  name: 'stats',
  purpose: 'Read, filter, tag, count, and report the bias of data sets and of a trained model',
  switches: {},
  examples: [
    ['job.yaml --output stats-out', 'the same configuration as for balance'],
    ['job.yaml --stats.weights weight --output stats-weighted', 'weighted by a column'],
    ['job.yaml --predictions fairface.parquet --output stats-model', 'with the bias of a model'],
  ],
  takes: (flag) =>
    !flag.startsWith('balance.') &&
    !flag.startsWith('nightly.') &&
    (!flag.startsWith('output.') || STATS_OUTPUT.includes(flag)),
  run: stats,
};

/** The flags of a command, for its help. */
export function runFlags(
  parser: Argv,
  flags: readonly Flag[],
  { name, purpose, switches, examples, takes }: RunCommand,
): Argv {
  const usage = `$0 ${name} [CONFIG] [FLAGS]\n\n${purpose}.\nCONFIG is a YAML or JSON file; flags go before its keys.`;
  const withConfig = flags.filter((flag) => takes(flag.name)).reduce(addFlag, parser.usage(usage));
  const withSwitches = Object.entries({ ...RUN_FLAGS, ...switches }).reduce(
    (p, [flag, describe]) => p.option(flag, { type: 'boolean', describe, group: 'Run:' }),
    withConfig,
  );
  return examples
    .reduce((p, [args, what]) => p.example(`${NAME} ${name} ${args}`, what), withSwitches)
    .epilogue(
      [
        'Every key of the configuration is a flag. Lists: repeat the flag, or commas. Structures: YAML or JSON.',
        'Relative paths are relative to the folder in which the command is run.',
        '',
        ...EXIT_HELP,
      ].join('\n'),
    );
}

export function runCommand(flags: readonly Flag[], { name, switches, takes, run }: RunCommand): Command {
  return async (argv, terminal, loadJob) => {
    const own = flags.filter((flag) => takes(flag.name));
    const names = own.flatMap((f) => (f.alias === undefined ? [f.name] : [f.name, f.alias]));
    refuseUnknown(argv, [...names, ...Object.keys(RUN_FLAGS), ...Object.keys(switches)], name);
    const options: RunOptions = {
      config: operand(argv),
      dryRun: argv['dry-run'] === true,
      json: argv.json === true,
      quiet: argv.quiet === true,
      verbose: argv.verbose === true,
      strictRate: argv['strict-rate'] === true,
      online: argv.online === true,
    };
    if (options.config === undefined && !names.some((flag) => argv[flag] !== undefined)) {
      throw new ConfigError(
        [`expected a configuration file or flags, got neither. ${NAME} init writes one.`],
        'command line',
      );
    }
    // The configuration first: a mistake in it must not wait for the job's modules.
    const config = await loadConfig(options, argv, own);
    return run(config, options, await loadJob(), terminal);
  };
}
