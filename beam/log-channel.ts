import './sdk.js';
import { LogEntry, LogEntry_List, LogEntry_Severity_Enum as Severity } from 'apache-beam/proto/beam_fn_api';
import { BeamFnLoggingClient } from 'apache-beam/proto/beam_fn_api.grpc-client';
import { channelCredentials, channelOptions, workerMetadata } from './grpc.js';

/** How long the last lines may take to be sent. */
const CLOSE_MS = 2000;

/** The runner's log. */
export interface LogChannel {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
  /** Resolves when everything is sent, or cannot be any more. */
  close(): Promise<void>;
}

/** Opens the runner's log. Lines are lost without an error when it is unreachable: they are on the worker's stderr too. */
export function openLogChannel(endpoint: string, workerId: string): LogChannel {
  const client = new BeamFnLoggingClient(endpoint, channelCredentials, channelOptions, {});
  const stream = client.logging(workerMetadata(workerId));
  let over = false;
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      over = true;
      resolve();
    };
    stream.on('error', end);
    stream.on('end', end);
  });
  stream.resume();
  const write = (severity: Severity, message: string) => {
    if (over) return;
    const now = Date.now();
    const timestamp = { seconds: BigInt(Math.floor(now / 1000)), nanos: (now % 1000) * 1_000_000 };
    stream.write(LogEntry_List.create({ logEntries: [LogEntry.create({ severity, message, timestamp })] }));
  };
  return {
    info: (message) => write(Severity.INFO, message),
    warn: (message) => write(Severity.WARN, message),
    error: (message) => write(Severity.ERROR, message),
    async close() {
      stream.end();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_MS);
      });
      await Promise.race([ended, late]);
      clearTimeout(timer);
      client.close();
    },
  };
}

/** Sends what is written to stdout and stderr (by DoFns, libraries, Node) to the runner's log as well. */
export function teeOutput(log: LogChannel): void {
  const tee = (stream: NodeJS.WriteStream, send: (text: string) => void) => {
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    stream.write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
      send(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
      return write(chunk, ...rest);
    }) as typeof stream.write;
  };
  tee(process.stdout, log.info);
  tee(process.stderr, log.warn);
}
