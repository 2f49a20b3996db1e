/** The SDK's worker against the mini runner, case by case. */
import '../../../beam/node-util.js';
import 'apache-beam';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChannelCredentials } from '@grpc/grpc-js';
import { GrpcTransport } from '@protobuf-ts/grpc-transport';
import * as beam from 'apache-beam';
import { GeneralObjectCoder } from 'apache-beam/coders/js_coders';
import { BytesCoder } from 'apache-beam/coders/required_coders';
import { StrUtf8Coder } from 'apache-beam/coders/standard_coders';
import { Pipeline } from 'apache-beam/internal/pipeline';
import { ArtifactStagingServiceClient } from 'apache-beam/proto/beam_artifact_api.client';
import { JobState_Enum } from 'apache-beam/proto/beam_job_api';
import { offerArtifacts } from 'apache-beam/runners/artifacts';
import { requireForSerialization } from 'apache-beam/serialization';
import { withName } from 'apache-beam/transforms';
import { impulse, withCoderInternal } from 'apache-beam/transforms/internal';
import { counter, distribution } from 'apache-beam/transforms/pardo';
import { ExternalWorkerPool } from 'apache-beam/worker/external_worker_service';
import { registerOperatorConstructor } from 'apache-beam/worker/operators';
import { Worker } from 'apache-beam/worker/worker';
import { startJobService } from '../job-service.js';
import { MiniRunner, type Stage } from '../mini-runner.js';
import { poolClient } from '../pool-client.js';
import { muteConsole, orHangs, report } from './child.js';

const printed = muteConsole();
const uncaught: string[] = [];
process.on('uncaughtException', (error) => uncaught.push(String(error)));
process.on('unhandledRejection', () => undefined);

const fns = {
  busy(x: number) {
    const end = performance.now() + 1;
    while (performance.now() < end);
    return x;
  },
  count(x: any, ctx: any) {
    ctx.count.increment();
    ctx.length.update(x);
    return x;
  },
  sizeOf: (bytes: Uint8Array) => bytes.length,
  boom() {
    throw new Error('boom');
  },
  left: (text: string) => `${text}L`,
  right: (text: string) => `${text}R`,
};
requireForSerialization('m4-balance/test/stock-worker', fns);

let live = 0;
let maxLive = 0;
registerOperatorConstructor('test:slow', (transformId, transform, context) => {
  const receiver = context.getReceiver(Object.values(transform.outputs)[0]);
  return {
    transformId,
    startBundle: async () => undefined,
    finishBundle: async () => undefined,
    async process(element) {
      maxLive = Math.max(maxLive, ++live);
      await sleep(20);
      live--;
      await receiver.receive(element);
    },
  };
});
const slow = withName('slow', ((input: any, pipeline: any, proto: any) => {
  proto.spec = { urn: 'test:slow', payload: new Uint8Array() };
  return pipeline.createPCollectionInternal(pipeline.context.getPCollectionCoderId(input));
}) as any) as any;

async function startWorker() {
  const runner = await new MiniRunner().start();
  const worker = new Worker('w1', { controlUrl: runner.url });
  await runner.connected.promise;
  return { runner, worker };
}

function stageOf(runner: MiniRunner, id: string, coder: any, build: (input: any) => any): Stage {
  const pipeline = new Pipeline();
  const input = new beam.Root(pipeline).apply(impulse()).apply(withName('in', withCoderInternal(coder)) as any);
  const output = build(input);
  return runner.addStage(id, pipeline.getProto(), input.getId(), output.getId());
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Waits for what is about to happen, and gives up after 10 s. */
async function until(condition: () => boolean) {
  for (let i = 0; i < 500 && !condition(); i++) await sleep(20);
}
const anything = new GeneralObjectCoder();
const results: Record<string, unknown> = {};
const { runner, worker } = await startWorker();

// What happens depends on when messages arrive, so there is more than one try for the next two.
for (let i = 0; i < 5 && maxLive < 2; i++) {
  const stage = stageOf(runner, `slow ${i}`, anything, (input) => input.apply(slow));
  const chunks = upTo(10).map((x) => [x]);
  const { error, outputs } = await runner.runBundle(stage, chunks, { graceMs: 300, leadMs: 100 });
  results.slow = { error, outputs: outputs.length, inFlight: maxLive };
}
for (let i = 0, outputs = 400; i < 5 && outputs === 400; i++) {
  const stage = stageOf(runner, `loss ${i}`, anything, (input) => input.map(fns.busy));
  const result = await runner.runBundle(stage, [upTo(400)], { graceMs: 600, leadMs: 100 });
  outputs = result.outputs.length;
  results.dataLoss = { error: result.error, outputs };
}

const counting = stageOf(runner, 'count', anything, (input) =>
  input.map(withName('count', fns.count), { count: counter('count'), length: distribution('length') }),
);
const reports: any[] = [];
for (let i = 0; i < 3; i++) reports.push((await runner.runBundle(counting, [[1, 2, 3]])).response!.monitoringInfos);
const named = (infos: any[], name: string) => infos.find(({ labels }) => labels.NAME === name);
results.counters = reports.map((infos) => [...named(infos, 'count').payload]);
results.labels = named(reports[0], 'count').labels;
results.distribution = [...named(reports[0], 'length').payload];

const failing = stageOf(runner, 'boom', anything, (input) => input.map(fns.boom));
results.error = (await runner.runBundle(failing, [[1]])).error;

const fan = stageOf(runner, 'fan out', new StrUtf8Coder(), (input) => {
  const branches = [input.map(fns.left), input.map(fns.right)];
  return (beam as any)
    .P(branches)
    .apply(beam.flatten())
    .apply(withName('out', withCoderInternal(new StrUtf8Coder())));
});
// Each fills a message; together they are less than the 4 MiB that the worker can receive.
const big = upTo(3).map((i) => `${i}${'-'.repeat(1_100_000)}`);
const fanned = await runner.runBundle(fan, [big], { lastWithData: true });
results.fanOut = fanned.outputs.map((text: string) => text[0] + text.at(-1)).sort();

results.leakedBundles = ([...worker.dataChannels.values()][0] as any).consumers.size;
results.instructions = {
  monitoringInfos: (await runner.request({ oneofKind: 'monitoringInfos', monitoringInfos: { monitoringInfoId: [] } }))
    .error,
  progress: (
    await runner.request({ oneofKind: 'processBundleProgress', processBundleProgress: { instructionId: '?' } })
  ).error,
};
results.descriptorCallers = [...new Set(runner.descriptorCallers)];
results.printed = printed.log;

const sizes = stageOf(runner, 'size', new BytesCoder(), (input) => input.map(fns.sizeOf));
const small = await runner.runBundle(sizes, [[new Uint8Array(3 << 20)]]);
const large = await orHangs(runner.runBundle(sizes, [[new Uint8Array(5 << 20)]]));
const next = await orHangs(runner.runBundle(sizes, [[new Uint8Array(3)]]));
const outputsOf = (result: any) => (result === 'hangs' ? result : result.outputs);
results.messageSizes = { small: small.outputs, large: outputsOf(large), next: outputsOf(next) };

const hungUp = await startWorker();
hungUp.runner.control.end();
results.afterHangUp = await orHangs(
  hungUp.worker.wait().then(() => 'ends'),
  500,
);

const cancelled = await startWorker();
const echo = stageOf(cancelled.runner, 'echo', anything, (input) => input.map(fns.left));
await cancelled.runner.runBundle(echo, [['a']]);
const errorsBefore = printed.error;
cancelled.runner.data.emit('error', { code: 1, details: 'Multiplexer hanging up' });
await until(() => printed.error > errorsBefore);
results.errorsOnCancelled = printed.error - errorsBefore;

const broken = await startWorker();
broken.runner.stop();
await until(() => uncaught.length > 0);
results.uncaught = uncaught.length;

const service = await startJobService({ states: [JobState_Enum.DONE], staging: true });
const transport = new GrpcTransport({ host: service.url, channelCredentials: ChannelCredentials.createInsecure() });
const offered = offerArtifacts(new ArtifactStagingServiceClient(transport), 'token', '/');
results.staging = await orHangs(
  offered.then(() => 'ends'),
  1000,
);

const pool = new ExternalWorkerPool();
await pool.start();
const [a, b] = [await new MiniRunner().start(), await new MiniRunner().start()];
const client = poolClient(pool.address);
for (const { url, connected } of [a, b]) {
  await client.start({ workerId: '1-1', controlEndpoint: { url } as any });
  await connected.promise;
}
const otherEnded = new Promise<string>((resolve) => b.control.on('end', () => resolve('ended')));
await client.stop('1-1');
results.otherWorker = await orHangs(otherEnded, 10_000);

report(results);
