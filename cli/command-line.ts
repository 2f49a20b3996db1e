/** The commands and their flags; from an argument list to an exit code. */
import { createRequire } from 'node:module';
import yargs, { type Argv } from 'yargs';
import { ConfigError } from '../schemas/errors.js';
import { configJsonSchema } from '../schemas/json-schema.js';
import { didYouMean } from '../schemas/nearest.js';
import { type Arguments, type Command, EXIT_HELP, NAME, operand, refuseUnknown } from './arguments.js';
import { clean } from './clean.js';
import { correctCommand, correctFlags } from './correct.js';
import { evaluateCommand, evaluateFlags } from './evaluate.js';
import { EXIT, exitCodeOf } from './exit-codes.js';
import { configFlags, type Flag } from './flags.js';
import { init } from './init.js';
import type { Job } from './job.js';
import {
  historyCommand,
  historyFlags,
  nightlyCommand,
  nightlyFlags,
  rollbackCommand,
  rollbackFlags,
} from './nightly.js';
import { diffCommand, diffFlags, mergeCommand, mergeFlags } from './output-commands.js';
import { printError } from './print-error.js';
import { proxiesCommand, proxiesFlags } from './proxies.js';
import { publishCommand, publishFlags } from './publish.js';
import { BALANCE, runCommand, runFlags, STATS } from './run-command.js';
import type { Terminal } from './terminal.js';
import { worker } from './worker.js';
import { POOL_PORT, workerPool } from './worker-pool.js';

/** What `init` writes without a name. */
const DEFAULT_FILE = 'm4-balance.yaml';
const MAXIMUM_COLUMNS = 120;

const packageFile = createRequire(import.meta.url)('../../package.json') as { version: string };

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

const initFlags = (parser: Argv) =>
  parser
    .usage(`$0 init [FILE]\n\nWrite a commented configuration to FILE (${DEFAULT_FILE}); - is stdout.`)
    .option('force', { type: 'boolean', describe: 'Overwrite the file' })
    .example(`${NAME} init job.yaml`, 'then edit job.yaml');

const cleanFlags = (parser: Argv) =>
  parser
    .usage(
      '$0 clean OUTPUT [--remove]\n\nList what dead runs have left beside OUTPUT. A finished output is never touched.',
    )
    .option('remove', { type: 'boolean', describe: 'Remove it; refused where a live run is at work' })
    .option('force', { type: 'boolean', describe: "Also what another machine's run has left, which may live" })
    .option('json', { type: 'boolean', describe: 'One JSON object on stdout' });

const workerFlags = (parser: Argv) =>
  parser.usage('$0 worker FLAGS\n\nServe the runner that the flags of the Beam SDK container contract name.');

const workerPoolFlags = (parser: Argv) =>
  parser
    .usage('$0 worker-pool\n\nStart workers, as processes of this machine, for runners that ask for them.')
    .option('host', { type: 'string', default: 'localhost', describe: 'Listen here; others may then start workers' })
    .option('port', { type: 'string', default: String(POOL_PORT), describe: '0: a free one' })
    .example(`${NAME} worker-pool --port 50000`, 'then balance --runner.workerPool localhost:50000');

interface Subcommand {
  readonly purpose: string;
  /** Its flags, for the help; `config`: the keys of the configuration. */
  flags(parser: Argv, config: readonly Flag[]): Argv;
  command(config: readonly Flag[], args: readonly string[]): Command;
}

/** By name, in the order in which the help lists them. */
const COMMANDS: Readonly<Record<string, Subcommand>> = {
  init: { purpose: 'Write a commented configuration', flags: initFlags, command: () => initCommand },
  balance: {
    purpose: BALANCE.purpose,
    flags: (parser, config) => runFlags(parser, config, BALANCE),
    command: (config) => runCommand(config, BALANCE),
  },
  stats: {
    purpose: STATS.purpose,
    flags: (parser, config) => runFlags(parser, config, STATS),
    command: (config) => runCommand(config, STATS),
  },
  'evaluate-tags': {
    purpose: 'Tell how right the tags are, by columns that tell the truth',
    flags: evaluateFlags,
    command: evaluateCommand,
  },
  correct: {
    purpose: "Correct an output's bias for the errors of its tagger",
    flags: correctFlags,
    command: () => correctCommand,
  },
  merge: { purpose: 'Add up outputs of stats', flags: mergeFlags, command: () => mergeCommand },
  diff: { purpose: 'Tell what drifted between two outputs', flags: diffFlags, command: diffCommand },
  proxies: {
    purpose: 'List the words and labels that go with an attribute in an output of stats',
    flags: proxiesFlags,
    command: () => proxiesCommand,
  },
  publish: { purpose: 'Load a finished output to BigQuery', flags: publishFlags, command: publishCommand },
  nightly: {
    purpose: 'Add what is new to the set, balance it again, and publish it if every gate passes',
    flags: nightlyFlags,
    command: nightlyCommand,
  },
  history: {
    purpose: 'List the runs of nightly that were in use',
    flags: historyFlags,
    command: () => historyCommand,
  },
  rollback: {
    purpose: 'Put an earlier run of nightly in use',
    flags: rollbackFlags,
    command: () => rollbackCommand,
  },
  clean: {
    purpose: 'List what dead runs have left beside an output, and remove it',
    flags: cleanFlags,
    command: () => cleanCommand,
  },
  schema: {
    purpose: "Print the configuration's JSON Schema",
    flags: (parser) => parser,
    command: () => schemaCommand,
  },
  worker: {
    purpose: 'Serve a runner: what its containers and processes start',
    flags: workerFlags,
    command: (_, args) => workerCommand(args),
  },
  'worker-pool': {
    purpose: 'Start workers for runners that ask for them',
    flags: workerPoolFlags,
    command: () => workerPoolCommand,
  },
};

/** What the arguments ask for: a command to run, or a text (help, version) to print. */
async function parse(
  args: readonly string[],
  columns: number,
): Promise<{ run?: Command; argv: Arguments; text: string }> {
  const config = configFlags();
  let run: Command | undefined;
  let text = '';
  const usage = yargs()
    .scriptName(NAME)
    .usage('Balance the sensitive attributes of image-text data.\n\nUsage: $0 COMMAND')
    .parserConfiguration({
      'dot-notation': false,
      'camel-case-expansion': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    });
  // Yargs lays out the help of every command that it finds, which takes longer than to start: it looks for one where it may have to.
  const [word = ''] = args;
  const found = Object.hasOwn(COMMANDS, word) && !args.includes('--help') ? COMMANDS[word] : undefined;
  if (found !== undefined) run = found.command(config, args);
  const withCommands = () =>
    Object.entries(COMMANDS).reduce(
      (p, [name, { purpose, flags, command }]) =>
        p.command(
          name,
          purpose,
          (own) => flags(own, config),
          () => {
            run = command(config, args);
          },
        ),
      usage,
    );
  const parser = (found === undefined ? withCommands() : found.flags(usage, config))
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
    const names = Object.keys(COMMANDS);
    const near = didYouMean(String(word ?? ''), names);
    throw new ConfigError(
      [`expected a command, one of ${names.join(', ')}, got ${got}.${near}`, `${NAME} --help tells more.`],
      'command line',
    );
  }
  return text === '' ? { run, argv, text } : { argv, text };
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
