/** nightly: a night that adds 1 % to its window, whole processes: from the last duals and without them, against a full run over the same rows. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvariantError } from '../schemas/errors.js';
import { ledgerSchema } from '../schemas/nightly.js';
import type { Report } from '../schemas/report.js';
import { captionConfig } from './caption-config.js';
import { captionNights } from './caption-rows.js';
import { contest } from './contest.js';
import type { Contestant } from './contestant.js';
import { medianOf, type Outcome } from './figures.js';
import { cacheFolder, type Options } from './options.js';
import { BUNDLED, nodeCommand, ownCommand, wholeProcess } from './whole-process.js';

const NIGHTS = 100;
const MOST_TIME = 0.03;
const MOST_DIFFERENCE = 1e-6;
const DAY_MS = 86_400_000;
const FIRST = Date.UTC(2026, 0, 1);
const DATE_LENGTH = 10;

const dayOf = (n: number) => new Date(FIRST + n * DAY_MS).toISOString().slice(0, DATE_LENGTH);
/** 03:00 of the day after night n. */
const nowAfter = (n: number) => `${dayOf(n + 1)}T03:00Z`;
const runAfter = (n: number) => `${dayOf(n + 1)}T03-00Z`;

/** Gates of the data say nothing here: the captions are the same every few nights, and a set of one scope is as it is. */
const GATES = { rows: 'off', dropped: 'off', unknown: 'off', drift: 'off', rb: 'off', ab: 'off' };

interface Solution {
  readonly primal: number;
  readonly gap: number;
  readonly steps: number;
}

/** What a finished folder says of its optimum. */
function solutionOf(folder: string): Solution {
  const { certificate } = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;
  if (certificate === null) throw new InvariantError(`${folder} has a report without a certificate`);
  const { primal, gap, steps } = certificate;
  return { primal, gap, steps };
}

/** A night on top of the run after the 99 before it, which is made once; what a night adds is taken away before the next. */
async function night(options: Options, input: string, warm: boolean): Promise<Contestant> {
  const folder = cacheFolder(options, `nightly-${options.rows}`);
  const output = join(folder, 'out');
  const config = join(folder, warm ? 'warm.yaml' : 'cold.yaml');
  const nightly = { window: `${NIGHTS}d`, catchUp: NIGHTS, warm, gates: GATES };
  // YAML holds JSON.
  writeFileSync(config, JSON.stringify(captionConfig(join(input, '{date}', '*.parquet'), output, nightly)));
  const command = (n: number) =>
    nodeCommand(join(BUNDLED, 'm4-balance.js'), 'nightly', config, '--json', '--now', nowAfter(n));
  const latest = join(output, 'latest.json');
  const before = join(folder, 'latest-before.json');
  const last = NIGHTS - 1;
  if (!existsSync(before)) {
    rmSync(output, { recursive: true, force: true });
    await wholeProcess({ name: 'the nights before', command: command(last - 1), folder }).run();
    writeFileSync(before, readFileSync(latest));
  }
  return wholeProcess({
    name: warm ? 'a night, from the last duals' : 'a night, without them',
    command: command(last),
    folder,
    prepare() {
      writeFileSync(latest, readFileSync(before));
      rmSync(join(output, 'runs', runAfter(last)), { recursive: true, force: true });
      rmSync(join(output, 'work'), { recursive: true, force: true });
      for (const counted of readdirSync(join(output, 'nights')))
        if (counted.startsWith(dayOf(last))) rmSync(join(output, 'nights', counted), { recursive: true });
    },
    figures: (stdout) => nightFigures(stdout, join(output, 'runs', runAfter(last))),
  });
}

function nightFigures(stdout: string, run: string): Record<string, number> {
  const { figures } = ledgerSchema.parse(JSON.parse(readFileSync(join(run, 'ledger.json'), 'utf8')));
  if (figures.nights !== NIGHTS || figures.newNights !== 1)
    throw new InvariantError(`expected 1 new night of ${NIGHTS}, got ${figures.newNights} of ${figures.nights}`);
  const events = stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
  const { seconds } = events.find((event) => event.stage === 'fitted') as { seconds: number };
  return { fit_seconds: seconds, ...solutionOf(run), rows: figures.rows };
}

function full(options: Options, input: string): Contestant {
  const folder = cacheFolder(options, `nightly-${options.rows}-full`);
  const configOf = (output: string) => captionConfig(join(input, '*', '*.parquet'), output);
  const figures = () => ({ ...solutionOf(join(folder, 'out')) });
  return ownCommand('balance', folder, configOf, { name: 'a full run', figures });
}

export async function nightly(options: Options): Promise<Outcome> {
  const nights = Array.from({ length: NIGHTS }, (_, n) => dayOf(n));
  const input = await captionNights(options, options.rows, nights);
  const { entries, absent } = await contest(
    [() => night(options, input, true), () => night(options, input, false), async () => full(options, input)],
    options.runs,
    // The nights before have warmed up what there is to warm, and a full run takes long.
    0,
  );
  const [warm, cold, all] = entries;
  const apart = Math.abs(medianOf(warm!, 'primal') / medianOf(all!, 'primal') - 1);
  return {
    title: `${options.rows} rows in ${NIGHTS} nights, one of them new; whole processes`,
    entries,
    ratios: [
      {
        what: 'time of a night / of a full run',
        value: medianOf(warm!, 'seconds') / medianOf(all!, 'seconds'),
        most: MOST_TIME,
      },
      { what: 'optimum of a night / of a full run, less 1', value: apart, most: MOST_DIFFERENCE },
      { what: 'steps from the last duals / without', value: medianOf(warm!, 'steps') / medianOf(cold!, 'steps') },
    ],
    notes: absent,
  };
}
