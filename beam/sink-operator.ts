import './sdk.js';
import { Context } from 'apache-beam/coders/coders';
import { RemoteGrpcPort } from 'apache-beam/proto/beam_fn_api';
import type { WindowedValue } from 'apache-beam/values';
import protobufjs from 'protobufjs';
import type { OperatorFactory, Taken } from './operator.js';

const { Writer } = protobufjs;

/** Size at which a message is sent: well below the 4 MiB that gRPC receives by default. */
const MESSAGE_BYTES = 1 << 20;

/**
 * Sends what a stage emits. The buffer is swapped before it is sent (the SDK's after, so that an element which arrives
 * meanwhile sends the old one again), and a full socket holds the stage back.
 */
export const sinkOperator: OperatorFactory = (transformId, transform, context) => {
  const port = RemoteGrpcPort.fromBinary(transform.spec!.payload);
  const channel = context.dataChannel(port.apiServiceDescriptor!.url);
  const coder = context.coders.getCoder<WindowedValue<unknown>>(port.coderId);
  let buffer = new Writer();
  const flush = (): Taken => {
    if (buffer.len === 0) return null;
    const bytes = buffer.finish();
    buffer = new Writer();
    return channel.send(context.bundleId(), transformId, bytes);
  };
  return {
    startBundle() {
      buffer = new Writer();
    },
    process(element) {
      coder.encode(element, buffer, Context.needsDelimiters);
      return buffer.len < MESSAGE_BYTES ? null : flush();
    },
    async finishBundle() {
      await flush();
      channel.end(context.bundleId(), transformId);
    },
  };
};
