/** What the commands share: their arguments, and what is refused of them. */
import type { Argv } from 'yargs';
import { ConfigError } from '../schemas/errors.js';
import { expectation } from '../schemas/json-schema.js';
import { didYouMean } from '../schemas/nearest.js';
import { EXIT_MEANINGS } from './exit-codes.js';
import type { Flag } from './flags.js';
import type { Job } from './job.js';
import type { Terminal } from './terminal.js';

export const NAME = 'm4-balance';
export const EXIT_HELP = [
  'Exit codes:',
  ...EXIT_MEANINGS.map(([code, meaning]) => `  ${String(code).padEnd(4)}${meaning}`),
];

export type Arguments = Readonly<Record<string, unknown>>;
export type Command = (argv: Arguments, terminal: Terminal, loadJob: () => Promise<Job>) => Promise<number>;

/** Refuses flags that no command line of ours has; yargs would take them in silence. */
export function refuseUnknown(argv: Arguments, known: readonly string[], command: string, operands = 1): void {
  const all = new Set([...known, 'help', 'version', '_', '$0']);
  const dashed = (name: string) => (name.length === 1 ? `-${name}` : `--${name}`);
  const unknown = Object.keys(argv).filter((name) => !all.has(name));
  const extra = (argv._ as readonly unknown[]).slice(1 + operands);
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
export function operand(argv: Arguments): string | undefined {
  const word = (argv._ as readonly unknown[])[1];
  return word === undefined ? undefined : String(word);
}

/** All that follows the command. */
export function operands(argv: Arguments): string[] {
  return (argv._ as readonly unknown[]).slice(1).map(String);
}

/** A flag's number. Throws ConfigError where it is none in the range. */
export function numberFlag(argv: Arguments, name: string, maximum: number): number {
  const text = String(argv[name]).trim();
  const value = Number(text);
  if (text !== '' && value >= 0 && value <= maximum) return value;
  const range = maximum === Number.POSITIVE_INFINITY ? 'of at least 0' : `from 0 to ${maximum}`;
  throw new ConfigError(
    [`--${name}: expected a number ${range}, got ${text === '' ? 'nothing' : text}.`],
    'command line',
  );
}

const SECTIONS: Readonly<Record<string, string>> = {
  input: 'Input:',
  filters: 'Rows and what is inferred of them:',
  attributes: 'Rows and what is inferred of them:',
  labels: 'Rows and what is inferred of them:',
  balance: 'Balance:',
  output: 'Output:',
  report: 'Report:',
  stats: 'Statistics:',
  bigquery: 'BigQuery:',
  nightly: 'Every night:',
  runner: 'Runner:',
};

/** A key of the configuration as a flag. */
export function addFlag(parser: Argv, flag: Flag): Argv {
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
