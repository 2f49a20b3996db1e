/** Reading ahead where ranges follow one another: the next block is fetched while the last is worked on. */

export type ReadRange = (start: number, end: number) => Promise<Uint8Array>;

/** Ranges with no more than this between them follow one another: padding, what a reader skips. */
const GAP_BYTES = 64 << 10;
/** Readers that hold blocks at a time; each holds two, so that memory is bounded however many files are open. */
const MAXIMUM_HOLDERS = 4;

interface Block {
  readonly start: number;
  readonly end: number;
  readonly bytes: Promise<Uint8Array>;
}

/** Forget their blocks, least lately used first. */
const holders = new Set<() => void>();

/**
 * `fetch`, with blocks of `blockBytes` ahead of ranges that follow one another. Other ranges, and those of a block or more, are fetched as they
 * are. The result may be a view of a block: whoever keeps it keeps the block.
 * @param bytes of the file
 */
export function readAhead(fetch: ReadRange, bytes: number, blockBytes: number): ReadRange {
  let last = -1;
  let blocks: Block[] = [];
  const forget = () => {
    blocks = [];
    holders.delete(forget);
  };
  const hold = () => {
    holders.delete(forget);
    holders.add(forget);
    for (const oldest of holders) {
      if (holders.size <= MAXIMUM_HOLDERS) break;
      oldest();
    }
  };
  const begin = (start: number): Block => {
    const end = Math.min(bytes, start + blockBytes);
    const block = { start, end, bytes: fetch(start, end) };
    // Whoever takes it is told; one that nobody wants must not end the process.
    block.bytes.catch(() => undefined);
    return block;
  };

  return async (start, end) => {
    const follows = start >= last && start - last <= GAP_BYTES && last >= 0;
    last = end;
    if (!follows || end - start >= blockBytes || start === end) {
      forget();
      return fetch(start, end);
    }
    let held = blocks.filter((block) => block.end > start);
    if (held[0] === undefined || held[0].start > start) held = [begin(start)];
    while (held.at(-1)!.end < end) held.push(begin(held.at(-1)!.end));
    const wanted = held.filter((block) => block.start < end);
    // One block beyond the range, and only that one.
    if (held.length === wanted.length && held.at(-1)!.end < bytes) held.push(begin(held.at(-1)!.end));
    blocks = held;
    hold();
    try {
      const parts: Uint8Array[] = [];
      for (const block of wanted) {
        const whole = await block.bytes;
        parts.push(whole.subarray(Math.max(0, start - block.start), Math.min(block.end, end) - block.start));
      }
      return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    } catch (error) {
      forget();
      throw error;
    }
  };
}
