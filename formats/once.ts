import type { ByteSource } from '../schemas/bytes.js';

/** Found out once for a source; again after a failure. */
export function onceFor<T>(find: (source: ByteSource) => Promise<T>): (source: ByteSource) => Promise<T> {
  const all = new WeakMap<ByteSource, Promise<T>>();
  return (source) => {
    const known = all.get(source);
    if (known !== undefined) return known;
    const found = find(source);
    all.set(source, found);
    found.catch(() => all.delete(source));
    return found;
  };
}
