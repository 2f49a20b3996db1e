/** What the benchmarks on real runners share: servers, runs of the command and of its tagging pass on them, and the time of a row. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { captionConfig } from './caption-config.js';
import { captionRows } from './caption-rows.js';
import { type Absent, type Contestant, isAbsent } from './contestant.js';
import { type Entry, medianOf, type Ratio } from './figures.js';
import { COMPILED, type Command } from './one-core.js';
import { cacheFolder, type Options } from './options.js';
import { BUNDLED, nodeCommand, removeOutput, wholeProcess, withPackages } from './whole-process.js';

/** Rows of a run that does next to nothing but start. */
export const FEW_ROWS = 1000;
/** Runs on few rows before anything is counted: a Java server is slow at first, and each phase is a job. */
const WARM_UPS = 3;

export interface Server {
  readonly absent?: string;
  readonly endpoint: string;
  stop(): Promise<void>;
}

export const startServer = async (name: 'prism' | 'flink'): Promise<Server> => {
  const module = await import(new URL(`../../scripts/runners/start-${name}.mjs`, import.meta.url).href);
  return name === 'prism' ? module.startPrism() : module.startFlink();
};

/** What is run on an input: `command` is given that and a folder to write to. */
export interface Work {
  readonly name: string;
  /** Beside the few. */
  readonly rows: number;
  /** Why it cannot be measured. */
  readonly absent?: string | undefined;
  command(input: string, folder: string): Command;
  readonly packages?: readonly string[];
}

const titleOf = ({ name }: Work, rows: number) => `${name}, ${rows} rows`;

async function contestantOf(options: Options, work: Work, rows: number): Promise<Contestant | Absent> {
  const name = titleOf(work, rows);
  if (work.absent !== undefined) return { name, absent: work.absent };
  const folder = cacheFolder(options, `runners-${name.replaceAll(/\W+/g, '-')}`);
  const command = work.command(await captionRows(options, rows), folder);
  const prepare = () => removeOutput(join(folder, 'out'));
  const contestant = wholeProcess({ name, command, folder, prepare });
  return work.packages === undefined ? contestant : withPackages(contestant, ...work.packages);
}

async function warmed(contestant: Contestant | Absent): Promise<Contestant | Absent> {
  if (!isAbsent(contestant)) for (let run = 0; run < WARM_UPS; run++) await contestant.run();
  return contestant;
}

/** The command, both passes. */
export function balance(options: Options, name: string, server: Server | undefined, section: object): Work {
  return {
    name,
    rows: options.rows,
    absent: server?.absent,
    command(input, folder) {
      const config = join(folder, 'config.yaml');
      const runner = { ...section, ...(server && { endpoint: server.endpoint }) };
      // YAML holds JSON.
      writeFileSync(config, JSON.stringify({ ...captionConfig(input, join(folder, 'out')), runner }));
      return nodeCommand(join(BUNDLED, 'm4-balance.js'), 'balance', config, '--json');
    },
  };
}

/** The first pass. */
export function countPass(options: Options, name: string, server: Server, section: object): Work {
  return {
    name,
    rows: options.rows,
    absent: server.absent,
    command(input, folder) {
      const runner = JSON.stringify({ ...section, endpoint: server.endpoint });
      return nodeCommand(join(COMPILED, 'count-pass.js'), input, join(folder, 'out'), runner);
    },
  };
}

/** Microseconds of a row beyond the few. */
function rowTime(entries: readonly Entry[], work: Work): number | undefined {
  const of = (rows: number) => entries.find(({ name }) => name === titleOf(work, rows));
  const [all, few] = [of(work.rows), of(FEW_ROWS)];
  if (all === undefined || few === undefined) return undefined;
  return ((medianOf(all, 'seconds') - medianOf(few, 'seconds')) / (work.rows - FEW_ROWS)) * 1e6;
}

/** Each work on few rows, after runs that do not count, and on its own. */
export const startsOf = (options: Options, works: readonly Work[]) =>
  works.flatMap((work) => [
    async () => warmed(await contestantOf(options, work, FEW_ROWS)),
    () => contestantOf(options, work, work.rows),
  ]);

/** The ratio of the times of a row; none where one of the works was absent. */
export function rowRatio(
  entries: readonly Entry[],
  what: string,
  [over, under]: readonly [Work, Work],
  goal: Omit<Ratio, 'what' | 'value'>,
): Ratio[] {
  const [a, b] = [rowTime(entries, over), rowTime(entries, under)];
  return a === undefined || b === undefined ? [] : [{ what, value: a / b, ...goal }];
}
