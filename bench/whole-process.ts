/** Contestants that are started anew for each run: wall time with everything from start-up to exit, and peak memory. */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Absent, type Contestant, startPython } from './contestant.js';
import type { Figures } from './figures.js';
import { COMPILED, type Command, ENVIRONMENT, onOneCore, PEERS, PYTHON } from './one-core.js';

/** The few files that the command starts from. */
export const BUNDLED = join(COMPILED, '..', 'bin');

const MEGABYTE = 1_000_000;

export interface WholeProcess {
  readonly name: string;
  readonly command: Command;
  /** A folder for what the process leaves. */
  readonly folder: string;
  /** Done before each run, outside the time. */
  prepare?(): void;
  /** Makes more figures of what the process printed. */
  figures?(stdout: string): Record<string, number | string>;
}

/** Removes what a run of the command left, finished or not. */
export function removeOutput(directory: string): void {
  for (const left of [directory, `${directory}.partial`]) rmSync(left, { recursive: true, force: true });
}

/** A Node program of ours, told to report its peak. */
export function nodeCommand(script: string, ...args: string[]): Command {
  return [process.execPath, '--import', pathToFileURL(join(COMPILED, 'peak.js')).href, script, ...args];
}

/** Our command on a configuration, in a folder of its own: `configOf` is given the output directory. */
export function ownCommand(
  command: 'balance' | 'stats',
  folder: string,
  configOf: (output: string) => object,
  more: Partial<Pick<WholeProcess, 'name' | 'figures'>> = {},
): Contestant {
  const output = join(folder, 'out');
  const config = join(folder, 'config.yaml');
  // YAML holds JSON.
  writeFileSync(config, JSON.stringify(configOf(output)));
  return wholeProcess({
    name: `m4-balance ${command}`,
    command: nodeCommand(join(BUNDLED, 'm4-balance.js'), command, config, '--json'),
    folder,
    prepare: () => removeOutput(output),
    ...more,
  });
}

/** A program of peers/, which reports its peak where it imports `peak`. */
export function pythonCommand(script: string, ...args: string[]): Command {
  return [PYTHON, join(PEERS, script), ...args];
}

/** Whether the peers' Python has these packages, and if not, why the contestant is absent. */
export async function withPackages(contestant: Contestant, ...packages: string[]): Promise<Contestant | Absent> {
  const probe = await startPython(contestant.name, 'probe.py', ...packages);
  if ('absent' in probe) return probe;
  probe.close();
  return contestant;
}

export function wholeProcess({ name, command, folder, prepare, figures }: WholeProcess): Contestant {
  const peak = join(folder, 'peak');
  return {
    name,
    close() {},
    async run() {
      prepare?.();
      const [file, ...args] = onOneCore(command);
      const start = performance.now();
      const stdout = await output(name, file, args, { ...ENVIRONMENT, M4_BENCH_PEAK: peak });
      const seconds = (performance.now() - start) / 1000;
      return {
        seconds,
        peak_MB: Number(readFileSync(peak, 'utf8')) / MEGABYTE,
        ...figures?.(stdout),
      } satisfies Figures;
    },
  };
}

function output(name: string, file: string, args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      stderr = `${stderr}${text}`.slice(-2000);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`${name} ended with ${signal ?? `code ${code}`}\n${stderr}`));
    });
  });
}
