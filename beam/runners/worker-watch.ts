/** Workers of this machine, by what names them to a person; whether each is still there. Of all that have begun so far. */
export type WorkerCensus = () => ReadonlyMap<string, boolean>;

/**
 * How long a worker may be gone before its job is over: a runner that ends its workers says soon that the job has ended, and one
 * that sees a worker die has better words for it.
 */
const GRACE_MS = 5000;

/**
 * Watches over the workers of a job that is about to begin, on a runner that starts none in the place of one that ended, and may
 * wait for ever instead.
 * @returns what happened, in words, once a worker of the job has been gone for too long
 */
export function watchWorkers(census: WorkerCensus): () => string | undefined {
  const earlier = new Set(census().keys());
  const goneSince = new Map<string, number>();
  return () => {
    const now = performance.now();
    for (const [name, isThere] of census()) {
      if (isThere || earlier.has(name)) continue;
      const since = goneSince.get(name) ?? now;
      goneSince.set(name, since);
      if (now - since >= GRACE_MS) return `${name} ended before it`;
    }
    return undefined;
  };
}
