/** Tar archives made byte by byte, sound or not. */

export interface Entry {
  readonly name: string;
  readonly body?: Uint8Array | string;
  /** Type flag; '0' is a plain file. */
  readonly type?: string;
  /** What the header claims, where it is not the body's length. */
  readonly size?: number | string;
  readonly prefix?: string;
  readonly checksum?: number;
}

const BLOCK = 512;

/** A header of the ustar format, and the body, filled up to a whole block. */
export function entry({ name, body = '', type = '0', size, prefix = '', checksum }: Entry): Uint8Array {
  const bytes = Buffer.from(body as string);
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100);
  block.write('0000644\0', 100);
  const claimed = size ?? bytes.length;
  if (typeof claimed === 'string') block.write(claimed, 124, 12, 'latin1');
  else if (claimed < 8 ** 11) block.write(`${claimed.toString(8).padStart(11, '0')}\0`, 124);
  else {
    block[124] = 0x80;
    block.writeBigUInt64BE(BigInt(claimed), 128);
  }
  block.write(type, 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  block.write(prefix, 345, 155);
  block.fill(0x20, 148, 156);
  const sum = checksum ?? block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([block, bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
}

/** One record of a pax header. */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (String(length).length + Buffer.byteLength(rest) !== length)
    length = String(length).length + Buffer.byteLength(rest);
  return `${length}${rest}`;
}

/** An archive of these entries, with its end. */
export function archive(...entries: readonly (Entry | Uint8Array)[]): Uint8Array {
  const parts = entries.map((e) => (e instanceof Uint8Array ? e : entry(e)));
  return new Uint8Array(Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]));
}
