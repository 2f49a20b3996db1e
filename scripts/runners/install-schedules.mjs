/**
 * Installs what checks the files of scripts/schedule: actionlint with Go, Airflow, the published schemas of Kubernetes and a reader of
 * Terraform's language in a Python environment of their own, and what the resources of Terraform's provider of Google take:
 * `node scripts/runners/install-schedules.mjs`. ACTIONLINT names another binary to use, SCHEDULES_VENV another environment, PYTHON another
 * Python. systemd-analyze, terraform and gcloud are used where the machine has them.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from './cache.mjs';
import { installAsCommand, run } from './command.mjs';
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

/** Airflow, kubernetes-validate and python-hcl2. */
const checkers = pythonEnvironment({
  name: 'schedules-2',
  variable: 'SCHEDULES_VENV',
  packages: [
    'kubernetes-validate==1.37.0',
    'python-hcl2==8.1.4',
    // What the scheduler parses DAGs with, and the operator that the DAG uses, without the providers of apache-airflow.
    'apache-airflow-core==3.3.2',
    'apache-airflow-task-sdk==1.3.2',
    'apache-airflow-providers-standard==1.21.0',
  ],
  needs: 'Airflow needs Python 3.10 or newer',
});

export const findSchedulesPython = checkers.find;

/**
 * Declarations that were generated from the schema of the provider of Google 6.50.0. Terraform itself has the schema only with the provider, which
 * is no package of npm, PyPI or Go's proxy.
 */
const PROVIDER_TYPES = '@cdktf/provider-google@16.12.1';
const TERRAFORM = new URL('../schedule/cloud-run.tf', import.meta.url);
const typesFolder = join(CACHE, 'terraform-google-16.12.1');
const typesStamp = join(typesFolder, '.installed');

/** The folder of the declarations, `lib/<resource>/index.d.ts`; undefined where they are not installed. */
export const findProviderTypes = () => (existsSync(typesStamp) ? typesFolder : undefined);

/** Declarations of the resources that the Terraform file has. */
async function installProviderTypes() {
  const resources = [...readFileSync(TERRAFORM, 'utf8').matchAll(/^resource "google_(\w+)"/gm)].map(([, name]) => name);
  const wanted = [...new Set(resources)].sort();
  const stamp = `${wanted.join('\n')}\n`;
  if (existsSync(typesStamp) && readFileSync(typesStamp, 'utf8') === stamp) return typesFolder;
  rmSync(typesFolder, { recursive: true, force: true });
  mkdirSync(typesFolder, { recursive: true });
  const npm = process.env.npm_execpath;
  const args = ['pack', '--silent', PROVIDER_TYPES];
  await (npm ? run(process.execPath, [npm, ...args], { cwd: typesFolder }) : run('npm', args, { cwd: typesFolder }));
  const members = wanted.map((name) => `package/lib/${name.replaceAll('_', '-')}/index.d.ts`);
  const archive = 'cdktf-provider-google-16.12.1.tgz';
  await run('tar', ['-xzf', archive, '--strip-components=1', ...members], { cwd: typesFolder });
  rmSync(join(typesFolder, archive));
  writeFileSync(typesStamp, stamp);
  return typesFolder;
}

/** Installs the pinned versions unless the environment or the cache has them. Returns their paths; throws what could not be had, after the others. */
export async function installSchedules() {
  const outcomes = await Promise.allSettled([actionlint.install(), checkers.install(), installProviderTypes()]);
  const failed = outcomes.filter(({ status }) => status === 'rejected');
  if (failed.length > 0) throw new Error(failed.map(({ reason }) => reason.message).join('; '));
  return [actionlint.find(), checkers.find(), typesFolder].join(', ');
}

await installAsCommand(import.meta.url, installSchedules);
