import 'apache-beam';

/** The data messages of one input of one bundle, in order, one at a time. */
export interface Inbox extends AsyncIterable<Uint8Array> {
  /** Throws away what is here and what comes. */
  close(): void;
}

/** The data plane of one endpoint: one stream for all bundles. */
export interface DataChannel {
  /** Throws if the stream has ended. */
  open(instructionId: string, transformId: string): Inbox;
  /** Sends one message. Resolves when the socket has room for more; null if it has. */
  send(instructionId: string, transformId: string, data: Uint8Array): Promise<void> | null;
  /** Says that no more comes for this output of this bundle. */
  end(instructionId: string, transformId: string): void;
  /** Hangs up. */
  close(): void;
}
