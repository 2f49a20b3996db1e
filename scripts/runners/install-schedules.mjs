/**
 * Installs what checks the files of scripts/schedule: actionlint with Go, and Airflow and the published schemas of Kubernetes in a Python
 * environment of their own: `node scripts/runners/install-schedules.mjs`. ACTIONLINT names another binary to use, SCHEDULES_VENV another
 * environment, PYTHON another Python. systemd-analyze and terraform are used where the machine has them.
 */
import { installAsCommand } from './command.mjs';
import { goBinary } from './go-binary.mjs';
import { pythonEnvironment } from './python-environment.mjs';

const actionlint = goBinary({
  name: 'actionlint',
  title: 'actionlint',
  version: 'v1.7.12',
  variable: 'ACTIONLINT',
  source: 'github.com/rhysd/actionlint/cmd/actionlint',
});
export const findActionlint = actionlint.find;

/** Airflow and kubernetes-validate. */
const checkers = pythonEnvironment({
  name: 'schedules-1',
  variable: 'SCHEDULES_VENV',
  packages: [
    'kubernetes-validate==1.37.0',
    // What the scheduler parses DAGs with, and the operator that the DAG uses, without the providers of apache-airflow.
    'apache-airflow-core==3.3.2',
    'apache-airflow-task-sdk==1.3.2',
    'apache-airflow-providers-standard==1.21.0',
  ],
  needs: 'Airflow needs Python 3.10 or newer',
});

export const findSchedulesPython = checkers.find;

/** Installs the pinned versions unless the environment or the cache has them. Returns their paths; throws what could not be had, after the others. */
export async function installSchedules() {
  const outcomes = await Promise.allSettled([actionlint.install(), checkers.install()]);
  const failed = outcomes.filter(({ status }) => status === 'rejected');
  if (failed.length > 0) throw new Error(failed.map(({ reason }) => reason.message).join('; '));
  return `${actionlint.find()}, ${checkers.find()}`;
}

await installAsCommand(import.meta.url, installSchedules);
