import '../../beam/node-util.js';
import 'apache-beam';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import * as fnApi from 'apache-beam/proto/beam_fn_api';
import { sleep } from './fns.js';

type Stream = ServerDuplexStream<fnApi.StateRequest, fnApi.StateResponse>;

/** A state service in memory that can be slow, answer in pieces, and fail. */
export class FakeStateService {
  readonly stored = new Map<string, Uint8Array>();
  /** Requests as "get weights key=...", keys in hexadecimal. */
  readonly log: string[] = [];
  delayMs = 0;
  /** Largest answer to one get, 0 for no limit. */
  chunkBytes = 0;
  /** The kind of request that fails. */
  failing: string | undefined;

  reset(): void {
    this.stored.clear();
    this.log.length = 0;
    this.delayMs = 0;
    this.chunkBytes = 0;
    this.failing = undefined;
  }

  /** Stores what a stage will read as a side input or state. */
  put(key: fnApi.StateKey, bytes: Uint8Array): void {
    this.stored.set(idOf(key), bytes);
  }

  /** Handles the requests of one stream in order, as the protocol says. */
  serve(stream: Stream): void {
    let tail: Promise<void> = Promise.resolve();
    stream.on('data', (request: fnApi.StateRequest) => {
      tail = tail.then(async () => {
        if (this.delayMs > 0) await sleep(this.delayMs);
        stream.write(this.answer(request));
      });
    });
  }

  private answer({ id, stateKey, request }: fnApi.StateRequest): fnApi.StateResponse {
    const kind = request.oneofKind;
    const { type } = stateKey!;
    this.log.push(
      type.oneofKind === 'bagUserState'
        ? `${kind} ${type.bagUserState.userStateId} key=${Buffer.from(type.bagUserState.key).toString('hex')}`
        : `${kind} ${type.oneofKind}`,
    );
    if (kind === this.failing) return respond(id, { oneofKind: undefined }, `injected failure of ${kind}`);
    const key = idOf(stateKey!);
    const stored = this.stored.get(key) ?? new Uint8Array();
    switch (request.oneofKind) {
      case 'get': {
        const start = Number(Buffer.from(request.get.continuationToken).toString());
        const end = this.chunkBytes === 0 ? stored.length : Math.min(stored.length, start + this.chunkBytes);
        const continuationToken = end < stored.length ? Buffer.from(String(end)) : new Uint8Array();
        return respond(id, { oneofKind: 'get', get: { data: stored.subarray(start, end), continuationToken } });
      }
      case 'append':
        this.stored.set(key, Buffer.concat([stored, request.append.data]));
        return respond(id, { oneofKind: 'append', append: {} });
      case 'clear':
        this.stored.delete(key);
        return respond(id, { oneofKind: 'clear', clear: {} });
      default:
        return respond(id, { oneofKind: undefined }, `unknown state request ${kind}`);
    }
  }
}

function respond(id: string, response: fnApi.StateResponse['response'], error = ''): fnApi.StateResponse {
  return fnApi.StateResponse.create({ id, error, response });
}

function idOf(key: fnApi.StateKey): string {
  return Buffer.from(fnApi.StateKey.toBinary(key)).toString('hex');
}
