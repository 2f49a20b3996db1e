/**
 * Imported by a worker process before its main file: makes one answer of the runner's state service an error, once for the job.
 * FAIL_STATE_AT counts answers from 0; FAIL_STATE_MARKER is a file that says that it was done.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { Client } from '@grpc/grpc-js';

const at = Number(process.env.FAIL_STATE_AT);
const marker = process.env.FAIL_STATE_MARKER!;
let answers = 0;

const open = Client.prototype.makeBidiStreamRequest as (method: string, ...rest: unknown[]) => NodeJS.EventEmitter;

Client.prototype.makeBidiStreamRequest = function (this: Client, method: string, ...rest: unknown[]) {
  const stream = open.call(this, method, ...rest);
  if (!method.endsWith('BeamFnState/State')) return stream;
  const emit = stream.emit.bind(stream);
  stream.emit = (event: string | symbol, ...args: unknown[]) => {
    if (event === 'data' && answers++ === at && !existsSync(marker)) {
      writeFileSync(marker, `answer ${at}`);
      (args[0] as { error: string }).error = 'injected: the state backend is gone';
    }
    return emit(event, ...args);
  };
  return stream;
} as never;
