/** `m4-balance correct`: a finished output's bias without the tagger's errors. */
import type { Argv } from 'yargs';
import { ConfigError } from '../schemas/errors.js';
import { type Command, EXIT_HELP, NAME, operand, refuseUnknown } from './arguments.js';
import { EXIT } from './exit-codes.js';
import { tableWidth } from './run.js';
import { printJson, printLine } from './terminal.js';

export function correctFlags(parser: Argv): Argv {
  return parser
    .usage(
      '$0 correct OUTPUT --evaluation FOLDER\n\nCorrect RB and AB of an output of stats, merge or balance for the errors of its tagger, as evaluate-tags measured them.',
    )
    .option('evaluation', { type: 'string', requiresArg: true, describe: 'The output of evaluate-tags' })
    .option('json', { type: 'boolean', describe: 'One JSON object on stdout' })
    .example(`${NAME} correct out --evaluation how-right`, '')
    .epilogue(EXIT_HELP.join('\n'));
}

export const correctCommand: Command = async (argv, terminal, loadJob) => {
  refuseUnknown(argv, ['evaluation', 'json'], 'correct');
  const output = operand(argv);
  if (output === undefined || argv.evaluation === undefined) {
    throw new ConfigError([`expected an output, and --evaluation. ${NAME} correct --help tells more.`], 'command line');
  }
  const job = await loadJob();
  const corrected = await job.correctOutput(output, String(argv.evaluation));
  if (argv.json === true) printJson(terminal.stdout, corrected);
  else for (const line of job.renderCorrected(corrected, tableWidth(terminal))) printLine(terminal.stdout, line);
  return EXIT.done;
};
