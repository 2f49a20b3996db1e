/** `m4-balance nightly`, `history` and `rollback`. */
import type { Argv } from 'yargs';
import type { Config } from '../schemas/config.js';
import { ConfigError } from '../schemas/errors.js';
import { didYouMean } from '../schemas/nearest.js';
import { gatesSchema } from '../schemas/nightly-config.js';
import {
  type Arguments,
  addFlag,
  type Command,
  EXIT_HELP,
  NAME,
  operand,
  operands,
  refuseUnknown,
} from './arguments.js';
import { EXIT } from './exit-codes.js';
import type { Flag } from './flags.js';
import type { NightEvent, NightlyOptions, NightPlan } from './job.js';
import { publishFinished } from './publish.js';
import { loadConfig, withProgress } from './run.js';
import { printJson, printLine, type Terminal } from './terminal.js';

const SWITCHES = {
  'dry-run': 'List what is new, and do nothing',
  json: 'JSON lines on stdout: start, found, stage, gate, publish, nothing, failure; log, progress and error',
  quiet: 'No progress; warnings and results only',
  verbose: 'Log every step',
} as const;
const VALUES = {
  now: "The time that the run takes for now, as 2026-11-23T03:00Z; left out: the clock's",
  from: 'Backfill: all new nights from this one on, without the cap of nightly.catchUp',
  to: 'Backfill: up to this night; left out: the newest that is due',
  skip: 'Leave this night out, as its files are now; may be repeated',
  accept: `Let these gates pass this once: ${Object.keys(gatesSchema.shape).join(', ')}; may be repeated`,
} as const;

const takes = (flag: Flag) => !flag.name.startsWith('stats.');

export function nightlyFlags(parser: Argv, flags: readonly Flag[]): Argv {
  const usage = `$0 nightly CONFIG [FLAGS]\n\nAdd what is new to the set, balance it again, and publish it if every gate passes (docs/nightly.md).`;
  const own = flags.filter(takes).reduce(addFlag, parser.usage(usage));
  const group = 'Run:';
  const switches = Object.entries(SWITCHES).reduce(
    (p, [flag, describe]) => p.option(flag, { type: 'boolean', describe, group }),
    own,
  );
  return Object.entries(VALUES)
    .reduce((p, [flag, describe]) => p.option(flag, { type: 'string', requiresArg: true, describe, group }), switches)
    .example(`${NAME} nightly job.yaml --json`, 'what a scheduler calls')
    .example(`${NAME} nightly job.yaml --from 2026-11-01 --to 2026-11-15`, 'a backfill')
    .example(`${NAME} nightly job.yaml --skip 2026-11-20`, 'without a night that a gate refused')
    .epilogue(EXIT_HELP.join('\n'));
}

const textsOf = (value: unknown) =>
  [value ?? []]
    .flat()
    .flatMap((text) => String(text).split(','))
    .map((text) => text.trim());

/** Throws ConfigError for a time, or the name of a gate, that is none. */
function optionsOf(argv: Arguments): NightlyOptions {
  const issues: string[] = [];
  const given = argv.now === undefined ? undefined : String(argv.now);
  const now = given === undefined ? new Date() : new Date(given);
  const iso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;
  if (given !== undefined && (!iso.test(given) || Number.isNaN(now.getTime()))) {
    issues.push(`--now: expected a time with its zone as 2026-11-23T03:00Z, got ${given}.`);
  }
  const gates = Object.keys(gatesSchema.shape);
  const accept = textsOf(argv.accept);
  for (const name of accept.filter((name) => !gates.includes(name))) {
    issues.push(`--accept: expected one of ${gates.join(', ')}, got ${name}.${didYouMean(name, gates)}`);
  }
  if (argv.to !== undefined && argv.from === undefined)
    issues.push('--from: expected a night beside --to, got nothing.');
  if (issues.length > 0) throw new ConfigError(issues, 'command line');
  const night = (name: 'from' | 'to') => (argv[name] === undefined ? undefined : String(argv[name]));
  return { now, from: night('from'), to: night('to'), skip: textsOf(argv.skip), accept };
}

function eventLine(event: NightEvent): string {
  switch (event.event) {
    case 'start':
      return `night of ${event.now}: ${event.inUse ?? 'no run'} is in use`;
    case 'found':
      return `${event.night}: ${event.kind}${event.message === '' ? '' : `, ${event.message}`}`;
    case 'stage':
      return `${event.stage}${event.night === undefined ? '' : ` ${event.night}`}: ${event.message} (${event.seconds.toFixed(2)} s)`;
    case 'gate':
      return `gate ${event.gate}: ${event.passed ? 'passed' : event.accepted ? 'accepted' : 'FAILED'}: ${event.message}`;
    case 'publish':
      return `published ${event.run}: ${event.nights} nights, ${event.rows} rows`;
    case 'nothing':
      return event.message;
    case 'failure':
      return `failed; ${event.inUse ?? 'no run'} is in use`;
  }
}

function planLines({ take, left, stay, skipped, compared }: NightPlan): string[] {
  const nights = (list: readonly { readonly night: string }[]) => list.map(({ night }) => night).join(', ') || 'none';
  return [
    `to be counted: ${nights(take)}`,
    `as they were: ${stay.length} nights`,
    `for the next run: ${nights(left)}`,
    `not whole yet: ${nights(compared.waiting)}`,
    `without files: ${compared.missing.join(', ') || 'none'}`,
    `left out: ${nights(skipped)}`,
  ];
}

export function nightlyCommand(flags: readonly Flag[]): Command {
  return async (argv, terminal, loadJob) => {
    const own = flags.filter(takes);
    const names = own.flatMap((f) => (f.alias === undefined ? [f.name] : [f.name, f.alias]));
    refuseUnknown(argv, [...names, ...Object.keys(SWITCHES), ...Object.keys(VALUES)], 'nightly');
    const file = operand(argv);
    if (file === undefined && !names.some((flag) => argv[flag] !== undefined)) {
      throw new ConfigError(
        [`expected a configuration file or flags, got neither. ${NAME} init writes one.`],
        'command line',
      );
    }
    const options = optionsOf(argv);
    const config: Config = await loadConfig({ config: file, online: false }, argv, own);
    const job = await loadJob();
    const json = argv.json === true;
    if (argv['dry-run'] === true) {
      const plan = await job.planNights(config, options);
      if (json) printJson(terminal.stdout, { event: 'plan', ...plan });
      else for (const line of planLines(plan)) printLine(terminal.stdout, line);
      return EXIT.done;
    }
    const show = { json, quiet: argv.quiet === true, verbose: argv.verbose === true };
    return withProgress(show, terminal, async (hooks, display) => {
      const onEvent = (event: NightEvent) => {
        if (json) printJson(terminal.stdout, { at: new Date().toISOString(), ...event });
        else if (!show.quiet) printLine(terminal.stdout, eventLine(event));
      };
      const { outcome, directory } = await job.runNightly(config, options, { ...hooks, onEvent });
      display.stop();
      if (outcome === 'published' && directory !== undefined) {
        await publishFinished(directory, config, job, { options: show, terminal, hooks });
      }
      return EXIT.done;
    });
  };
}

export function historyFlags(parser: Argv): Argv {
  return parser
    .usage(
      '$0 history OUTPUT\n\nList the runs of nightly that were in use, the latest first. OUTPUT is its output.directory.',
    )
    .option('json', { type: 'boolean', describe: 'One JSON object a line' })
    .epilogue(EXIT_HELP.join('\n'));
}

function requireOutput(argv: Arguments): string {
  const output = operand(argv);
  if (output !== undefined) return output;
  throw new ConfigError(['expected the output.directory of nightly, got nothing.'], 'command line');
}

export const historyCommand: Command = async (argv, terminal, loadJob) => {
  refuseUnknown(argv, ['json'], 'history');
  const entries = await (await loadJob()).nightlyHistory(requireOutput(argv));
  for (const entry of entries) {
    if (argv.json === true) {
      printJson(terminal.stdout, entry);
      continue;
    }
    const { figures } = entry;
    const figure = (value: number | null) => (value === null ? 'none' : value.toPrecision(3));
    const told =
      figures === undefined
        ? 'removed'
        : `${figures.nights} nights, ${figures.rows} rows, RB ${figure(figures.rb)}, AB ${figure(figures.ab)}`;
    printLine(terminal.stdout, `${entry.inUse ? '*' : ' '} ${entry.run}  ${entry.kind}  ${told}`);
  }
  return EXIT.done;
};

export function rollbackFlags(parser: Argv): Argv {
  return parser
    .usage(
      '$0 rollback OUTPUT RUN\n\nPut an earlier run in use, by one switch of latest.json. The next night goes on from it.',
    )
    .example(`${NAME} rollback out 2026-11-22T03-00Z`, 'history lists the names')
    .option('json', { type: 'boolean', describe: 'One JSON object' })
    .epilogue(EXIT_HELP.join('\n'));
}

export const rollbackCommand: Command = async (argv, terminal: Terminal, loadJob) => {
  refuseUnknown(argv, ['json'], 'rollback', 2);
  const [output, run] = operands(argv);
  if (output === undefined || run === undefined) {
    throw new ConfigError(['expected the output.directory of nightly and the name of a run.'], 'command line');
  }
  const result = await (await loadJob()).rollback(output, run);
  if (argv.json === true) printJson(terminal.stdout, { event: 'rollback', ...result });
  else printLine(terminal.stdout, `${result.run} is in use, in place of ${result.from}`);
  return EXIT.done;
};
