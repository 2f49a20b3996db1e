/**
 * The job service that submits to Dataflow, the real one, translates every phase of the main job. It writes templates to a local
 * folder, with no credentials and every way out of this machine closed; nothing is submitted.
 */
import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DockerPayload, ParDoPayload, Pipeline, type PTransform } from 'apache-beam/proto/beam_runner_api';
import { describeJob } from '../../beam/graph.js';
import { impulse, type Root, stringCoder } from '../../beam/index.js';
import { openDataflow } from '../../beam/runners/dataflow.js';
import { type DataflowService, defaultVenv, pythonOf } from '../../beam/runners/dataflow-service.js';
import '../../pipelines/index.js';
import { type Phase, phaseGraph } from '../../pipelines/phase.js';
import { phasesOf } from '../../pipelines/phase-list.js';
import { prepareJob } from '../../pipelines/prepare.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { runnerSchema } from '../../schemas/runner.js';
import { demoBatch } from '../../scripts/demo-data.js';
import * as fns from '../beam/fns.js';
import { saveParquet } from '../end-to-end/inputs.js';
import { startClosedService } from './closed-dataflow.js';

const venv = defaultVenv();
const skip = existsSync(pythonOf(venv))
  ? false
  : `no Beam SDK in ${venv}: node scripts/runners/install-python.mjs installs it`;

const PAR_DO = 'beam:transform:pardo:v1';
const CAPABILITIES = ['beam:coder:interval_window:v1', 'beam:protocol:sibling_workers:v1'];
const IMAGE = 'europe-docker.pkg.dev/a-project/images/m4-balance:7';
const folder = mkdtempSync(join(tmpdir(), 'm4-balance-template-'));
let service: DataflowService | undefined;
/** A translation takes a second; the first one imports Google's clients. */
const JOB_MS = 120_000;

before(async () => {
  if (skip === false) service = await startClosedService(folder);
});
after(async () => {
  await service?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Parts of a Dataflow Job (https://cloud.google.com/dataflow/docs/reference/rest/v1b3/projects.jobs). */
interface Template {
  readonly name: string;
  readonly type: string;
  readonly labels: Record<string, string>;
  readonly environment: {
    readonly experiments: string[];
    readonly serviceAccountEmail: string;
    readonly version: Record<string, string>;
    readonly userAgent: Record<string, string>;
    readonly sdkPipelineOptions: { readonly options: Record<string, unknown> };
    readonly workerPools: Record<string, any>[];
  };
}

const BASE = {
  name: 'dataflow',
  project: 'a-project',
  region: 'europe-west4',
  image: IMAGE,
  serviceAccount: 'worker@a-project.iam.gserviceaccount.com',
  network: 'a-network',
  subnetwork: 'regions/europe-west4/subnetworks/a-subnet',
  workers: 2,
  maxWorkers: 20,
  workerMachineType: 'n2-standard-4',
  labels: { team: 'data', run: 'r1' },
};

async function translated(name: string, build: (root: Root) => void) {
  const here = join(folder, name);
  mkdirSync(here, { recursive: true });
  const templateLocation = join(here, 'template.json');
  const config = runnerSchema.parse({
    ...BASE,
    endpoint: service!.endpoint,
    tempLocation: here,
    templateLocation,
    options: { noAuth: true, usePublicIps: false, diskSizeGb: 50 },
  });
  const runner = await openDataflow(config);
  const result = await runner.run(build, {
    jobName: `M4 balance ${name}`,
    signal: AbortSignal.timeout(JOB_MS),
  });
  assert.equal(result.counters.size, 0, 'a template has no counters');
  return {
    pipeline: Pipeline.fromBinary(new Uint8Array(readFileSync(join(here, 'pipeline.pb')))),
    template: JSON.parse(readFileSync(templateLocation, 'utf8')) as Template,
  };
}

async function phases(fit: 'stream' | 'online', extra: Record<string, unknown> = {}): Promise<[string, Phase[]]> {
  const input = join(folder, 'pairs.parquet');
  if (!existsSync(input)) await saveParquet(input, demoBatch(1, 0, 1000));
  const config = parseConfig({
    input: { files: input },
    attributes: { female: { lexicon: 'gender', value: 'female' } },
    labels: [{ lexicon: 'occupations' }],
    balance: { fit, rate: 0.5, streams: 4 },
    output: { directory: join(folder, 'out') },
    ...extra,
  });
  const staging = join(folder, 'out.partial');
  return [staging, phasesOf(staging, await prepareJob(config))];
}

const urnOf = ({ spec }: PTransform) => spec?.urn ?? '';
const isPrimitive = ({ subtransforms }: PTransform) => subtransforms.length === 0;

interface Steps {
  readonly steps: readonly PTransform[];
  byName(name: string): PTransform;
  payload(name: string): ParDoPayload;
}

function stepsOf({ components }: Pipeline): Steps {
  const steps = Object.values(components!.transforms).filter(isPrimitive);
  const byName = (name: string) =>
    steps.find(({ uniqueName }) => uniqueName === name) ?? assert.fail(`no step ${name}`);
  return { steps, byName, payload: (name) => ParDoPayload.fromBinary(byName(name).spec!.payload) };
}

test('the job: image, machines, network, identity, labels, experiments, options', { skip }, async () => {
  const [staging, list] = await phases('stream');
  const { template } = await translated('job', phaseGraph(staging, list[0]));
  const { environment } = template;
  assert.equal(template.name, 'm4-balance-job');
  assert.equal(template.type, 'JOB_TYPE_BATCH');
  assert.deepEqual(template.labels, BASE.labels);
  assert.equal(environment.serviceAccountEmail, BASE.serviceAccount);
  assert.equal(environment.version.job_type, 'FNAPI_BATCH');
  assert.match(environment.userAgent.name, /Python/, 'Dataflow takes us for the SDK that submits');
  for (const experiment of [
    'beam_fn_api',
    'use_runner_v2',
    'use_unified_worker',
    'use_portable_job_submission',
    'use_multiple_sdk_containers',
  ]) {
    assert.ok(environment.experiments.includes(experiment), experiment);
  }

  assert.equal(environment.workerPools.length, 1);
  const [pool] = environment.workerPools;
  assert.equal(pool.numWorkers, BASE.workers);
  assert.equal(pool.autoscalingSettings.maxNumWorkers, BASE.maxWorkers);
  assert.equal(pool.machineType, BASE.workerMachineType);
  assert.equal(pool.diskSizeGb, 50);
  assert.equal(pool.network, BASE.network);
  assert.equal(pool.subnetwork, BASE.subnetwork);
  assert.equal(pool.ipConfiguration, 'WORKER_IP_PRIVATE');
  assert.equal(pool.workerHarnessContainerImage, IMAGE);
  assert.equal(pool.packages, undefined, 'a worker has nothing to install');
  assert.equal(pool.sdkHarnessContainerImages.length, 1);
  const [image] = pool.sdkHarnessContainerImages;
  assert.equal(image.containerImage, IMAGE);
  assert.equal(image.useSingleCorePerContainer, true, 'one process of ours a core');
  assert.deepEqual(image.capabilities.sort(), CAPABILITIES);

  const { options } = environment.sdkPipelineOptions;
  assert.deepEqual(options.registered_node_modules, ['m4-balance/pipelines/index'], 'what a worker imports');
  assert.equal(options.project, BASE.project);
  assert.equal(options.region, BASE.region);
  assert.equal(options.sdk_container_image, IMAGE);
  assert.match(String(options.pipelineUrl), /pipeline\.pb$/);
});

for (const fit of ['stream', 'online'] as const) {
  test(`each phase of the main job, fit ${fit}: steps, coders, environment`, { skip }, async () => {
    const [staging, list] = await phases(fit);
    const wanted = fit === 'online' ? ['online'] : ['counts', 'streams', 'calibration-1', 'written'];
    assert.deepEqual(
      list.map(({ name }) => name),
      wanted,
    );
    for (const phase of list) {
      const graph = phaseGraph(staging, phase);
      const { pipeline } = await translated(`${fit}-${phase.name}`, graph);
      const { steps, byName } = stepsOf(pipeline);
      const described = describeJob(graph, { environment: { docker: IMAGE } });
      assert.deepEqual(
        steps.map((step) => [step.uniqueName, urnOf(step)]).sort(),
        described.steps.map(({ name, urn }) => [name, urn]).sort(),
        'the dry run shows the steps that are submitted',
      );
      const environments = Object.entries(pipeline.components!.environments);
      assert.equal(environments.length, 1);
      const [[id, environment]] = environments;
      assert.equal(environment.urn, 'beam:env:docker:v1');
      assert.equal(DockerPayload.fromBinary(environment.payload).containerImage, IMAGE);
      assert.deepEqual(environment.dependencies, []);
      assert.deepEqual([...environment.capabilities].sort(), CAPABILITIES);
      for (const step of steps) {
        assert.equal(step.environmentId, urnOf(step) === PAR_DO ? id : '', `${step.uniqueName} runs where it should`);
      }
      for (const end of ['combine', 'save']) assert.equal(urnOf(byName(`${phase.name}: ${end}`)), PAR_DO);
      for (const grouping of ['by key', 'group'])
        assert.equal(urnOf(byName(`${phase.name}: ${grouping}`)), 'beam:transform:group_by_key:v1');
    }
  });
}

for (const [fit, phaseName, step, states] of [
  ['stream', 'streams', 'stream: M4', ['stream']],
  ['online', 'online', 'online: M4', ['stream']],
] as const) {
  test(`user state of the ${fit} fit reaches the pipeline that Dataflow is given`, { skip }, async () => {
    const [staging, list] = await phases(fit);
    const { pipeline } = await translated(
      `${fit}-state`,
      phaseGraph(staging, list.find(({ name }) => name === phaseName)!),
    );
    const { stateSpecs } = stepsOf(pipeline).payload(step);
    assert.deepEqual(Object.keys(stateSpecs).sort(), [...states].sort());
    for (const { protocol, spec } of Object.values(stateSpecs)) {
      assert.equal(protocol?.urn, 'beam:user_state:bag:v1');
      assert.ok(spec.oneofKind === 'bagSpec');
      assert.ok(pipeline.components!.coders[spec.bagSpec.elementCoderId] !== undefined);
    }
    assert.deepEqual(pipeline.requirements, ['beam:requirement:pardo:stateful:v1']);
  });
}

test('a side input, which no phase of today has', { skip }, async () => {
  const { pipeline } = await translated('side', (root) => {
    const side = impulse(root).parDo('side', fns.range({ n: 3 }), { coder: fns.numberCoder });
    impulse(root)
      .parDo('range', fns.range({ n: 3 }), { coder: fns.numberCoder })
      .parDo('with side', fns.join(null), { coder: stringCoder, sideInputs: { side } });
  });
  const { payload, byName } = stepsOf(pipeline);
  const { sideInputs } = payload('with side');
  const [[tag, { accessPattern, windowMappingFn }]] = Object.entries(sideInputs);
  assert.equal(accessPattern?.urn, 'beam:side_input:iterable:v1');
  assert.equal(windowMappingFn?.urn, 'beam:window_mapping_fn:global:v1');
  assert.equal(byName('with side').inputs[tag], Object.values(byName('side').outputs)[0]);
});
