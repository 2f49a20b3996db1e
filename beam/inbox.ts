/** Data messages of one input of one bundle, read in order and one at a time. For one reader. */
export interface Inbox extends AsyncIterable<Uint8Array> {
  push(bytes: Uint8Array): void;
  /** No more will come. */
  end(): void;
  /** The reader throws `error`, after what it has begun. */
  fail(error: Error): void;
  /** Throws away what is here and what comes. */
  close(): void;
}

/**
 * An inbox. `onConsumed` is told the bytes of each message when its reader asks for the next one, or when it is thrown away;
 * `onClose` when nothing is left to be read.
 */
export function createInbox(onConsumed: (bytes: number) => void, onClose: () => void): Inbox {
  let messages: Uint8Array[] = [];
  let error: Error | undefined;
  let ended = false;
  let closed = false;
  let wake: (() => void) | undefined;
  const wakeReader = () => {
    wake?.();
    wake = undefined;
  };
  const close = () => {
    if (closed) return;
    closed = true;
    for (const message of messages) onConsumed(message.length);
    messages = [];
    onClose();
    wakeReader();
  };
  return {
    push(bytes) {
      if (closed) return onConsumed(bytes.length);
      messages.push(bytes);
      wakeReader();
    },
    end() {
      ended = true;
      wakeReader();
    },
    fail(reason) {
      error ??= reason;
      wakeReader();
    },
    close,
    async *[Symbol.asyncIterator]() {
      try {
        while (!closed) {
          if (error !== undefined) throw error;
          const message = messages.shift();
          if (message !== undefined) {
            try {
              yield message;
            } finally {
              onConsumed(message.length);
            }
          } else if (ended) return;
          else {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        }
      } finally {
        close();
      }
    },
  };
}
