/** A server in a process group of its own: waited for, its output kept, ended with everything that it started. */
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;
/** How long a server may take to end by itself. */
const STOP_MS = 5_000;
/** Shown of the log of a server that does not start. */
const SHOWN_LINES = 15;

const HAS_GROUPS = process.platform !== 'win32';
const running = new Set();

function signalGroup(pid, signal) {
  try {
    process.kill(HAS_GROUPS ? -pid : pid, signal);
  } catch {
    // It is gone.
  }
}

function killAll() {
  for (const pid of running) signalGroup(pid, 'SIGKILL');
}

process.on('exit', killAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  const onSignal = () => {
    // With another listener the process goes on, and stops its servers itself.
    if (process.listenerCount(signal) > 1) return;
    killAll();
    process.removeListener(signal, onSignal);
    process.kill(process.pid, signal);
  };
  process.on(signal, onSignal);
}

/** A port that is free now. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, 'localhost', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether something listens on a port of this machine. */
export async function isListening(port) {
  const socket = connect(port, 'localhost');
  try {
    return await new Promise((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}

/**
 * Starts a server and waits until `isReady` resolves to true. `log` is the file for its output. Throws, with the end of that
 * file, if the server ends before or takes longer than `seconds`.
 *
 * @returns {Promise<{ pid: number, stop(): Promise<void> }>}
 */
export async function startServer({ name, command, args, env, log, isReady, seconds = 60 }) {
  mkdirSync(dirname(log), { recursive: true });
  const output = openSync(log, 'w');
  const child = spawn(command, args, {
    stdio: ['ignore', output, output],
    env: { ...process.env, ...env },
    detached: HAS_GROUPS,
  });
  let ended;
  const exited = new Promise((resolve) => {
    const end = (how) => {
      ended = how;
      resolve();
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', (code, signal) => end(`ended with ${code ?? signal}`));
  });
  const { pid } = child;
  if (pid !== undefined) running.add(pid);
  child.unref();

  const stop = async () => {
    if (pid === undefined) return;
    if (ended === undefined) signalGroup(pid, 'SIGTERM');
    await Promise.race([exited, sleep(STOP_MS)]);
    // Workers that it started may have outlived it.
    signalGroup(pid, 'SIGKILL');
    running.delete(pid);
  };

  const deadline = Date.now() + seconds * 1000;
  while (ended === undefined && Date.now() < deadline) {
    if (await isReady()) return { pid, stop };
    await sleep(POLL_MS);
  }
  await stop();
  const tail = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-SHOWN_LINES).join('\n');
  throw new Error(`${name} ${ended ?? `was not ready after ${seconds} s`}; the end of ${log}:\n${tail}`);
}
