/** `m4-balance evaluate-tags`: how right the tags of a configuration are, by columns that tell the truth. */
import type { Argv } from 'yargs';
import { ConfigError } from '../schemas/errors.js';
import { type Arguments, addFlag, type Command, EXIT_HELP, NAME, operand, refuseUnknown } from './arguments.js';
import { EXIT } from './exit-codes.js';
import type { Flag } from './flags.js';
import type { Truth } from './job.js';
import { loadConfig, printOutput, tableWidth, withProgress } from './run.js';
import { STATS } from './run-command.js';

const OWN = ['truth', 'by', 'json', 'quiet', 'verbose'];

export function evaluateFlags(parser: Argv, flags: readonly Flag[]): Argv {
  return flags
    .filter(({ name }) => STATS.takes(name))
    .reduce(addFlag, parser)
    .usage(
      '$0 evaluate-tags CONFIG --truth ATTRIBUTE=COLUMN[:VALUE]\n\nTell how right the tags of a configuration are, by columns of its input that tell the truth: precision, recall, coverage, error by group.',
    )
    .option('truth', {
      type: 'string',
      requiresArg: true,
      describe: 'The column that tells an attribute truly; of strings, with the value that means present. Repeat it',
    })
    .option('by', { type: 'string', requiresArg: true, describe: 'A column to tell the figures by. Repeat it' })
    .option('json', { type: 'boolean', describe: 'JSON lines on stdout' })
    .option('quiet', { type: 'boolean', describe: 'No progress; warnings and results only' })
    .option('verbose', { type: 'boolean', describe: 'Log every step, list every file' })
    .example(`${NAME} evaluate-tags job.yaml --truth female=gender:female --by role --output how-right`, '')
    .epilogue(EXIT_HELP.join('\n'));
}

const textsOf = (argv: Arguments, name: string) =>
  argv[name] === undefined ? [] : [argv[name]].flat().map((text) => String(text));

/** `ATTRIBUTE=COLUMN[:VALUE]`, of which the value may hold colons. Throws ConfigError for another form, and for an attribute named twice. */
export function parseTruths(texts: readonly string[]): Record<string, Truth> {
  const truths: Record<string, Truth> = {};
  const issues: string[] = [];
  for (const text of texts) {
    const found = /^([^=]+)=([^:]+)(?::(.+))?$/s.exec(text);
    if (found === null) {
      issues.push(`--truth: expected ATTRIBUTE=COLUMN or ATTRIBUTE=COLUMN:VALUE, got ${JSON.stringify(text)}.`);
      continue;
    }
    const [, attribute = '', column = '', value] = found;
    if (Object.hasOwn(truths, attribute)) issues.push(`--truth: expected one truth of ${attribute}, got two.`);
    truths[attribute] = value === undefined ? { column } : { column, value };
  }
  if (issues.length > 0) throw new ConfigError(issues, 'command line');
  return truths;
}

export function evaluateCommand(flags: readonly Flag[]): Command {
  return async (argv, terminal, loadJob) => {
    const own = flags.filter(({ name }) => STATS.takes(name));
    const names = own.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias]));
    refuseUnknown(argv, [...names, ...OWN], 'evaluate-tags');
    const options = { json: argv.json === true, quiet: argv.quiet === true, verbose: argv.verbose === true };
    const asked = { truth: parseTruths(textsOf(argv, 'truth')), by: textsOf(argv, 'by') };
    const file = operand(argv);
    const config = await loadConfig({ ...(file === undefined ? {} : { config: file }), online: false }, argv, own);
    const job = await loadJob();
    return withProgress(options, terminal, async (hooks, display) => {
      const result = await job.evaluateTags(config, asked, hooks);
      display.stop();
      printOutput(result, () => job.renderEvaluation(result.report, tableWidth(terminal)), options, terminal);
      return EXIT.done;
    });
  };
}
