/** Below this many bytes a loop copies faster than TypedArray.set with a view made for it. */
const SHORT_BYTES = 48;

/** Copies `source[start, end)` to `out` from `at` on. */
export function copyBytes(out: Uint8Array, at: number, source: Uint8Array, start: number, end: number): void {
  if (end - start <= SHORT_BYTES) for (let i = start, to = at; i < end; i++) out[to++] = source[i]!;
  else out.set(start === 0 && end === source.length ? source : source.subarray(start, end), at);
}
