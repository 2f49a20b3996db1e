import { type ClientDuplexStream, type ServiceError, status } from '@grpc/grpc-js';
import { MAX_MESSAGE_BYTES } from './grpc.js';

/**
 * Calls `listener` once, when the stream is over: without an error if the other side hung up. Java runners end the stream of a
 * finished job with CANCELLED.
 */
export function onStreamEnd(stream: ClientDuplexStream<any, any>, listener: (error?: Error) => void): void {
  let over = false;
  const finish = (error?: Error) => {
    if (over) return;
    over = true;
    stream.end();
    listener(error);
  };
  stream.on('error', (error: ServiceError) => finish(error.code === status.CANCELLED ? undefined : explained(error)));
  stream.on('end', () => finish());
}

/** An element comes in one message, and so does a group of a groupByKey. */
function explained(error: ServiceError): Error {
  if (error.code !== status.RESOURCE_EXHAUSTED) return error;
  const limit = `a worker receives at most ${MAX_MESSAGE_BYTES >> 20} MiB in one message`;
  return new Error(`${limit}: an element, or a group of a groupByKey, is larger (${error.details})`, { cause: error });
}

/** What users of a stream that is over are told. */
export function endedError(what: string, cause?: Error): Error {
  return new Error(cause === undefined ? `the runner ended the ${what}` : `${what}: ${cause.message}`, { cause });
}
