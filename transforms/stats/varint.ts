/** Whole numbers as bytes, seven bits each, the lowest first; and what is written with them. */
import { InputError } from '../../schemas/errors.js';

/** Of a whole number up to 2^53. */
const LONGEST = 8;

/** Bytes that grow as they are written. */
export class ByteWriter {
  private bytes: Uint8Array = new Uint8Array(1024);
  private length = 0;

  private room(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  /** A whole number from 0 to 2^53 - 1. */
  number(value: number): void {
    this.room(LONGEST);
    let rest = value;
    while (rest >= 128) {
      this.bytes[this.length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.length++] = rest;
  }

  /** A double, little-endian. */
  double(value: number): void {
    this.room(8);
    new DataView(this.bytes.buffer).setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** Bytes, behind their number. */
  text(bytes: Uint8Array): void {
    this.number(bytes.length);
    this.room(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** All that was written, copied. */
  take(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

/** Reads what a ByteWriter wrote. Each method throws InputError, naming `what`, where the bytes lie. */
export class ByteReader {
  private at = 0;

  constructor(
    private readonly what: string,
    private readonly bytes: Uint8Array,
  ) {}

  private refuse(expected: string, got: string): InputError {
    return new InputError(this.what, { place: `byte ${this.at}`, expected, got });
  }

  number(maximum = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; ; i++, scale *= 128) {
      if (this.at >= this.bytes.length) throw this.refuse('more bytes', 'the end');
      const byte = this.bytes[this.at++];
      value += (byte & 127) * scale;
      if (byte < 128) break;
      if (i === LONGEST - 1) throw this.refuse('a whole number below 2^53', 'a larger one');
    }
    if (value > maximum) throw this.refuse(`at most ${maximum}`, `${value}`);
    return value;
  }

  double(): number {
    if (this.at + 8 > this.bytes.length) throw this.refuse('a double', 'the end');
    const value = new DataView(this.bytes.buffer, this.bytes.byteOffset).getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  text(): Uint8Array {
    const length = this.number(this.bytes.length);
    if (this.at + length > this.bytes.length) throw this.refuse(`${length} bytes`, 'the end');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  end(): void {
    if (this.at !== this.bytes.length) throw this.refuse('the end', `${this.bytes.length - this.at} bytes more`);
  }
}
