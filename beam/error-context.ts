const annotated = new WeakSet<Error>();

/**
 * Adds the transform's name to the message of an error, once: the innermost transform is the one that failed. The error stays
 * the same object, thrown at the same place. What is not an Error, and an abort's reason, are left alone.
 */
export function annotate(error: unknown, transform: string, signal?: AbortSignal): unknown {
  if (!(error instanceof Error) || annotated.has(error)) return error;
  if (signal?.aborted && error === signal.reason) return error;
  annotated.add(error);
  const { message, stack } = error;
  try {
    error.message = `${message} [in transform "${transform}"]`;
    // V8 writes the message into the stack when the error is made.
    if (stack !== undefined) error.stack = stack.replace(message, () => error.message);
  } catch {
    // Frozen, or a DOMException.
  }
  return error;
}

/** An error with its stack and those of its causes, for a log that is read elsewhere. */
export function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // V8 writes the stack's first line when the error is made, before a class of ours has set its name.
  const own = error.stack?.replace(/^Error(?=:)/, error.name) ?? error.message;
  return error.cause === undefined ? own : `${own}\nCaused by: ${stackOf(error.cause)}`;
}
