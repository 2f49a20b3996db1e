const annotated = new WeakSet<Error>();

/**
 * Adds the transform's name to the message of an error, once: the innermost transform is the one that failed. The error stays
 * the same object with the same stack. What is not an Error, and an abort's reason, are left alone.
 */
export function annotate(error: unknown, transform: string, signal?: AbortSignal): unknown {
  if (!(error instanceof Error) || annotated.has(error)) return error;
  if (signal?.aborted && error === signal.reason) return error;
  annotated.add(error);
  try {
    error.message += ` [in transform "${transform}"]`;
  } catch {
    // Frozen, or a DOMException.
  }
  return error;
}
