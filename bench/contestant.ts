/** A contestant is a process: one that stays, loads its data once and runs on demand, or one that is started for each run. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Figures } from './figures.js';
import { COMPILED, type Command, ENVIRONMENT, onOneCore, PEERS, PYTHON } from './one-core.js';

export interface Contestant {
  readonly name: string;
  run(): Promise<Figures>;
  close(): void;
}

/** Why a contestant cannot take part. */
export interface Absent {
  readonly name: string;
  readonly absent: string;
}

export function isAbsent(contestant: Contestant | Absent): contestant is Absent {
  return 'absent' in contestant;
}

const INSTALL =
  'install the peers with: pip install -r bench/requirements.txt, and name that Python in M4_PEERS_PYTHON';

/** The lines that a process prints as JSON objects; the rest is kept for messages. */
function lines(child: ChildProcess, name: string) {
  const waiting: { resolve(line: any): void; reject(error: Error): void }[] = [];
  const arrived: any[] = [];
  let other = '';
  let over: Error | undefined;
  createInterface({ input: child.stdout! }).on('line', (text) => {
    if (!text.startsWith('{')) other = `${other}${text}\n`.slice(-2000);
    else if (waiting.length > 0) waiting.shift()!.resolve(JSON.parse(text));
    else arrived.push(JSON.parse(text));
  });
  child.stderr!.on('data', (text) => {
    other = `${other}${text}`.slice(-2000);
  });
  const end = (reason: string) => {
    over ??= new Error(`${name} ${reason}\n${other}`);
    for (const { reject } of waiting.splice(0)) reject(over);
  };
  child.on('error', (error) => end(error.message));
  child.on('close', (code, signal) => end(`ended with ${signal ?? `code ${code}`}`));
  return () =>
    new Promise<any>((resolve, reject) => {
      if (arrived.length > 0) resolve(arrived.shift());
      else if (over !== undefined) reject(over);
      else waiting.push({ resolve, reject });
    });
}

/** A process that answers each line with the figures of one run, once it has said that it is ready. */
async function start(name: string, command: Command): Promise<Contestant | Absent> {
  const [file, ...args] = onOneCore(command);
  const child = spawn(file, args, { env: ENVIRONMENT, stdio: ['pipe', 'pipe', 'pipe'] });
  const next = lines(child, name);
  const first = await next();
  if (first.absent !== undefined) return { name, absent: `${first.absent}; ${INSTALL}` };
  return {
    name,
    run() {
      child.stdin.write('run\n');
      return next();
    },
    close: () => child.stdin.end(),
  };
}

/** `script` is a compiled file of this folder that calls `serve`. */
export function startNode(name: string, script: string, ...args: string[]): Promise<Contestant | Absent> {
  return start(name, [process.execPath, join(COMPILED, script), ...args]);
}

/** `script` is a file of peers/ that calls `serve`. */
export async function startPython(name: string, script: string, ...args: string[]): Promise<Contestant | Absent> {
  try {
    return await start(name, [PYTHON, join(PEERS, script), ...args]);
  } catch (error) {
    if (/No such file|ENOENT|not found/.test(`${error}`.split('\n')[0]!)) {
      return { name, absent: `no ${PYTHON}; ${INSTALL}` };
    }
    throw error;
  }
}
