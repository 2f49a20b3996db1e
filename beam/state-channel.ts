import './sdk.js';
import { type StateKey, StateRequest, type StateResponse } from 'apache-beam/proto/beam_fn_api';
import { BeamFnStateClient } from 'apache-beam/proto/beam_fn_api.grpc-client';
import { channelCredentials, channelOptions, workerMetadata } from './grpc.js';
import type { StateBackend } from './state-backend.js';
import { endedError, onStreamEnd } from './stream-end.js';

/** The state plane of one endpoint: one stream for all bundles. */
export interface StateChannel {
  /** State as one bundle may see and change it. */
  backend(instructionId: string): StateBackend;
  /** Hangs up. Requests under way fail. */
  close(): void;
}

export interface StateChannelOptions {
  readonly workerId: string;
  /** Called once, when the runner hangs up (no error) or the stream breaks. */
  readonly onEnd: (error?: Error) => void;
}

type Request = StateRequest['request'];

/** Opens the stream. The runner answers in any order; each request fails on its own, and all of them if the stream ends. */
export function openStateChannel(endpoint: string, { workerId, onEnd }: StateChannelOptions): StateChannel {
  const client = new BeamFnStateClient(endpoint, channelCredentials, channelOptions, {});
  const stream = client.state(workerMetadata(workerId));
  const pending = new Map<string, { resolve(response: StateResponse): void; reject(error: Error): void }>();
  let requests = 0;
  let ended: Error | undefined;

  stream.on('data', (response: StateResponse) => {
    pending.get(response.id)?.resolve(response);
    pending.delete(response.id);
  });
  const failAll = (error: Error) => {
    ended ??= error;
    for (const { reject } of pending.values()) reject(ended);
    pending.clear();
  };
  onStreamEnd(stream, (error) => {
    failAll(endedError('state stream', error));
    onEnd(error);
  });

  const send = async (instructionId: string, stateKey: StateKey, request: Request) => {
    if (ended !== undefined) throw ended;
    const id = `state${requests++}`;
    const answer = new Promise<StateResponse>((resolve, reject) => pending.set(id, { resolve, reject }));
    stream.write(StateRequest.create({ id, instructionId, stateKey, request }));
    const { error, response } = await answer;
    if (error !== '') throw new Error(`state ${request.oneofKind} failed: ${error}`);
    return response;
  };

  const getAll = async (instructionId: string, key: StateKey): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = [];
    let continuationToken = new Uint8Array();
    do {
      const response = await send(instructionId, key, { oneofKind: 'get', get: { continuationToken } });
      if (response.oneofKind !== 'get') throw new Error(`state get was answered by ${response.oneofKind}`);
      chunks.push(response.get.data);
      continuationToken = new Uint8Array(response.get.continuationToken);
    } while (continuationToken.length > 0);
    return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  };

  return {
    backend: (instructionId) => ({
      get: (key) => getAll(instructionId, key),
      async append(key, data) {
        await send(instructionId, key, { oneofKind: 'append', append: { data } });
      },
      async clear(key) {
        await send(instructionId, key, { oneofKind: 'clear', clear: {} });
      },
    }),
    close() {
      failAll(new Error('the worker hung up the state stream'));
      stream.end();
      client.close();
    },
  };
}
