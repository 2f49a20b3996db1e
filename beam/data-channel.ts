import './sdk.js';
import { Elements } from 'apache-beam/proto/beam_fn_api';
import { BeamFnDataClient } from 'apache-beam/proto/beam_fn_api.grpc-client';
import { roomOf, SEND_LIMITS, type SendLimits, type Written } from './backpressure.js';
import { channelCredentials, channelOptions, workerMetadata } from './grpc.js';
import { createInbox, type Inbox } from './inbox.js';
import { endedError, onStreamEnd } from './stream-end.js';

/** Received bytes that wait for their bundles: above this the stream is paused, below half of it resumed. */
export const HIGH_WATER_BYTES = 32 << 20;

/** The data plane of one endpoint: one stream for all bundles. */
export interface DataChannel {
  /** The messages of one input of one bundle, those included that came before the bundle did. */
  open(instructionId: string, transformId: string): Inbox;
  /**
   * Sends one message. Null if there is room for more, else a promise that resolves when there is. It rejects if the runner
   * takes nothing for minutes.
   */
  send(instructionId: string, transformId: string, data: Uint8Array): Promise<void> | null;
  /** Says that no more comes for this output of this bundle. */
  end(instructionId: string, transformId: string): void;
  /** Throws away what came for a bundle that failed. */
  discard(instructionId: string): void;
  /** How many bundles have messages here or a reader. */
  openBundles(): number;
  /** Hangs up. Open inboxes fail. */
  close(): void;
}

export interface DataChannelOptions {
  readonly workerId: string;
  /** Bundles that failed: what still comes for them is thrown away. */
  readonly failed: { has(instructionId: string): boolean };
  /** Called once, when the runner hangs up (no error) or the stream breaks. */
  readonly onEnd: (error?: Error) => void;
  readonly limits?: SendLimits;
}

/** Opens the stream. Errors come through `onEnd`. */
export function openDataChannel(endpoint: string, options: DataChannelOptions): DataChannel {
  const { workerId, failed, onEnd, limits = SEND_LIMITS } = options;
  const client = new BeamFnDataClient(endpoint, channelCredentials, channelOptions, {});
  const stream = client.data(workerMetadata(workerId));
  const inboxes = new Map<string, Map<string, Inbox>>();
  let backlogBytes = 0;
  const written: Written = { bytes: 0, taken: 0 };
  let ended: Error | undefined;

  const onConsumed = (bytes: number) => {
    backlogBytes -= bytes;
    if (backlogBytes < HIGH_WATER_BYTES / 2 && stream.isPaused()) stream.resume();
  };

  const inboxOf = (instructionId: string, transformId: string): Inbox => {
    let ofBundle = inboxes.get(instructionId);
    if (ofBundle === undefined) {
      ofBundle = new Map();
      inboxes.set(instructionId, ofBundle);
    }
    let inbox = ofBundle.get(transformId);
    if (inbox === undefined) {
      inbox = createInbox(onConsumed, () => {
        const left = inboxes.get(instructionId);
        left?.delete(transformId);
        if (left?.size === 0) inboxes.delete(instructionId);
      });
      ofBundle.set(transformId, inbox);
    }
    return inbox;
  };

  const onElements = ({ data, timers }: Elements) => {
    for (const { instructionId, transformId, data: bytes, isLast } of data) {
      if (failed.has(instructionId)) continue;
      const inbox = inboxOf(instructionId, transformId);
      if (bytes.length > 0) {
        backlogBytes += bytes.length;
        inbox.push(bytes);
      }
      if (isLast) inbox.end();
    }
    for (const { instructionId, transformId, timers: bytes } of timers) {
      if (bytes.length > 0) inboxOf(instructionId, transformId).fail(new Error('timers are not supported'));
    }
    if (backlogBytes > HIGH_WATER_BYTES) stream.pause();
  };
  stream.on('data', onElements);
  const failAll = (error: Error) => {
    ended ??= error;
    for (const ofBundle of inboxes.values()) for (const inbox of ofBundle.values()) inbox.fail(ended);
  };
  onStreamEnd(stream, (error) => {
    failAll(endedError('data stream', error));
    onEnd(error);
  });

  const write = (instructionId: string, transformId: string, bytes: Uint8Array, isLast: boolean) => {
    if (ended !== undefined) throw ended;
    written.bytes += bytes.length;
    stream.write(Elements.create({ data: [{ instructionId, transformId, data: bytes, isLast }] }), () => {
      written.taken += bytes.length;
    });
  };
  const room = roomOf(stream, written, limits);

  return {
    open(instructionId, transformId) {
      const inbox = inboxOf(instructionId, transformId);
      if (ended !== undefined) inbox.fail(ended);
      return inbox;
    },
    send(instructionId, transformId, data) {
      write(instructionId, transformId, data, false);
      return room();
    },
    end: (instructionId, transformId) => write(instructionId, transformId, new Uint8Array(), true),
    discard(instructionId) {
      for (const inbox of [...(inboxes.get(instructionId)?.values() ?? [])]) inbox.close();
    },
    openBundles: () => inboxes.size,
    close() {
      failAll(new Error('the worker hung up the data stream'));
      stream.end();
      client.close();
    },
  };
}
