/** The commands and their flags; from an argument list to an exit code. */
import { createRequire } from 'node:module';
import yargs, { type Argv } from 'yargs';
import { ConfigError } from '../schemas/errors.js';
import { configJsonSchema, expectation } from '../schemas/json-schema.js';
import { didYouMean } from '../schemas/nearest.js';
import { type BalanceOptions, balance, loadConfig } from './balance.js';
import { clean } from './clean.js';
import { EXIT, EXIT_MEANINGS, exitCodeOf } from './exit-codes.js';
import { configFlags, type Flag } from './flags.js';
import { init } from './init.js';
import type { Job } from './job.js';
import { NAME } from './name.js';
import { printError } from './print-error.js';
import type { Terminal } from './terminal.js';
import { worker } from './worker.js';
import { POOL_PORT, workerPool } from './worker-pool.js';

/** What `init` writes without a name. */
const DEFAULT_FILE = 'm4-balance.yaml';
const BALANCE_PURPOSE = 'Read, filter, tag, balance, and write shards, weights and a report';
const COMMANDS = ['init', 'balance', 'clean', 'schema', 'worker', 'worker-pool'];
const MAXIMUM_COLUMNS = 120;
const EXIT_HELP = ['Exit codes:', ...EXIT_MEANINGS.map(([code, meaning]) => `  ${String(code).padEnd(4)}${meaning}`)];

type Arguments = Readonly<Record<string, unknown>>;
type Command = (argv: Arguments, terminal: Terminal, loadJob: () => Promise<Job>) => Promise<number>;

const packageFile = createRequire(import.meta.url)('../../package.json') as { version: string };

/** Refuses flags that no command line of ours has; yargs would take them in silence. */
function refuseUnknown(argv: Arguments, known: readonly string[], command: string): void {
  const all = new Set([...known, 'help', 'version', '_', '$0']);
  const dashed = (name: string) => (name.length === 1 ? `-${name}` : `--${name}`);
  const unknown = Object.keys(argv).filter((name) => !all.has(name));
  const extra = (argv._ as readonly unknown[]).slice(2);
  const issues = [
    ...unknown.map((name) => {
      const path = known.find((flag) => flag.endsWith(`.${name}`));
      const near = path === undefined ? didYouMean(name, known) : ` Did you mean ${path}?`;
      return `${dashed(name)}: expected a flag of ${command}, got an unknown one.${near.replace('Did you mean ', 'Did you mean --')}`;
    }),
    ...extra.map((word) => `${word}: expected no more arguments, got one.`),
  ];
  if (issues.length > 0)
    throw new ConfigError([...issues, `${NAME} ${command} --help lists the flags.`], 'command line');
}

/** What follows the command. Not a positional of yargs, which loses `-`. */
function operand(argv: Arguments): string | undefined {
  const word = (argv._ as readonly unknown[])[1];
  return word === undefined ? undefined : String(word);
}

const SECTIONS: Readonly<Record<string, string>> = {
  input: 'Input:',
  filters: 'Rows and what is inferred of them:',
  attributes: 'Rows and what is inferred of them:',
  labels: 'Rows and what is inferred of them:',
  balance: 'Balance:',
  output: 'Output:',
  report: 'Report:',
  runner: 'Runner:',
};

function addFlag(parser: Argv, flag: Flag): Argv {
  const { schema } = flag;
  const text = schema.description ?? expectation(schema);
  return parser.option(flag.name, {
    alias: flag.alias,
    type: flag.kind === 'boolean' ? 'boolean' : 'string',
    requiresArg: flag.kind !== 'boolean',
    describe: flag.kind === 'yaml' ? `${text} (YAML)` : text,
    defaultDescription: schema.default === undefined ? undefined : JSON.stringify(schema.default),
    group: SECTIONS[flag.name.split('.')[0]!],
  });
}

const RUN_FLAGS = {
  'dry-run': 'Read only footers and print the plan',
  json: 'JSON lines on stdout: log, progress, plan, result and error events',
  quiet: 'No progress; warnings and results only',
  verbose: 'Log every step, list every file',
  online: 'Short for --balance.fit online',
  'strict-rate': 'Exit code 4 when the asked rate is above the largest feasible one',
} as const;

function balanceFlags(parser: Argv, flags: readonly Flag[]): Argv {
  const usage = `$0 balance [CONFIG] [FLAGS]\n\n${BALANCE_PURPOSE}.\nCONFIG is a YAML or JSON file; flags go before its keys.`;
  const withConfig = flags.reduce(addFlag, parser.usage(usage));
  return Object.entries(RUN_FLAGS)
    .reduce((p, [name, describe]) => p.option(name, { type: 'boolean', describe, group: 'Run:' }), withConfig)
    .example(`${NAME} balance job.yaml --dry-run`, 'what would be done')
    .example(`${NAME} balance job.yaml --rate 0.5 --output out-half`, 'a key changed for one run')
    .example(
      `${NAME} balance --input data --output out --attributes '{female: {lexicon: gender, value: female}}'`,
      'without a file',
    )
    .epilogue(
      [
        'Every key of the configuration is a flag. Lists: repeat the flag, or commas. Structures: YAML or JSON.',
        'Relative paths are relative to the folder in which the command is run.',
        '',
        ...EXIT_HELP,
      ].join('\n'),
    );
}

function balanceCommand(flags: readonly Flag[]): Command {
  return async (argv, terminal, loadJob) => {
    const names = flags.flatMap((f) => (f.alias === undefined ? [f.name] : [f.name, f.alias]));
    refuseUnknown(argv, [...names, ...Object.keys(RUN_FLAGS)], 'balance');
    const options: BalanceOptions = {
      config: operand(argv),
      dryRun: argv['dry-run'] === true,
      json: argv.json === true,
      quiet: argv.quiet === true,
      verbose: argv.verbose === true,
      strictRate: argv['strict-rate'] === true,
      online: argv.online === true,
    };
    if (options.config === undefined && !names.some((name) => argv[name] !== undefined)) {
      throw new ConfigError(
        [`expected a configuration file or flags, got neither. ${NAME} init writes one.`],
        'command line',
      );
    }
    // The configuration first: a mistake in it must not wait for the job's modules.
    const config = await loadConfig(options, argv, flags);
    return balance(config, options, await loadJob(), terminal);
  };
}

const initCommand: Command = async (argv, terminal) => {
  refuseUnknown(argv, ['force'], 'init');
  await init(operand(argv) ?? DEFAULT_FILE, { force: argv.force === true }, terminal);
  return EXIT.done;
};

const cleanCommand: Command = async (argv, terminal, loadJob) => {
  refuseUnknown(argv, ['remove', 'force', 'json'], 'clean');
  const output = operand(argv);
  if (output === undefined) {
    throw new ConfigError(['expected the output.directory of a run, got nothing.'], 'command line');
  }
  const options = { remove: argv.remove === true, force: argv.force === true, json: argv.json === true };
  return clean(output, options, await loadJob(), terminal);
};

const schemaCommand: Command = async (argv, terminal) => {
  refuseUnknown(argv, [], 'schema');
  terminal.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
  return EXIT.done;
};

/** The runner's flags are not ours to check: newer ones know more of them. */
const workerCommand =
  (args: readonly string[]): Command =>
  () =>
    worker(args.slice(1));

const workerPoolCommand: Command = async (argv, terminal) => {
  refuseUnknown(argv, ['host', 'port'], 'worker-pool');
  return workerPool({ host: String(argv.host), port: String(argv.port) }, terminal);
};

/** What the arguments ask for: a command to run, or a text (help, version) to print. */
async function parse(
  args: readonly string[],
  columns: number,
): Promise<{ run?: Command; argv: Arguments; text: string }> {
  const flags = configFlags();
  let run: Command | undefined;
  let text = '';
  const parser = yargs()
    .scriptName(NAME)
    .usage('Balance the sensitive attributes of image-text data.\n\nUsage: $0 COMMAND')
    .parserConfiguration({
      'dot-notation': false,
      'camel-case-expansion': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .command(
      'init',
      'Write a commented configuration',
      (p) =>
        p
          .usage(`$0 init [FILE]\n\nWrite a commented configuration to FILE (${DEFAULT_FILE}); - is stdout.`)
          .option('force', { type: 'boolean', describe: 'Overwrite the file' })
          .example(`${NAME} init job.yaml`, 'then edit job.yaml'),
      () => {
        run = initCommand;
      },
    )
    .command(
      'balance',
      BALANCE_PURPOSE,
      (p) => balanceFlags(p, flags),
      () => {
        run = balanceCommand(flags);
      },
    )
    .command(
      'clean',
      'List what dead runs have left beside an output, and remove it',
      (p) =>
        p
          .usage(
            '$0 clean OUTPUT [--remove]\n\nList what dead runs have left beside OUTPUT. A finished output is never touched.',
          )
          .option('remove', { type: 'boolean', describe: 'Remove it; refused where a live run is at work' })
          .option('force', { type: 'boolean', describe: "Also what another machine's run has left, which may live" })
          .option('json', { type: 'boolean', describe: 'One JSON object on stdout' }),
      () => {
        run = cleanCommand;
      },
    )
    .command('schema', "Print the configuration's JSON Schema", {}, () => {
      run = schemaCommand;
    })
    .command(
      'worker',
      'Serve a runner: what its containers and processes start',
      (p) => p.usage('$0 worker FLAGS\n\nServe the runner that the flags of the Beam SDK container contract name.'),
      () => {
        run = workerCommand(args);
      },
    )
    .command(
      'worker-pool',
      'Start workers for runners that ask for them',
      (p) =>
        p
          .usage('$0 worker-pool\n\nStart workers, as processes of this machine, for runners that ask for them.')
          .option('host', {
            type: 'string',
            default: 'localhost',
            describe: 'Listen here; others may then start workers',
          })
          .option('port', { type: 'string', default: String(POOL_PORT), describe: '0: a free one' })
          .example(`${NAME} worker-pool --port 50000`, 'then balance --runner.workerPool localhost:50000'),
      () => {
        run = workerPoolCommand;
      },
    )
    .version(packageFile.version)
    .epilogue(EXIT_HELP.join('\n'))
    .updateStrings({ string: 'value', boolean: 'switch' })
    .detectLocale(false)
    .wrap(Math.min(MAXIMUM_COLUMNS, columns))
    .exitProcess(false)
    .fail((message, error) => {
      // Our handlers run later, so whatever fails here is a mistake in the arguments.
      throw new ConfigError([`${message ?? error.message}.`, `${NAME} --help tells more.`], 'command line');
    });
  const argv: Arguments = await parser.parseAsync([...args], {}, (_error, _argv, output) => {
    text = output;
  });
  if (run === undefined && text === '') {
    const [word] = argv._ as readonly unknown[];
    const got = word === undefined ? 'nothing' : JSON.stringify(word);
    const near = didYouMean(String(word ?? ''), COMMANDS);
    throw new ConfigError(
      [`expected a command, one of ${COMMANDS.join(', ')}, got ${got}.${near}`, `${NAME} --help tells more.`],
      'command line',
    );
  }
  return { run, argv, text };
}

/**
 * Runs one command and gives its exit code; nothing is thrown.
 * @param args without node and the script
 * @param loadJob called only by commands that read data
 */
export async function runCommandLine(
  args: readonly string[],
  terminal: Terminal,
  loadJob: () => Promise<Job>,
): Promise<number> {
  try {
    const { run, argv, text } = await parse(args, terminal.stderr.columns ?? MAXIMUM_COLUMNS);
    if (text !== '') terminal.stdout.write(`${text}\n`);
    return run === undefined ? EXIT.done : await run(argv, terminal, loadJob);
  } catch (error) {
    const code = exitCodeOf(error);
    printError(error, code, args, terminal);
    return code;
  }
}
