import { type ClientOptions, credentials, Metadata } from '@grpc/grpc-js';

/** Bounds a worker's memory; far more than a batch, and enough for a group of many batches. */
export const MAX_MESSAGE_BYTES = 256 << 20;

/**
 * Options of every channel. grpc-js receives 4 MiB by default, less than one group of a groupByKey may have, and its HTTP/2
 * window of 64 KiB costs a round trip for each 64 KiB (`node_modules/@grpc/grpc-js/src/constants.ts`, `transport.ts`).
 */
export const channelOptions: ClientOptions = {
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': -1,
  'grpc-node.flow_control_window': 16 << 20,
};

/** Runners speak plain text inside their cluster. */
export const channelCredentials = credentials.createInsecure();

/** Runners that serve all workers on one port tell them apart by this, in streams and unary calls alike. */
export function workerMetadata(workerId: string): Metadata {
  const metadata = new Metadata();
  metadata.add('worker_id', workerId);
  return metadata;
}
