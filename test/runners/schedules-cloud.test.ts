/** The files of scripts/schedule for Google Cloud, by the schema of Terraform's provider, by terraform and by gcloud, without an account. */
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { scratch } from '../end-to-end/scratch.js';
import { findScheduleCheckers } from './runners.js';
import { altered, INSTALL, read, runs, type Said, SCHEDULES, said } from './schedules.js';
import { type Body, danglingIn, faultsOf, readSchema } from './terraform-schema.js';

const { python, types } = await findScheduleCheckers();

const READ_HCL = 'import hcl2, json, sys; print(json.dumps(hcl2.load(open(sys.argv[1]))))';

/** What is wrong with the resources of a Terraform file. */
function resourceFaults(path: string): string[] {
  const { code, text } = said(python!, ['-c', READ_HCL, path]);
  assert.equal(code, 0, text);
  const { resource } = JSON.parse(text) as { resource: Record<string, Record<string, Body>>[] };
  const unquoted = (name: string) => name.replaceAll('"', '');
  const resources = resource.flatMap((entry) =>
    Object.entries(entry).flatMap(([type, named]) =>
      Object.entries(named).map(([name, body]) => ({ type: unquoted(type), name: unquoted(name), body })),
    ),
  );
  const schemas = new Map(
    [...new Set(resources.map(({ type }) => type))].map((type) => {
      const folder = type.replace('google_', '').replaceAll('_', '-');
      const schema = readSchema(readFileSync(join(types!, 'lib', folder, 'index.d.ts'), 'utf8'));
      return [
        type,
        { schema, names: new Set(resources.filter((r) => r.type === type).map(({ name }) => name)) },
      ] as const;
    }),
  );
  return resources.flatMap(({ type, name, body }) =>
    [
      ...faultsOf(schemas.get(type)!.schema, body),
      ...danglingIn(JSON.stringify(body), schemas).map((reference) => `${reference} is not there`),
    ].map((fault) => `${type}.${name}: ${fault}`),
  );
}

test('the resources of Terraform have the arguments that the provider of Google takes, and a mistake is found', {
  skip: python === undefined || types === undefined ? `no declarations of the provider: ${INSTALL}` : false,
}, (t) => {
  const changed = (from: string, to: string) => resourceFaults(altered(t, 'cloud-run.tf', from, to));
  assert.deepEqual(resourceFaults(join(SCHEDULES, 'cloud-run.tf')), []);
  assert.deepEqual(changed('max_retries ', 'most_retries '), [
    'google_cloud_run_v2_job.nightly: template.template.most_retries is unknown',
  ]);
  assert.deepEqual(changed('  account_id = "m4-balance"\n', ''), [
    'google_service_account.runner: accountId is missing',
  ]);
  assert.deepEqual(changed('oauth_token {', 'oauth_token = {'), [
    'google_cloud_scheduler_job.nightly: http_target.oauth_token is a block',
  ]);
  assert.deepEqual(changed('google_service_account.runner.email', 'google_service_account.runner.mail'), [
    'google_cloud_run_v2_job.nightly: google_service_account.runner.mail is not there',
  ]);
  assert.deepEqual(changed('google_service_account.runner.email', 'google_service_account.walker.email'), [
    'google_cloud_run_v2_job.nightly: google_service_account.walker.email is not there',
  ]);
});

const terraform = runs('terraform', 'version');

test('terraform finds the file formatted, and another one not', {
  skip: terraform ? false : 'no terraform on this machine',
}, (t) => {
  const check = (path: string) => said('terraform', ['fmt', '-check', path]);
  const passed = check(join(SCHEDULES, 'cloud-run.tf'));
  assert.equal(passed.code, 0, passed.text);
  assert.notEqual(check(altered(t, 'cloud-run.tf', '  location = var.region', ' location=var.region')).code, 0);
});

test('terraform validates the file by the schema of the provider of Google', {
  skip: terraform ? false : 'no terraform on this machine',
}, (t) => {
  const folder = scratch(t);
  copyFileSync(join(SCHEDULES, 'cloud-run.tf'), join(folder, 'main.tf'));
  const call = (...args: string[]) => said('terraform', [`-chdir=${folder}`, ...args], { CHECKPOINT_DISABLE: '1' });
  const init = call('init', '-backend=false', '-input=false', '-no-color');
  if (
    /failed to (query available|retrieve|install)|could not connect|no such host/i.test(init.text.replace(/\s+/g, ' '))
  ) {
    t.skip('the registry of providers cannot be reached');
    return;
  }
  assert.equal(init.code, 0, init.text);
  const validated = call('validate', '-no-color');
  assert.equal(validated.code, 0, validated.text);
});

test('bash parses the commands of gcloud', () => {
  const { code, text } = said('bash', ['-n', join(SCHEDULES, 'cloud-run.sh')]);
  assert.deepEqual({ code, text }, { code: 0, text: '' });
});

/** gcloud reads all arguments before it looks for an account, and has none here: nothing is sent to anyone. */
const NO_ACCOUNT = 'You do not currently have an active account selected';
const PARSED = `#!/bin/sh
if said=$("$REAL_GCLOUD" "$@" 2>&1); then echo "expected gcloud to have no account: $*"; exit 9; fi
case $said in *"${NO_ACCOUNT}"*) echo "parsed: $*" ;; *) echo "$said"; exit 1 ;; esac
`;

/** The script with a gcloud that does nothing but read its arguments. */
function parsedByGcloud(t: TestContext, script: string): Said {
  const folder = scratch(t);
  writeFileSync(join(folder, 'gcloud'), PARSED);
  chmodSync(join(folder, 'gcloud'), 0o755);
  return said('bash', [script], {
    PATH: `${folder}${delimiter}${process.env.PATH}`,
    REAL_GCLOUD: said('which', ['gcloud']).text.trim(),
    CLOUDSDK_CONFIG: join(folder, 'configuration'),
    CLOUDSDK_CORE_CHECK_GCE_METADATA: 'false',
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: undefined,
    CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE: undefined,
    CLOUDSDK_CORE_ACCOUNT: undefined,
    ...{ PROJECT: 'project-1', REGION: 'europe-west4', INPUT_BUCKET: 'in', OUTPUT_BUCKET: 'out' },
    ...{ IMAGE: 'europe-docker.pkg.dev/p/r/m4-balance', CONFIG_SECRET: 'm4-balance-job' },
  });
}

test('gcloud takes the arguments of every command, and refuses one that it has not, and one that is missing', {
  skip: runs('gcloud', 'version') ? false : 'no gcloud on this machine',
}, (t) => {
  const { code, text } = parsedByGcloud(t, join(SCHEDULES, 'cloud-run.sh'));
  assert.equal(code, 0, text);
  assert.equal(text.match(/^parsed: /gm)?.length, read('cloud-run.sh').match(/^gcloud /gm)?.length);
  const refused = (from: string, to: string, message: RegExp) => {
    const { code, text } = parsedByGcloud(t, altered(t, 'cloud-run.sh', from, to));
    assert.equal(code, 1, text);
    assert.match(text, message);
  };
  refused('--max-retries', '--most-retries', /unrecognized arguments:\s+--most-retries/);
  refused('--schedule "0 3 * * *" ', '', /argument --schedule: Must be specified/);
});
