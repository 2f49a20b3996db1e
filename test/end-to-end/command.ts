/** The real command, as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'cli', 'main.js');

export interface Finished {
  /** null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

export interface Running {
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
}

/**
 * Starts `m4-balance` with these arguments. `onOutput` is given all of stdout so far, whenever there is more.
 * @param node flags of Node
 */
export function start(
  args: readonly string[],
  onOutput?: (stdout: string) => void,
  node: readonly string[] = [],
): Running {
  const began = performance.now();
  const child = spawn(process.execPath, [...node, MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
    onOutput?.(stdout);
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout, stderr, milliseconds: performance.now() - began }),
    );
  });
  return { process: child, finished };
}

export function run(args: readonly string[]): Promise<Finished> {
  return start(args).finished;
}
