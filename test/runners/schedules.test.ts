/** The files of scripts/schedule, each looked at by the program that takes it, or by the published schema; and that these programs do refuse. */
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { requireNightly } from '../../pipelines/nightly/check.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { scratch } from '../end-to-end/scratch.js';
import { findScheduleCheckers } from './runners.js';
import { altered, INSTALL, read, runs, SCHEDULES, said } from './schedules.js';

const DAG_SCRIPT = fileURLToPath(new URL('../../../test/runners/airflow_dag.py', import.meta.url));
const PACKAGE = new URL('../../../package.json', import.meta.url);

const version = (JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string }).version;

const { actionlint, python } = await findScheduleCheckers();
const withPython = { skip: python === undefined ? `no Airflow and no schemas of Kubernetes: ${INSTALL}` : false };

test('actionlint passes the workflow, and refuses one with a key or an input that it has not', {
  skip: actionlint === undefined ? `no actionlint: ${INSTALL}` : false,
}, (t) => {
  const lint = (path: string) => said(actionlint!, ['-no-color', '-shellcheck=', '-pyflakes=', path]);
  assert.deepEqual(lint(join(SCHEDULES, 'github-actions.yml')), { code: 0, text: '' });
  const key = lint(altered(t, 'github-actions.yml', 'timeout-minutes', 'timeout-hours'));
  assert.equal(key.code, 1);
  assert.match(key.text, /unexpected key "timeout-hours"/);
  const input = lint(altered(t, 'github-actions.yml', 'inputs.now', 'inputs.time'));
  assert.match(input.text, /property "time" is not defined/);
  assert.match(read('github-actions.yml'), new RegExp(`m4-balance@${version.replaceAll('.', '\\.')}\n`));
});

test(
  'the published schemas of Kubernetes, strict, pass the manifest, and refuse a key that they have not',
  withPython,
  (t) => {
    const validate = (path: string) => {
      const program = 'import sys, kubernetes_validate.__main__ as main; sys.exit(main.main())';
      return said(python!, ['-c', program, '--strict', path]);
    };
    const passed = validate(join(SCHEDULES, 'kubernetes.yaml'));
    assert.equal(passed.code, 0, passed.text);
    for (const kind of ['configmap', 'serviceaccount', 'cronjob']) {
      assert.match(passed.text, new RegExp(`passed for resource ${kind}/m4-balance\\S* against version`));
    }
    const failed = validate(altered(t, 'kubernetes.yaml', 'concurrencyPolicy', 'concurrentPolicy'));
    assert.notEqual(failed.code, 0);
    assert.match(failed.text, /concurrentPolicy/);
  },
);

test('the CronJob forbids two at once, has deadlines, is not root on a read-only root, and finds all that it names', () => {
  const documents = parseAllDocuments(read('kubernetes.yaml')).map((document) => document.toJS());
  const of = (kind: string) => documents.find((document) => document.kind === kind);
  const [map, account, cron] = [of('ConfigMap'), of('ServiceAccount'), of('CronJob')];
  const { spec } = cron;
  assert.equal(spec.concurrencyPolicy, 'Forbid');
  assert.ok(spec.startingDeadlineSeconds > 0);
  assert.ok(spec.jobTemplate.spec.activeDeadlineSeconds > 0);
  const pod = spec.jobTemplate.spec.template.spec;
  const [container] = pod.containers;
  assert.equal(pod.securityContext.runAsNonRoot, true);
  assert.equal(container.securityContext.readOnlyRootFilesystem, true);
  assert.equal(container.securityContext.allowPrivilegeEscalation, false);
  assert.equal(pod.serviceAccountName, account.metadata.name);
  assert.equal(
    pod.volumes.find((volume: { name: string }) => volume.name === 'config').configMap.name,
    map.metadata.name,
  );
  assert.equal(container.image, `REGISTRY/m4-balance:${version}`);
  // Exit codes of which another try would end alike; the policy may name a container that there is only.
  const [rule] = spec.jobTemplate.spec.podFailurePolicy.rules;
  assert.deepEqual(rule.onExitCodes, { containerName: container.name, operator: 'In', values: [2, 3, 10] });
  assert.doesNotThrow(() => requireNightly(parseConfig(parse(map.data['job.yaml']))));
});

test('systemd-analyze passes the units, and refuses a key and a time that it has not', {
  skip: runs('systemd-analyze', '--version') ? false : 'no systemd-analyze on this machine',
}, (t) => {
  /** What is said of our units; an unknown key is a warning, with exit code 0. */
  const verify = (path: string) => {
    const { code, text } = said('systemd-analyze', ['verify', path]);
    return { code, text: text.split('\n').filter((line) => line.includes('m4-balance')) };
  };
  const folder = scratch(t);
  const units = ['m4-balance.service', 'm4-balance.timer'];
  for (const unit of units) copyFileSync(join(SCHEDULES, unit), join(folder, unit));
  for (const unit of units) assert.deepEqual(verify(join(folder, unit)), { code: 0, text: [] });
  const key = verify(altered(t, 'm4-balance.service', 'DynamicUser', 'DynamicUsers'));
  assert.match(key.text.join('\n'), /DynamicUsers/);
  const time = verify(altered(t, 'm4-balance.timer', '03:00:00 UTC', '33:00:00 UTC'));
  assert.match(time.text.join('\n'), /33:00:00/);
});

interface Dags {
  readonly errors: readonly string[];
  readonly dags: readonly {
    readonly id: string;
    readonly catchup: boolean;
    readonly runs: number;
    readonly retries: number;
    readonly timeout: number;
    readonly command: string;
    readonly outcomes: Readonly<Record<string, string>>;
  }[];
}

/** What Airflow makes of a folder of DAGs, whose task calls a stand-in for m4-balance that ends with each of the codes. */
function dags(t: TestContext, folder: string, ...codes: string[]): Dags {
  const home = scratch(t);
  const bin = join(home, 'bin');
  mkdirSync(bin);
  const command = join(bin, 'm4-balance');
  writeFileSync(command, '#!/bin/sh\nexit "$CODE"\n');
  chmodSync(command, 0o755);
  const { code, text } = said(python!, [DAG_SCRIPT, folder, ...codes], {
    AIRFLOW_HOME: home,
    AIRFLOW__CORE__LOAD_EXAMPLES: 'False',
    PATH: `${bin}${delimiter}${process.env.PATH}`,
  });
  assert.equal(code, 0, text);
  assert.doesNotMatch(text, /deprecated/);
  return JSON.parse(text.split('\n').find((line) => line.startsWith('{"errors"'))!) as Dags;
}

test(
  'Airflow parses the DAG without an error or a deprecation, and tries again only where that helps',
  withPython,
  (t) => {
    const folder = scratch(t);
    copyFileSync(join(SCHEDULES, 'airflow_dag.py'), join(folder, 'airflow_dag.py'));
    assert.deepEqual(dags(t, folder, '0', '2', '3', '10', '5', '11'), {
      errors: [],
      dags: [
        {
          id: 'm4_balance_nightly',
          catchup: false,
          runs: 1,
          retries: 2,
          timeout: 6 * 3600,
          command: 'm4-balance nightly job.yaml --json --now 2026-11-23T03:00Z',
          outcomes: {
            0: 'done',
            2: 'AirflowFailException',
            3: 'AirflowFailException',
            10: 'AirflowFailException',
            5: 'AirflowException',
            11: 'AirflowException',
          },
        },
      ],
    });
    const broken = join(altered(t, 'airflow_dag.py', 'max_active_runs', 'most_active_runs'), '..');
    const { errors, dags: none } = dags(t, broken);
    assert.equal(none.length, 0);
    assert.match(errors.join('\n'), /most_active_runs/);
  },
);
