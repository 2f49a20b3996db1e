import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDataflow, unrunnableOnDataflow } from '../../schemas/dataflow-checks.js';
import { type RunnerConfig, runnerSchema } from '../../schemas/runner.js';

const SOUND: RunnerConfig = {
  ...runnerSchema.parse({ name: 'dataflow' }),
  project: 'a-project',
  region: 'europe-west4',
  tempLocation: 'gs://a-bucket/temp',
  stagingLocation: 'gs://a-bucket/',
  templateLocation: 'gs://a.bucket.example.com/templates/m4.json',
  image: 'europe-west4-docker.pkg.dev/a-project/images/m4-balance:1.2',
  serviceAccount: 'worker@a-project.iam.gserviceaccount.com',
  network: 'default',
  subnetwork: 'regions/europe-west4/subnetworks/a-subnet',
  workers: 2,
  maxWorkers: 2,
  workerMachineType: 'n2-standard-4',
  labels: { team: 'data', 'run-1': '', größe: '2_3' },
  update: false,
};

test('a sound section', () => {
  assert.deepEqual(checkDataflow(SOUND), []);
  assert.deepEqual(checkDataflow(runnerSchema.parse({ name: 'dataflow' })), [], 'what is missing is told elsewhere');
});

test('machine types of every family', () => {
  for (const workerMachineType of [
    'n1-standard-4',
    'n2d-highmem-8',
    'c3-standard-4-lssd',
    'c4a-highcpu-16',
    't2a-standard-1',
    'm1-ultramem-40',
    'a2-highgpu-1g',
    'e2-medium',
    'f1-micro',
    'custom-4-8192',
    'n2-custom-4-81920-ext',
    'z3-highmem-14-standardlssd',
  ]) {
    assert.deepEqual(checkDataflow({ ...SOUND, workerMachineType }), [], workerMachineType);
  }
});

test('images by tag and by digest, of a registry with a port', () => {
  for (const image of [`gcr.io/a-project/m4@sha256:${'0'.repeat(64)}`, 'localhost:5000/m4:latest', 'docker.io/a/b:1']) {
    assert.deepEqual(checkDataflow({ ...SOUND, image }), [], image);
  }
});

const MISTAKES: readonly [change: Partial<RunnerConfig>, sentence: RegExp][] = [
  [{ project: '123456789012' }, /^runner\.project: expected the project's id, got its number, 123456789012\.$/],
  [{ project: 'My Project' }, /^runner\.project: expected a project's id .*, got "My Project"\.$/],
  [{ region: 'europe-west4-a', subnetwork: undefined }, /got the zone "europe-west4-a"\. Did you mean europe-west4\?$/],
  [{ region: 'EU', subnetwork: undefined }, /^runner\.region: expected a region such as europe-west1, got "EU"\.$/],
  [{ tempLocation: '/tmp/x' }, /^runner\.tempLocation: expected a folder of Cloud Storage, .*, got "\/tmp\/x"\.$/],
  [{ tempLocation: 'gs://A_Bucket!/x' }, /^runner\.tempLocation: expected the name of a bucket behind gs:\/\//],
  [
    { stagingLocation: 'gs://a-bucket' },
    /expected a folder behind the bucket, .* For example gs:\/\/a-bucket\/temp\.$/,
  ],
  [{ templateLocation: 's3://a-bucket/x' }, /^runner\.templateLocation: expected a folder of Cloud Storage/],
  [{ image: 'm4-balance' }, /^runner\.image: expected an image with its registry and a tag or digest/],
  [{ image: 'gcr.io/a-project/m4-balance' }, /^runner\.image: /],
  [{ serviceAccount: 'me@example.com' }, /^runner\.serviceAccount: expected the e-mail address of a service account/],
  [{ network: 'projects/p/global/networks/n' }, /^runner\.network: expected a network's name/],
  [{ subnetwork: 'a-subnet' }, /^runner\.subnetwork: expected regions\/REGION\/subnetworks\/NAME or its URL/],
  [
    { region: 'us-central1' },
    /^runner\.subnetwork: expected one of the region us-central1, got one of europe-west4\.$/,
  ],
  [
    { workerMachineType: '4 cores' },
    /^runner\.workerMachineType: expected a machine type such as n2-standard-4, got "4 cores"/,
  ],
  [{ workers: 3 }, /^runner\.workers: expected at most maxWorkers, 2, got 3\.$/],
  [{ labels: { Team: 'x' } }, /^runner\.labels: expected .* a letter first, got the name "Team"\.$/],
  [{ labels: { team: 'Data Team' } }, /^runner\.labels\.team: expected .*, got "Data Team"\.$/],
  [{ update: true }, /^runner\.update: expected false, got true\. Dataflow replaces streaming jobs only/],
];

for (const [change, sentence] of MISTAKES) {
  test(`a mistake: ${JSON.stringify(change)}`, () => {
    const issues = checkDataflow({ ...SOUND, ...change });
    assert.equal(issues.length, 1, issues.join('\n'));
    assert.match(issues[0], sentence);
  });
}

test('65 labels', () => {
  const labels = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`l${i}`, '']));
  assert.deepEqual(checkDataflow({ ...SOUND, labels }), ['runner.labels: expected at most 64, got 65.']);
});

test('local paths cannot be read or written by workers on Dataflow; a template is not run', () => {
  const cloud = { input: { files: 'gs://b-1/in/*.parquet' }, output: { directory: 'gs://b-1/out' }, runner: {} };
  assert.deepEqual(unrunnableOnDataflow(cloud), []);
  const issues = unrunnableOnDataflow({
    input: { files: ['gs://b-1/in/*.parquet', 'data/*.parquet'] },
    output: { directory: '/out' },
    runner: { templateLocation: 'gs://b-1/t.json' },
  });
  assert.equal(issues.length, 3);
  assert.match(
    issues[0],
    /^input\.files: expected a path of Cloud Storage .*, got "data\/\*\.parquet"\. Workers on Dataflow/,
  );
  assert.match(issues[1], /^output\.directory: /);
  assert.match(issues[2], /^runner\.templateLocation: expected nothing for a run/);
});
