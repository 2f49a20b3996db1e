/** What Dataflow would refuse minutes after submission, found in the configuration without asking it. */
import { shown } from './explain-config.js';
import type { RunnerConfig } from './runner.js';

/** https://cloud.google.com/resource-manager/docs/creating-managing-projects; a domain may stand before. */
const PROJECT = /^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/;
const REGION = /^[a-z]+-[a-z]+\d+$/;
const ZONE = /^([a-z]+-[a-z]+\d+)-[a-z]$/;
/** https://cloud.google.com/storage/docs/buckets#naming */
const BUCKET = /^[a-z0-9][-_.a-z0-9]{1,220}[a-z0-9]$/;
/** https://cloud.google.com/compute/docs/naming-resources */
const RESOURCE = '[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?';
const NETWORK = new RegExp(`^${RESOURCE}$`);
const SUBNETWORK = new RegExp(
  `^(?:https://www\\.googleapis\\.com/compute/v1/)?(?:projects/[^/]+/)?regions/([^/]+)/subnetworks/${RESOURCE}$`,
);
const SERVICE_ACCOUNT = /^[a-z0-9-]+@[a-z0-9.-]+\.gserviceaccount\.com$/;
/** Families and sizes (n2-standard-4, a2-highgpu-1g, c3-standard-4-lssd), custom ones (n2-custom-4-8192-ext), shared cores (e2-small). */
const MACHINE =
  /^(?:(?:[a-z]\d+[a-z]?-)?custom-\d+-\d+(?:-ext)?|[a-z]\d+[a-z]?-(?:micro|small|medium|[a-z]+-\d+g?(?:-[a-z]+)?))$/;
/** https://cloud.google.com/dataflow/docs/reference/rest/v1b3/projects.jobs, field labels. */
const LABEL_KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;
const MAXIMUM_LABELS = 64;
/** host/path, then a tag or a digest: an image without either changes under a job that runs. */
const IMAGE = /^[a-z0-9.-]+(?::\d+)?\/[a-z0-9._/-]+(?::[\w.-]+|@sha256:[0-9a-f]{64})$/;

/** Why a location is no folder or file of Cloud Storage; undefined where it is one. */
function bucketIssue(location: string): string | undefined {
  const match = /^gs:\/\/([^/]*)(\/.*)?$/s.exec(location);
  if (match === null) return `expected a folder of Cloud Storage, gs://bucket/folder, got ${shown(location)}`;
  const [, bucket, object] = match;
  if (!BUCKET.test(bucket)) return `expected the name of a bucket behind gs://, got ${shown(bucket)}`;
  if (object === undefined)
    return `expected a folder behind the bucket, got ${shown(location)}. For example ${location}/temp`;
  return undefined;
}

function checkRegion(region: string): string[] {
  if (REGION.test(region)) return [];
  const zone = ZONE.exec(region);
  if (zone !== null)
    return [`runner.region: expected a region, got the zone ${shown(region)}. Did you mean ${zone[1]}?`];
  return [`runner.region: expected a region such as europe-west1, got ${shown(region)}.`];
}

function checkSubnetwork(subnetwork: string, region: string | undefined): string[] {
  const match = SUBNETWORK.exec(subnetwork);
  if (match === null) {
    return [`runner.subnetwork: expected regions/REGION/subnetworks/NAME or its URL, got ${shown(subnetwork)}.`];
  }
  if (region === undefined || match[1] === region) return [];
  return [`runner.subnetwork: expected one of the region ${region}, got one of ${match[1]}.`];
}

function checkLabels(labels: Readonly<Record<string, string>>): string[] {
  const entries = Object.entries(labels);
  const issues = entries.flatMap(([key, value]) => [
    ...(LABEL_KEY.test(key)
      ? []
      : [
          `runner.labels: expected at most 63 small letters, digits, _ and -, a letter first, got the name ${shown(key)}.`,
        ]),
    ...(LABEL_VALUE.test(value)
      ? []
      : [`runner.labels.${key}: expected at most 63 small letters, digits, _ and -, got ${shown(value)}.`]),
  ]);
  if (entries.length > MAXIMUM_LABELS)
    issues.push(`runner.labels: expected at most ${MAXIMUM_LABELS}, got ${entries.length}.`);
  return issues;
}

/** One sentence for each mistake in the form of a value, or between two; empty where there is none. */
export function checkDataflow(runner: RunnerConfig): string[] {
  const issues: string[] = [];
  const expect = (key: keyof RunnerConfig, pattern: RegExp, expected: string) => {
    const value = runner[key];
    if (typeof value === 'string' && !pattern.test(value)) {
      issues.push(`runner.${key}: expected ${expected}, got ${shown(value)}.`);
    }
  };
  if (runner.project !== undefined && /^\d+$/.test(runner.project)) {
    issues.push(`runner.project: expected the project's id, got its number, ${runner.project}.`);
  } else expect('project', PROJECT, "a project's id of 6 to 30 small letters, digits and hyphens");
  if (runner.region !== undefined) issues.push(...checkRegion(runner.region));
  for (const key of ['tempLocation', 'stagingLocation', 'templateLocation'] as const) {
    const location = runner[key];
    const issue = location === undefined ? undefined : bucketIssue(location);
    if (issue !== undefined) issues.push(`runner.${key}: ${issue}.`);
  }
  expect(
    'image',
    IMAGE,
    'an image with its registry and a tag or digest, such as REGION-docker.pkg.dev/PROJECT/REPOSITORY/m4-balance:1',
  );
  expect(
    'serviceAccount',
    SERVICE_ACCOUNT,
    'the e-mail address of a service account, NAME@PROJECT.iam.gserviceaccount.com',
  );
  expect('network', NETWORK, "a network's name of small letters, digits and hyphens");
  if (runner.subnetwork !== undefined) issues.push(...checkSubnetwork(runner.subnetwork, runner.region));
  expect('workerMachineType', MACHINE, 'a machine type such as n2-standard-4');
  const { workers, maxWorkers } = runner;
  if (workers !== undefined && maxWorkers !== undefined && workers > maxWorkers) {
    issues.push(`runner.workers: expected at most maxWorkers, ${maxWorkers}, got ${workers}.`);
  }
  issues.push(...checkLabels(runner.labels));
  if (runner.update) {
    issues.push(
      'runner.update: expected false, got true. Dataflow replaces streaming jobs only, and a run is a row of batch jobs; the same command again goes on with a run that was stopped.',
    );
  }
  return issues;
}

/** What keeps a sound configuration from being run on Dataflow, though its jobs can be shown: one sentence for each. */
export function unrunnableOnDataflow({
  input,
  output,
  runner,
}: {
  readonly input: { readonly files?: string | readonly string[] | undefined };
  readonly output: { readonly directory: string };
  readonly runner: Pick<RunnerConfig, 'templateLocation'>;
}): string[] {
  const local = (key: string, path: string) =>
    bucketIssue(path) === undefined
      ? []
      : [
          `${key}: expected a path of Cloud Storage (gs://bucket/folder), got ${shown(path)}. Workers on Dataflow have no access to this machine's files.`,
        ];
  const template =
    runner.templateLocation === undefined
      ? []
      : [
          'runner.templateLocation: expected nothing for a run, got a location. A run is a row of jobs, each of which needs what the one before found out, and a template is written instead of run.',
        ];
  return [
    ...[input.files ?? []].flat().flatMap((file) => local('input.files', file)),
    ...local('output.directory', output.directory),
    ...template,
  ];
}
