import './sdk.js';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import {
  type InstructionRequest,
  InstructionResponse,
  type ProcessBundleDescriptor,
  type ProcessBundleRequest,
} from 'apache-beam/proto/beam_fn_api';
import { BeamFnControlClient } from 'apache-beam/proto/beam_fn_api.grpc-client';
import type { MonitoringInfo } from 'apache-beam/proto/metrics';
import { type BundleHost, BundleProcessor } from './bundle-processor.js';
import { type DataChannel, openDataChannel } from './data-channel.js';
import { stackOf } from './error-context.js';
import { channelCredentials, channelOptions, workerMetadata } from './grpc.js';
import { MetricIds } from './metric-ids.js';
import type { BundleMetrics } from './metrics.js';
import { type OperatorFactory, passThrough } from './operator.js';
import { parDoOperator } from './pardo-operator.js';
import { sinkOperator } from './sink-operator.js';
import { SourceOperator } from './source-operator.js';
import { openStateChannel, type StateChannel } from './state-channel.js';
import { onStreamEnd } from './stream-end.js';
import * as urns from './urns.js';

/** Failed bundles that are remembered, to throw away what the runner still sends for them. */
const MAX_FAILED = 1024;

const workerOperators: Readonly<Record<string, OperatorFactory>> = {
  [urns.SOURCE_URN]: (id, transform, context) => new SourceOperator(id, transform, context),
  [urns.PAR_DO_URN]: parDoOperator,
  [urns.FLATTEN_URN]: passThrough,
  [urns.SINK_URN]: sinkOperator,
};

export interface WorkerEndpoints {
  readonly controlUrl: string;
}

type Response = InstructionResponse['response'];

/** An SDK worker: serves a runner's bundles, any number at once, until the runner hangs up. */
export class Worker {
  /** Resolves when the runner has hung up; rejects if a stream broke. */
  private readonly over: Promise<void>;
  private settle!: (error?: Error) => void;
  private readonly client: BeamFnControlClient;
  private readonly control: ClientDuplexStream<InstructionResponse, InstructionRequest>;
  private readonly descriptors = new Map<string, Promise<ProcessBundleDescriptor>>();
  private readonly idle = new Map<string, BundleProcessor[]>();
  private readonly active = new Map<string, BundleProcessor>();
  private readonly failed = new Set<string>();
  private readonly dataChannels = new Map<string, DataChannel>();
  private readonly stateChannels = new Map<string, StateChannel>();
  private readonly metricIds = new MetricIds();

  /** Connects to the runner; a failure to do so shows in `wait`. */
  constructor(
    readonly id: string,
    { controlUrl }: WorkerEndpoints,
  ) {
    this.over = new Promise((resolve, reject) => {
      this.settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.over.catch(() => undefined);
    this.client = new BeamFnControlClient(controlUrl, channelCredentials, channelOptions, {});
    this.control = this.client.control(workerMetadata(id));
    this.control.on('data', (request: InstructionRequest) => void this.handle(request));
    onStreamEnd(this.control, (error) => void this.shutDown(error));
  }

  /** Resolves when the runner has hung up and everything is torn down. Rejects if a stream broke. */
  wait(): Promise<void> {
    return this.over;
  }

  /** Hangs up. Bundles in process fail. */
  stop(): void {
    void this.shutDown();
  }

  private shuttingDown = false;

  private async shutDown(error?: Error): Promise<void> {
    if (this.shuttingDown) return;
    if (error !== undefined) this.failBundles(error);
    this.shuttingDown = true;
    this.control.end();
    for (const channel of [...this.dataChannels.values(), ...this.stateChannels.values()]) channel.close();
    const processors = [...this.idle.values()].flat();
    await Promise.allSettled(processors.map((processor) => processor.teardown()));
    this.client.close();
    this.settle(error);
  }

  /** Tells the runner what broke the worker: else it sees workers that go, and starts others for the same elements. */
  private failBundles(error: Error): void {
    if (!this.control.writable) return;
    for (const id of this.active.keys()) this.respond(id, { oneofKind: undefined }, stackOf(error));
  }

  private async handle({ instructionId, request }: InstructionRequest): Promise<void> {
    try {
      switch (request.oneofKind) {
        case 'processBundle':
          return this.respond(instructionId, await this.processBundle(instructionId, request.processBundle));
        case 'processBundleProgress': {
          const processor = this.active.get(request.processBundleProgress.instructionId);
          const processBundleProgress =
            processor === undefined ? NO_METRICS : this.reportOf(processor.metrics, 'inProgress');
          return this.respond(instructionId, { oneofKind: 'processBundleProgress', processBundleProgress });
        }
        case 'processBundleSplit': {
          const split = this.active.get(request.processBundleSplit.instructionId)?.split(request.processBundleSplit);
          const channelSplits = split === undefined ? [] : [split];
          const processBundleSplit = { primaryRoots: [], residualRoots: [], channelSplits };
          return this.respond(instructionId, { oneofKind: 'processBundleSplit', processBundleSplit });
        }
        case 'monitoringInfos': {
          const known = request.monitoringInfos.monitoringInfoId.flatMap((id) => {
            const info = this.metricIds.asked(id);
            return info === undefined ? [] : [[id, info] as const];
          });
          const monitoringInfos = { monitoringInfo: Object.fromEntries(known) };
          return this.respond(instructionId, { oneofKind: 'monitoringInfos', monitoringInfos });
        }
        case 'harnessMonitoringInfos':
          return this.respond(instructionId, {
            oneofKind: 'harnessMonitoringInfos',
            harnessMonitoringInfos: { monitoringData: {} },
          });
        case 'finalizeBundle':
          // No bundle of ours asks for it.
          return this.respond(instructionId, { oneofKind: 'finalizeBundle', finalizeBundle: {} });
        default:
          throw new Error(`unknown instruction type: ${request.oneofKind}`);
      }
    } catch (error) {
      this.respond(instructionId, { oneofKind: undefined }, stackOf(error));
    }
  }

  private respond(instructionId: string, response: Response, error = ''): void {
    if (!this.shuttingDown) this.control.write(InstructionResponse.create({ instructionId, error, response }));
  }

  private async processBundle(instructionId: string, request: ProcessBundleRequest): Promise<Response> {
    const descriptorId = request.processBundleDescriptorId;
    let processor: BundleProcessor | undefined;
    try {
      processor =
        this.idle.get(descriptorId)?.pop() ?? new BundleProcessor(await this.descriptor(descriptorId), this.host);
      this.active.set(instructionId, processor);
      await processor.process(instructionId);
      const report = this.reportOf(processor.metrics, 'atEnd');
      this.release(descriptorId, processor);
      return {
        oneofKind: 'processBundle',
        processBundle: { ...report, residualRoots: [], requiresFinalization: false },
      };
    } catch (error) {
      this.remember(instructionId);
      for (const channel of this.dataChannels.values()) channel.discard(instructionId);
      // In the background: what is in flight may take long, and the runner should know now.
      processor?.teardown().catch(() => undefined);
      throw error;
    } finally {
      this.active.delete(instructionId);
    }
  }

  private release(descriptorId: string, processor: BundleProcessor): void {
    if (this.shuttingDown) {
      processor.teardown().catch(() => undefined);
      return;
    }
    const idle = this.idle.get(descriptorId);
    if (idle === undefined) this.idle.set(descriptorId, [processor]);
    else idle.push(processor);
  }

  private remember(instructionId: string): void {
    this.failed.add(instructionId);
    if (this.failed.size > MAX_FAILED) this.failed.delete(this.failed.values().next().value!);
  }

  private readonly host: BundleHost = {
    operators: workerOperators,
    roots: [urns.SOURCE_URN],
    dataChannel: (url) => this.dataChannel(url),
    state: (bundleId, descriptor) => {
      const url = descriptor.stateApiServiceDescriptor?.url;
      if (url === undefined) throw new Error('the runner offers no state service');
      return this.stateChannel(url).backend(bundleId);
    },
  };

  private readonly onChannelEnd = (error?: Error) => void this.shutDown(error);

  private dataChannel(url: string): DataChannel {
    const known = this.dataChannels.get(url);
    if (known !== undefined) return known;
    const channel = openDataChannel(url, { workerId: this.id, failed: this.failed, onEnd: this.onChannelEnd });
    this.dataChannels.set(url, channel);
    return channel;
  }

  private stateChannel(url: string): StateChannel {
    const known = this.stateChannels.get(url);
    if (known !== undefined) return known;
    const channel = openStateChannel(url, { workerId: this.id, onEnd: this.onChannelEnd });
    this.stateChannels.set(url, channel);
    return channel;
  }

  private descriptor(id: string): Promise<ProcessBundleDescriptor> {
    const known = this.descriptors.get(id);
    if (known !== undefined) return known;
    const fetched = new Promise<ProcessBundleDescriptor>((resolve, reject) => {
      const request = { processBundleDescriptorId: id };
      this.client.getProcessBundleDescriptor(request, workerMetadata(this.id), (error, descriptor) =>
        descriptor === undefined ? reject(error) : resolve(withoutWindowedCoders(descriptor)),
      );
    });
    this.descriptors.set(id, fetched);
    fetched.catch(() => this.descriptors.delete(id));
    return fetched;
  }

  private reportOf(metrics: BundleMetrics, when: 'inProgress' | 'atEnd') {
    const monitoringInfos: MonitoringInfo[] = [];
    const monitoringData: Record<string, Uint8Array> = {};
    for (const { key, info } of metrics.report()) {
      monitoringInfos.push(info);
      monitoringData[this.metricIds[when](key, info)] = info.payload;
    }
    return { monitoringInfos, monitoringData };
  }
}

const NO_METRICS = { monitoringInfos: [], monitoringData: {} };

/** Dataflow gives a PCollection the coder of its windowed values, not of its elements. */
function withoutWindowedCoders(descriptor: ProcessBundleDescriptor): ProcessBundleDescriptor {
  for (const pcollection of Object.values(descriptor.pcollections)) {
    const { spec, componentCoderIds } = descriptor.coders[pcollection.coderId];
    if (spec?.urn === 'beam:coder:windowed_value:v1' || spec?.urn === 'beam:coder:param_windowed_value:v1') {
      [pcollection.coderId] = componentCoderIds;
    }
  }
  return descriptor;
}
