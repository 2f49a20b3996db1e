/** `m4-balance proxies`: what goes with an attribute in a finished output. */
import type { Argv } from 'yargs';
import { ConfigError } from '../schemas/errors.js';
import { type Command, EXIT_HELP, NAME, numberFlag, operand, refuseUnknown } from './arguments.js';
import { EXIT } from './exit-codes.js';
import { tableWidth } from './run.js';
import { printJson, printLine } from './terminal.js';

const DEFAULT_SHOWN = 20;

export function proxiesFlags(parser: Argv): Argv {
  return parser
    .usage(
      '$0 proxies OUTPUT\n\nList the words and labels that go with each attribute in an output of stats or merge, for a person to choose proxies from; of balance, the labels.',
    )
    .option('shown', {
      type: 'string',
      requiresArg: true,
      default: String(DEFAULT_SHOWN),
      describe: 'How many are listed of each kind, on each side of an attribute',
    })
    .option('minimum-support', {
      type: 'string',
      requiresArg: true,
      describe: 'What is in fewer rows is not tested; left out: that of OUTPUT',
    })
    .option('json', { type: 'boolean', describe: 'One JSON object on stdout' })
    .example(`${NAME} proxies stats-out --shown 50`, '')
    .epilogue(EXIT_HELP.join('\n'));
}

export const proxiesCommand: Command = async (argv, terminal, loadJob) => {
  refuseUnknown(argv, ['shown', 'minimum-support', 'json'], 'proxies');
  const output = operand(argv);
  if (output === undefined) {
    throw new ConfigError([`expected an output of stats. ${NAME} proxies --help tells more.`], 'command line');
  }
  const options = {
    shown: Math.floor(numberFlag(argv, 'shown', Number.MAX_SAFE_INTEGER)),
    ...(argv['minimum-support'] === undefined
      ? {}
      : { minimumSupport: Math.ceil(numberFlag(argv, 'minimum-support', Number.MAX_SAFE_INTEGER)) }),
  };
  const job = await loadJob();
  const proxies = await job.findProxies(output, options, {
    onLog: (_, message) => printLine(terminal.stderr, message),
  });
  if (argv.json === true) printJson(terminal.stdout, proxies);
  else for (const line of job.renderProxies(proxies, tableWidth(terminal))) printLine(terminal.stdout, line);
  return EXIT.done;
};
