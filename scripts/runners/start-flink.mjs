/**
 * Starts Beam's job server for Flink, embedded in one process or with a cluster of a JobManager and TaskManagers on this machine:
 *
 *     node scripts/runners/start-flink.mjs [--port 8099] [--task-managers 2] [--slots 2]
 *
 * Ctrl-C ends all of it. What was run, and how to run other versions: install-flink.mjs.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { CACHE, onPath } from './cache.mjs';
import { startAsCommand } from './command.mjs';
import { findFlink } from './install-flink.mjs';
import { freePort, isListening, startServer } from './server.mjs';
import { writeThinJar } from './thin-jar.mjs';

/** Packages that Flink reaches into and Java 17 closes (flink-dist's own configuration opens them as well). */
const OPENED = ['lang', 'lang.reflect', 'util', 'util.concurrent', 'nio', 'net', 'io', 'time', 'text'];
const JAVA_FLAGS = [
  ...OPENED.map((name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`),
  '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
  '--add-exports=java.base/sun.net.util=ALL-UNNAMED',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
  `-Dorg.slf4j.simpleLogger.defaultLogLevel=${process.env.FLINK_LOG_LEVEL ?? 'warn'}`,
];

const HEAP = { embedded: '3g', jobServer: '1g', jobManager: '512m', taskManager: '2g' };

/**
 * Without flink-dist's scripts a TaskManager takes every size from here and computes none. The heap is a record for the
 * JobManager only (the JVM's limit is HEAP.taskManager); the managed memory is what sorts and hash tables get.
 */
const TASK_MANAGER_MEMORY = {
  'taskmanager.memory.task.heap.size': '1g',
  'taskmanager.memory.task.off-heap.size': '0m',
  'taskmanager.memory.managed.size': '512m',
  'taskmanager.memory.network.min': '128m',
  'taskmanager.memory.network.max': '128m',
  'taskmanager.memory.framework.heap.size': '128m',
  'taskmanager.memory.framework.off-heap.size': '128m',
  'taskmanager.memory.jvm-metaspace.size': '256m',
  'taskmanager.memory.jvm-overhead.min': '192m',
  'taskmanager.memory.jvm-overhead.max': '192m',
};

/** Some seconds on one busy core, four JVMs at once. */
const START_SECONDS = 180;

/**
 * Starts it. `taskManagers` 0 embeds Flink in the job server; `slots` is of each TaskManager, and the largest parallelism of a job
 * is all of them. A job's tasks are started again `restarts` times. Resolves to `{ absent }`, the reason, where Flink or Java is not there; rejects if something does not start.
 */
export async function startFlink({ port, taskManagers = 0, slots = 2, restarts = 3 } = {}) {
  const lib = findFlink();
  if (lib === undefined) return { absent: 'no Flink; to install it: node scripts/runners/install-flink.mjs' };
  const java = onPath('java');
  if (java === undefined) return { absent: 'no java on the PATH: Flink needs version 11 or 17' };
  const jobPort = port ?? (await freePort());
  const folder = mkdtempSync(join(tmpdir(), 'm4-balance-flink-'));
  const logs = join(CACHE, 'logs', `flink-${jobPort}`);
  const servers = [];
  const stop = async () => {
    // The job server first: it would report the cluster's end as a failure of its jobs.
    for (const server of servers.reverse()) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const startJava = async ({ name, heap, classPath, args, isReady }) => {
    const log = join(logs, `${name}.log`);
    const flags = [`-Xmx${heap}`, ...JAVA_FLAGS, '-cp', classPath];
    const options = { name, command: java, args: [...flags, ...args], log, isReady, seconds: START_SECONDS };
    const server = await startServer(options);
    servers.push(server);
    return server;
  };
  const allJars = `${join(lib, '*')}${delimiter}`;
  try {
    const restPort = await freePort();
    const conf = writeConfiguration(folder, { restPort, rpcPort: await freePort(), taskManagers, slots, restarts });
    const taskManagerPids = [];
    if (taskManagers > 0) {
      const registered = (count) => async () => (await overview(restPort))?.taskmanagers === count;
      const configDir = ['--configDir', conf];
      await startJava({
        name: 'job-manager',
        heap: HEAP.jobManager,
        classPath: allJars,
        args: ['org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint', ...configDir],
        isReady: registered(0),
      });
      for (let count = 1; count <= taskManagers; count++) {
        const { pid } = await startJava({
          name: `task-manager-${count}`,
          heap: HEAP.taskManager,
          classPath: allJars,
          args: ['org.apache.flink.runtime.taskexecutor.TaskManagerRunner', ...configDir],
          isReady: registered(count),
        });
        taskManagerPids.push(pid);
      }
    }
    const { pid } = await startJava({
      name: 'job-server',
      heap: taskManagers > 0 ? HEAP.jobServer : HEAP.embedded,
      classPath: taskManagers > 0 ? writeThinJar(folder, lib) : allJars,
      args: [
        'org.apache.beam.runners.flink.FlinkJobServerDriver',
        '--job-host=localhost',
        `--job-port=${jobPort}`,
        `--artifact-port=${await freePort()}`,
        `--expansion-port=${await freePort()}`,
        `--artifacts-dir=${join(folder, 'artifacts')}`,
        `--flink-conf-dir=${conf}`,
        `--flink-master=${taskManagers > 0 ? `localhost:${restPort}` : '[local]'}`,
      ],
      isReady: () => isListening(jobPort),
    });
    return { endpoint: `localhost:${jobPort}`, pid, taskManagerPids, restPort, log: logs, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Writes the configuration of the cluster's processes and of the embedded one. Returns its folder. */
function writeConfiguration(folder, { restPort, rpcPort, slots, taskManagers, restarts }) {
  const conf = join(folder, 'conf');
  const temporary = join(folder, 'tmp');
  for (const path of [conf, temporary]) mkdirSync(path);
  const settings = {
    'jobmanager.rpc.address': 'localhost',
    'jobmanager.rpc.port': rpcPort,
    'jobmanager.bind-host': 'localhost',
    'jobmanager.memory.process.size': '1024m',
    'rest.address': 'localhost',
    // Embedded, each job has a cluster of its own, and one whose worker hangs keeps its port.
    'rest.port': taskManagers > 0 ? restPort : 0,
    'rest.bind-address': 'localhost',
    'taskmanager.host': 'localhost',
    'taskmanager.bind-host': 'localhost',
    'taskmanager.numberOfTaskSlots': slots,
    'taskmanager.cpu.cores': slots,
    'io.tmp.dirs': temporary,
    'heartbeat.timeout': 60_000,
    'restart-strategy': 'fixed-delay',
    'restart-strategy.fixed-delay.attempts': restarts,
    'restart-strategy.fixed-delay.delay': '1 s',
    // Else each job's jar is loaded by itself, and its classes are not those of the class path.
    'classloader.resolve-order': 'parent-first',
    ...(taskManagers > 0 ? TASK_MANAGER_MEMORY : { 'taskmanager.memory.managed.size': '512m' }),
  };
  const text = Object.entries(settings)
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('');
  // Flink before and from version 2.
  for (const name of ['flink-conf.yaml', 'config.yaml']) writeFileSync(join(conf, name), text);
  return conf;
}

/** What the JobManager says of its cluster; undefined as long as it does not answer. */
async function overview(restPort) {
  try {
    const response = await fetch(`http://localhost:${restPort}/overview`);
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

await startAsCommand(import.meta.url, () => {
  const number = (text) => text && Number(text);
  const options = { port: { type: 'string' }, 'task-managers': { type: 'string' }, slots: { type: 'string' } };
  const { values } = parseArgs({ options });
  return startFlink({
    port: number(values.port),
    taskManagers: number(values['task-managers']),
    slots: number(values.slots),
  });
});
