/**
 * The job service that submits to Dataflow: part of Beam's Python SDK, started as a process of its own from a virtual environment.
 * It needs the network only when a job is submitted, and credentials then (`gcloud auth application-default login`).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The release that the service was tested with. */
const PYTHON_SDK_VERSION = '2.77.0';
export const PYTHON_SDK = `apache-beam[gcp]==${PYTHON_SDK_VERSION}`;
/** Where scripts/runners/install-python.mjs installs it. */
const VENV_FOLDER = join(process.env.RUNNERS_CACHE ?? '.runners', `python-beam-${PYTHON_SDK_VERSION}`);
/** Importing the SDK takes seconds on a busy machine. */
const START_MS = 120_000;
/** How much of what the service wrote goes into an error. */
const SHOWN_CHARACTERS = 2000;

/**
 * Says its version, then serves; ends with its parent, whose death closes stdin. Options arrive as a Struct, which has doubles
 * only, and release 2.77 puts them into integer fields as they are, which fails for every number (`num_workers`).
 */
const PROGRAM = `
import os, runpy, sys, threading
import apache_beam
from apache_beam.runners.job import utils
print('apache-beam', apache_beam.__version__, file=sys.stderr, flush=True)
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
def whole(value):
  if isinstance(value, dict): return {key: whole(item) for key, item in value.items()}
  if isinstance(value, list): return [whole(item) for item in value]
  return int(value) if isinstance(value, float) and value.is_integer() else value
struct_to_dict = utils.struct_to_dict
utils.struct_to_dict = lambda struct: whole(struct_to_dict(struct))
sys.argv = ['', *sys.argv[1:]]
runpy.run_module('apache_beam.runners.dataflow.dataflow_job_service', run_name='__main__', alter_sys=True)
`;

export interface DataflowService {
  /** `host:port` of the job service. */
  readonly endpoint: string;
  /** All that it wrote so far. */
  log(): string;
  close(): Promise<void>;
}

export interface DataflowServiceOptions {
  /** Folder of a virtual environment with `apache-beam[gcp]`; by default `$BEAM_VENV`, else the one under .runners. */
  readonly venv?: string;
  /** Environment of the process; by default this one's. */
  readonly env?: NodeJS.ProcessEnv;
}

const INSTALL = `install it with
  python3 -m venv ${VENV_FOLDER} && ${join(VENV_FOLDER, 'bin', 'pip')} install '${PYTHON_SDK}'
or name a virtual environment that has it in BEAM_VENV, or a service that runs already in runner.endpoint`;

/** The virtual environment that is used where none is named. */
export function defaultVenv(): string {
  return process.env.BEAM_VENV ?? VENV_FOLDER;
}

/** The Python of a virtual environment. */
export function pythonOf(venv: string): string {
  return process.platform === 'win32' ? join(venv, 'Scripts', 'python.exe') : join(venv, 'bin', 'python');
}

/**
 * Starts the service on a free port of this machine. Throws where there is no virtual environment, it holds no SDK or another
 * version of it, or the service does not come up.
 */
export async function startDataflowService(options: DataflowServiceOptions = {}): Promise<DataflowService> {
  const { venv = defaultVenv(), env = process.env } = options;
  const python = pythonOf(venv);
  if (!existsSync(python)) {
    throw new Error(`the Dataflow job service needs Beam's Python SDK, and there is no ${python}: ${INSTALL}`);
  }
  const staging = mkdtempSync(join(tmpdir(), 'm4-balance-dataflow-'));
  const child = spawn(python, ['-c', PROGRAM, '--port=0', `--staging_dir=${staging}`], {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const close = async () => {
    await ended(child);
    rmSync(staging, { recursive: true, force: true });
  };
  try {
    const port = await listening(child, venv, () => output);
    return { endpoint: `localhost:${port}`, log: () => output, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

/** Resolves with the port that the service says it listens on. */
function listening(child: ChildProcess, venv: string, output: () => string): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) =>
      reject(new Error(`the Dataflow job service of ${venv} ${why}\n${output().slice(-SHOWN_CHARACTERS)}`.trimEnd()));
    const timer = setTimeout(() => fail(`did not come up within ${START_MS / 1000} s:`), START_MS);
    const look = () => {
      const port = /Listening for beam jobs on port (\d+)\./.exec(output())?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      const version = /^apache-beam (\S+)$/m.exec(output())?.[1];
      if (version === PYTHON_SDK_VERSION) resolve(Number(port));
      else reject(new Error(`${venv}: expected apache-beam ${PYTHON_SDK_VERSION}, got ${version}: ${INSTALL}`));
    };
    child.stderr!.on('data', look);
    child.once('error', (error) => fail(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      if (/No module named '?apache_beam/.test(output())) reject(new Error(`${venv} holds no Beam SDK: ${INSTALL}`));
      else fail(`ended with ${code ?? signal}:`);
    });
  });
}
