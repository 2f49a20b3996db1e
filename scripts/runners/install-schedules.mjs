/**
 * Installs what checks the files of scripts/schedule: actionlint with Go, and Airflow and the published schemas of Kubernetes in a Python
 * environment of their own: `node scripts/runners/install-schedules.mjs`. ACTIONLINT names another binary to use, SCHEDULES_VENV another
 * environment, PYTHON another Python. systemd-analyze and terraform are used where the machine has them.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, EXECUTABLE_SUFFIX, onPath } from './cache.mjs';
import { installAsCommand, run } from './command.mjs';
import { pythonOf } from './install-python.mjs';

const ACTIONLINT_VERSION = 'v1.7.12';
const PACKAGES = [
  'kubernetes-validate==1.37.0',
  // What the scheduler parses DAGs with, and the operator that the DAG uses, without the providers of apache-airflow.
  'apache-airflow-core==3.3.2',
  'apache-airflow-task-sdk==1.3.2',
  'apache-airflow-providers-standard==1.21.0',
];
const FOLDER = join(CACHE, 'bin');
const ACTIONLINT = join(FOLDER, `actionlint${EXECUTABLE_SUFFIX}`);
/** There once the binary is of this version. */
const MARK = join(FOLDER, `actionlint-${ACTIONLINT_VERSION}.installed`);
const ENVIRONMENT = join(CACHE, 'schedules-1');
/** Written last: pip leaves a half-filled environment when it is interrupted. */
const STAMP = join(ENVIRONMENT, '.installed');

/** The path of actionlint, undefined where there is none. */
export function findActionlint() {
  if (process.env.ACTIONLINT) return process.env.ACTIONLINT;
  return existsSync(ACTIONLINT) && existsSync(MARK) ? ACTIONLINT : onPath('actionlint');
}

/** The path of a Python that has Airflow and kubernetes-validate; undefined where there is none. */
export function findSchedulesPython() {
  if (process.env.SCHEDULES_VENV) return pythonOf(process.env.SCHEDULES_VENV);
  return existsSync(STAMP) ? pythonOf(ENVIRONMENT) : undefined;
}

async function installActionlint() {
  if (process.env.ACTIONLINT || (existsSync(ACTIONLINT) && existsSync(MARK))) return;
  if (onPath('go') === undefined)
    throw new Error('actionlint is built with Go: put go on the PATH (https://go.dev/dl)');
  mkdirSync(FOLDER, { recursive: true });
  await run('go', ['install', `github.com/rhysd/actionlint/cmd/actionlint@${ACTIONLINT_VERSION}`], {
    env: { GOBIN: FOLDER },
  });
  writeFileSync(MARK, '');
}

async function installPackages() {
  if (findSchedulesPython() !== undefined) return;
  const python = process.env.PYTHON || onPath('python3') || onPath('python');
  if (python === undefined) throw new Error('no python3 on the PATH: Airflow needs Python 3.10 or newer');
  mkdirSync(ENVIRONMENT, { recursive: true });
  await run(python, ['-m', 'venv', ENVIRONMENT]);
  await run(pythonOf(ENVIRONMENT), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES]);
  writeFileSync(STAMP, `${PACKAGES.join('\n')}\n`);
}

/** Installs the pinned versions unless the environment or the cache has them. Returns their paths; throws what could not be had, after the others. */
export async function installSchedules() {
  const outcomes = await Promise.allSettled([installActionlint(), installPackages()]);
  const failed = outcomes.filter(({ status }) => status === 'rejected');
  if (failed.length > 0) throw new Error(failed.map(({ reason }) => reason.message).join('; '));
  return `${findActionlint()}, ${findSchedulesPython()}`;
}

await installAsCommand(import.meta.url, installSchedules);
