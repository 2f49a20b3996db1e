import '../sdk.js';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { connect, createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../../schemas/errors.js';
import type { RunnerConfig } from '../../schemas/runner.js';
import { JobError } from '../job-error.js';
import { openJobService, openPortable } from './portable.js';
import type { Runner } from './runner.js';

/** How long Prism may take until it listens. */
const START_MS = 20_000;
const TRY_MS = 20;
/** Time between asking it to end and killing it. */
const KILL_MS = 2000;
/** Kept of what it writes, for the message when it dies. */
const KEPT_CHARACTERS = 4000;
/** It spins while a stage without outputs runs, and would starve its own network code on one thread. */
const MINIMUM_THREADS = 2;

const INSTALL = 'node scripts/runners/install-prism.mjs';

/**
 * Prism, Beam's local runner: the one at `endpoint`, or one that is started and stopped with the run. Throws ConfigError where the
 * binary is not found.
 */
export async function openPrism(config: RunnerConfig): Promise<Runner> {
  if (config.endpoint !== undefined) return openJobService(config);
  const prism = await startPrism(findPrism(config.prism));
  try {
    const runner = await openPortable(config, { endpoint: prism.endpoint, losesWorkers: true });
    return {
      name: runner.name,
      async run(build, options) {
        try {
          return await runner.run(build, options);
        } catch (error) {
          throw prism.isAlive()
            ? error
            : new JobError(`prism ended during ${options.jobName}`, [prism.output(), prism.end()], { cause: error });
        }
      },
      async close() {
        await prism.stop();
        await runner.close();
      },
    };
  } catch (error) {
    await prism.stop();
    throw error;
  }
}

/** The binary as configured, on $PATH, or where the project's script installs it. */
function findPrism(configured: string | undefined): string {
  const places = [...(process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''), '.runners/bin'];
  const candidates = configured === undefined ? places.map((folder) => join(folder, 'prism')) : [configured];
  const found = candidates.find(isExecutable);
  if (found !== undefined) return found;
  throw new ConfigError([
    configured === undefined
      ? `runner.prism: expected a binary named prism on $PATH or in .runners/bin, got none. Install it: ${INSTALL}`
      : `runner.prism: expected a program, got ${configured}, which is none. Install it: ${INSTALL}`,
  ]);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

interface Prism {
  readonly endpoint: string;
  isAlive(): boolean;
  /** Its exit code or the signal that ended it. */
  end(): string;
  /** The last of what it wrote. */
  output(): string;
  stop(): Promise<void>;
}

async function startPrism(binary: string): Promise<Prism> {
  const port = await freePort();
  const threads = Math.max(MINIMUM_THREADS, availableParallelism());
  const flags = [`--job_port=${port}`, '--serve_http=false', '--idle_shutdown_timeout=-1s', '--log_kind=text'];
  const child = spawn(binary, flags, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { GOMAXPROCS: String(threads), ...process.env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-KEPT_CHARACTERS);
    });
  }
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  const isAlive = () => failure === undefined && child.exitCode === null && child.signalCode === null;
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const prism: Prism = {
    endpoint: `localhost:${port}`,
    isAlive,
    end: () => child.signalCode ?? `exit code ${child.exitCode}`,
    output: () => output.trim(),
    async stop() {
      process.off('exit', kill);
      if (isAlive()) await endProcess(child);
    },
  };
  const deadline = performance.now() + START_MS;
  while (!(await answers(port))) {
    if (!isAlive() || performance.now() > deadline) {
      await prism.stop();
      throw new Error(`prism (${binary}) does not start: ${failure?.message ?? prism.output()}`);
    }
    await sleep(TRY_MS);
  }
  return prism;
}

async function endProcess(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill();
  const timer = setTimeout(() => child.kill('SIGKILL'), KILL_MS);
  await ended;
  clearTimeout(timer);
}

/** A port of this machine that no one listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, 'localhost', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return address.port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, 'localhost');
    const end = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
