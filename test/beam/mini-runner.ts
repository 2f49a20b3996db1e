/**
 * A runner of single-stage bundles over real gRPC: control, data, state, logging and provision services on one port. Enough to
 * drive any SDK worker, ours or the stock one, and to misbehave as real runners do.
 */
import '../../beam/node-util.js';
import 'apache-beam';
import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { type Coder, Context } from 'apache-beam/coders/coders';
import { PipelineContext } from 'apache-beam/internal/pipeline';
import * as fnApi from 'apache-beam/proto/beam_fn_api';
import {
  beamFnControlDefinition,
  beamFnDataDefinition,
  beamFnLoggingDefinition,
  beamFnStateDefinition,
} from 'apache-beam/proto/beam_fn_api.grpc-server';
import { GetProvisionInfoResponse, ProvisionInfo } from 'apache-beam/proto/beam_provision_api';
import { provisionServiceDefinition } from 'apache-beam/proto/beam_provision_api.grpc-server';
import * as runnerApi from 'apache-beam/proto/beam_runner_api';
import { ApiServiceDescriptor } from 'apache-beam/proto/endpoints';
import protobufjs from 'protobufjs';
import { inGlobalWindow } from '../../beam/global-window.js';
import { FakeStateService } from './fake-state-service.js';
import { sleep } from './fns.js';

export interface Stage {
  readonly id: string;
  readonly wireIn: Coder<any>;
  readonly wireOut: Coder<any>;
}

export interface BundleOptions {
  /** Pause after each message but the last. */
  readonly gapMs?: number;
  /** Mark the end in the last message, not in an empty one. */
  readonly lastWithData?: boolean;
  /** Send the messages only when the worker has had this long to start the bundle. */
  readonly leadMs?: number;
  /** How long to wait for outputs after a successful response that they should have preceded. */
  readonly graceMs?: number;
  readonly instructionId?: string;
  /** Do not send the end: the test does. */
  readonly open?: boolean;
}

export interface BundleResult {
  readonly error: string;
  readonly response: fnApi.ProcessBundleResponse | undefined;
  readonly outputs: any[];
}

type Request = fnApi.InstructionRequest['request'];
type Stream<I, O> = ServerDuplexStream<I, O>;

/** A promise with its resolver. */
export function deferred<T = void>() {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((r) => {
    resolve = r;
  });
  return { promise, resolve };
}

export class MiniRunner {
  readonly server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
  url = '';
  control!: Stream<fnApi.InstructionResponse, fnApi.InstructionRequest>;
  data!: Stream<fnApi.Elements, fnApi.Elements>;
  readonly connected = deferred();
  readonly dataConnected = deferred();
  readonly state = new FakeStateService();
  readonly descriptors = new Map<string, fnApi.ProcessBundleDescriptor>();
  readonly logs: string[] = [];
  /** Worker ids of the control streams, and of the calls for descriptors. */
  readonly workerIds: string[] = [];
  readonly descriptorCallers: string[] = [];
  provisionInfo: Partial<ProvisionInfo> = {};
  /** Called for each worker that connects. */
  onWorker: () => void = () => undefined;
  /** Outputs that came after the end of their bundle. */
  lateMessages = 0;
  private readonly waiting = new Map<string, (response: fnApi.InstructionResponse) => void>();
  private readonly sinks = new Map<string, { readonly chunks: Uint8Array[]; readonly done: () => void }>();
  private count = 0;

  async start(): Promise<this> {
    this.addServices();
    const port = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync('localhost:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    this.url = `localhost:${port}`;
    const here = ApiServiceDescriptor.create({ url: this.url });
    this.provisionInfo = { controlEndpoint: here, loggingEndpoint: here };
    return this;
  }

  /** Breaks all connections. */
  stop(): void {
    this.server.forceShutdown();
  }

  private addServices(): void {
    const idOf = (metadata: Metadata) => String(metadata.get('worker_id')[0]);
    const endWithPeer = (stream: Stream<any, any>) => {
      stream.on('error', () => undefined);
      stream.on('end', () => stream.end());
    };
    this.server.addService(beamFnControlDefinition, {
      control: (stream: typeof this.control) => {
        this.control = stream;
        this.workerIds.push(idOf(stream.metadata));
        stream.on('data', (response: fnApi.InstructionResponse) => {
          this.waiting.get(response.instructionId)?.(response);
          this.waiting.delete(response.instructionId);
        });
        endWithPeer(stream);
        this.connected.resolve();
        this.onWorker();
      },
      getProcessBundleDescriptor: (
        call: ServerUnaryCall<fnApi.GetProcessBundleDescriptorRequest, fnApi.ProcessBundleDescriptor>,
        callback: sendUnaryData<fnApi.ProcessBundleDescriptor>,
      ) => {
        this.descriptorCallers.push(idOf(call.metadata));
        callback(null, this.descriptors.get(call.request.processBundleDescriptorId)!);
      },
    });
    this.server.addService(beamFnDataDefinition, {
      data: (stream: typeof this.data) => {
        this.data = stream;
        stream.on('data', (elements: fnApi.Elements) => this.receive(elements));
        endWithPeer(stream);
        this.dataConnected.resolve();
      },
    });
    this.server.addService(beamFnStateDefinition, {
      state: (stream: Stream<fnApi.StateRequest, fnApi.StateResponse>) => {
        this.state.serve(stream);
        endWithPeer(stream);
      },
    });
    this.server.addService(beamFnLoggingDefinition, {
      logging: (stream: Stream<fnApi.LogEntry_List, fnApi.LogControl>) => {
        stream.on('data', ({ logEntries }: fnApi.LogEntry_List) => {
          this.logs.push(...logEntries.map(({ message }) => message));
        });
        endWithPeer(stream);
      },
    });
    this.server.addService(provisionServiceDefinition, {
      getProvisionInfo: (_call: unknown, callback: sendUnaryData<GetProvisionInfoResponse>) =>
        callback(null, GetProvisionInfoResponse.create({ info: ProvisionInfo.create(this.provisionInfo) })),
    });
  }

  private receive({ data }: fnApi.Elements): void {
    for (const { instructionId, transformId, data: bytes, isLast } of data) {
      const sink = this.sinks.get(`${instructionId}/${transformId}`);
      if (sink === undefined) {
        if (bytes.length > 0) this.lateMessages++;
        continue;
      }
      if (bytes.length > 0) sink.chunks.push(bytes);
      if (isLast) sink.done();
    }
  }

  /**
   * Makes a stage of a pipeline: the transforms between two PCollections, fed by a source and drained by a sink. With
   * `lengthPrefixKeys` the input's coders are rewritten as runners rewrite coders that they do not know.
   */
  addStage(
    id: string,
    pipeline: runnerApi.Pipeline,
    input: string,
    output: string,
    { lengthPrefixKeys = false } = {},
  ): Stage {
    const components = runnerApi.Components.clone(pipeline.components!);
    const { coders, pcollections, windowingStrategies } = components;
    const transforms: Record<string, runnerApi.PTransform> = {};
    for (const [transformId, transform] of Object.entries(components.transforms)) {
      const isPrimitive = transform.subtransforms.length === 0 && transform.spec?.urn !== 'beam:transform:impulse:v1';
      if (isPrimitive && !Object.values(transform.outputs).includes(input)) transforms[transformId] = transform;
    }
    const addCoder = (coderId: string, urn: string, componentCoderIds: string[]): string => {
      coders[coderId] = { spec: { urn, payload: new Uint8Array() }, componentCoderIds };
      return coderId;
    };
    if (lengthPrefixKeys) {
      const { spec, componentCoderIds } = coders[pcollections[input].coderId];
      const prefixed = componentCoderIds.map((c) => addCoder(`prefixed ${c}`, 'beam:coder:length_prefix:v1', [c]));
      pcollections[input].coderId = addCoder('prefixed', spec!.urn, prefixed);
    }
    const wireCoder = (pcollection: string): string => {
      const { coderId, windowingStrategyId } = pcollections[pcollection];
      const { windowCoderId } = windowingStrategies[windowingStrategyId];
      return addCoder(`wire ${pcollection}`, 'beam:coder:windowed_value:v1', [coderId, windowCoderId]);
    };
    const apiServiceDescriptor = ApiServiceDescriptor.create({ url: this.url });
    const port = (pcollection: string) =>
      fnApi.RemoteGrpcPort.toBinary({ apiServiceDescriptor, coderId: wireCoder(pcollection) });
    transforms.source = runnerApi.PTransform.create({
      uniqueName: 'source',
      spec: { urn: 'beam:runner:source:v1', payload: port(input) },
      outputs: { out: input },
    });
    transforms.sink = runnerApi.PTransform.create({
      uniqueName: 'sink',
      spec: { urn: 'beam:runner:sink:v1', payload: port(output) },
      inputs: { in: output },
    });
    const descriptor = fnApi.ProcessBundleDescriptor.create({
      ...components,
      id,
      transforms,
      stateApiServiceDescriptor: apiServiceDescriptor,
    });
    this.descriptors.set(id, descriptor);
    const context = new PipelineContext(descriptor, '');
    return { id, wireIn: context.getCoder(`wire ${input}`), wireOut: context.getCoder(`wire ${output}`) };
  }

  /** Sends an instruction. */
  request(request: Request, instructionId = `instruction${this.count++}`): Promise<fnApi.InstructionResponse> {
    const { promise, resolve } = deferred<fnApi.InstructionResponse>();
    this.waiting.set(instructionId, resolve);
    this.control.write(fnApi.InstructionRequest.create({ instructionId, request }));
    return promise;
  }

  /** Sends one data message. */
  sendData(instructionId: string, data: Uint8Array, isLast: boolean): Promise<void> {
    const { promise, resolve } = deferred();
    const elements = fnApi.Elements.create({ data: [{ instructionId, transformId: 'source', data, isLast }] });
    this.data.write(elements, () => resolve());
    return promise;
  }

  /** Runs a bundle: each chunk of values is one data message. */
  async runBundle(stage: Stage, chunks: readonly any[][], options: BundleOptions = {}): Promise<BundleResult> {
    const { gapMs = 0, leadMs = 0, graceMs = 0, lastWithData = false } = options;
    const instructionId = options.instructionId ?? `bundle${this.count++}`;
    const chunksOut: Uint8Array[] = [];
    const drained = deferred();
    const sinkKey = `${instructionId}/sink`;
    this.sinks.set(sinkKey, { chunks: chunksOut, done: drained.resolve });
    const processBundle = fnApi.ProcessBundleRequest.create({ processBundleDescriptorId: stage.id });
    const answered = this.request({ oneofKind: 'processBundle', processBundle }, instructionId);
    await this.dataConnected.promise;
    if (leadMs > 0) await sleep(leadMs);
    for (const [i, chunk] of chunks.entries()) {
      void this.sendData(instructionId, encodeElements(stage.wireIn, chunk), lastWithData && i === chunks.length - 1);
      if (gapMs > 0) await sleep(gapMs);
    }
    if (!lastWithData && !options.open) void this.sendData(instructionId, new Uint8Array(), true);
    const { error, response } = await answered;
    if (error === '') await drained.promise;
    if (graceMs > 0) await sleep(graceMs);
    this.sinks.delete(sinkKey);
    return {
      error,
      response: response.oneofKind === 'processBundle' ? response.processBundle : undefined,
      outputs: chunksOut.flatMap((chunk) => decodeElements(stage.wireOut, chunk)),
    };
  }
}

export function encodeElements(coder: Coder<any>, values: readonly any[]): Uint8Array {
  const writer = new protobufjs.Writer();
  for (const value of values) coder.encode(inGlobalWindow(value), writer, Context.needsDelimiters);
  return writer.finish();
}

function decodeElements(coder: Coder<any>, bytes: Uint8Array): any[] {
  const reader = new protobufjs.Reader(new Uint8Array(bytes));
  const values: any[] = [];
  while (reader.pos < reader.len) values.push(coder.decode(reader, Context.needsDelimiters).value);
  return values;
}
