/**
 * The members of a tar archive: POSIX ustar and pax (IEEE Std 1003.1, pax, "ustar Interchange Format" and "pax Header Block"), GNU's long
 * names and base-256 sizes (GNU tar manual, "Basic Tar Format"), and v7. Archives come from the open web: whatever is not a plain file with
 * a relative name, or a folder, is refused with its name, and no claim of a header is believed before the bytes are there.
 */
import { InputError } from '../schemas/errors.js';
import type { Forward } from './forward.js';

const BLOCK = 512;

/** A long name, or the records of one pax header, at most. */
const MAXIMUM_META_BYTES = 1 << 20;

/** A name, at most: longer ones are no file's. Linux's PATH_MAX. */
const MAXIMUM_NAME_BYTES = 4096;

/** A member, at most: it is held whole when its row is made. */
export const MAXIMUM_MEMBER_BYTES = 1 << 27;

/** What may follow the end of an archive: the zeros that fill up its last record (20 blocks; some writers fill to 1 MiB). */
const MAXIMUM_TRAILER_BYTES = 1 << 20;

/** A plain file in the archive. */
export interface TarMember {
  /** Number in the archive, from 0, headers of long names not counted. */
  readonly index: number;
  readonly name: string;
  /** Where its bytes begin. */
  readonly start: number;
  readonly size: number;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Names go into messages: control characters are escaped, and the long are cut. */
export function shownName(name: string): string {
  const text = JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
  return text.replace(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The error of a member, by its number and, where it is known, its name. */
export function memberError(file: string, index: number, name: string | undefined, expected: string, got: string) {
  const place = `member ${index}${name === undefined ? '' : ` ${shownName(name)}`}`;
  return new InputError('tar', { file, place, expected, got });
}

/** Up to the first zero byte. */
function textAt(block: Uint8Array, at: number, length: number): string {
  let end = at;
  let bits = 0;
  for (; end < at + length && block[end] !== 0; end++) bits |= block[end]!;
  if (end === at) return '';
  if (bits < 0x80) return Buffer.from(block.buffer, block.byteOffset, block.byteLength).toString('latin1', at, end);
  return decoder.decode(block.subarray(at, end));
}

/** Digits between blanks, as tar programs write them; undefined for anything else. */
function plainOctalAt(block: Uint8Array, at: number, end: number): number | undefined {
  let to = at;
  let value = 0;
  while (to < end && block[to] === 0x20) to++;
  for (; to < end && block[to]! >= 0x30 && block[to]! < 0x38; to++) value = value * 8 + block[to]! - 0x30;
  while (to < end && block[to] === 0x20) to++;
  return to === end || block[to] === 0 ? value : undefined;
}

/** An octal number, or GNU's base 256; undefined where it is neither. */
function numberAt(block: Uint8Array, at: number, length: number): number | undefined {
  if ((block[at]! & 0x80) !== 0) {
    let value = block[at]! & 0x7f;
    // A negative one has every bit set.
    if (value === 0x7f) return undefined;
    for (let i = 1; i < length; i++) value = value * 256 + block[at + i]!;
    return value;
  }
  const plain = plainOctalAt(block, at, at + length);
  if (plain !== undefined) return plain;
  const text = textAt(block, at, length).trim();
  if (text === '') return 0;
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : undefined;
}

/** Where the checksum lies, which counts as blanks. */
const CHECKSUM = { at: 148, length: 8 };

function checksumHolds(block: Uint8Array): boolean {
  const said = numberAt(block, CHECKSUM.at, CHECKSUM.length);
  let unsigned = 0x20 * CHECKSUM.length;
  let negative = 0;
  for (let i = 0; i < CHECKSUM.at; i++) {
    unsigned += block[i]!;
    negative += block[i]! >>> 7;
  }
  for (let i = CHECKSUM.at + CHECKSUM.length; i < BLOCK; i++) {
    unsigned += block[i]!;
    negative += block[i]! >>> 7;
  }
  // Old programs added up signed bytes.
  return said === unsigned || said === unsigned - 0x100 * negative;
}

function isZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** Why a name is refused; undefined for a relative one that stays where it is. */
function nameFault(name: string): string | undefined {
  if (name === '') return 'an empty name';
  if (name.includes('\0')) return 'a name with a zero byte';
  if (name.startsWith('/') || /^[A-Za-z]:[\\/]/.test(name) || name.startsWith('\\')) return 'an absolute name';
  return /(?:^|[\\/])\.\.(?:[\\/]|$)/.test(name) ? 'a name with ..' : undefined;
}

/** What is refused, by the header's type flag. */
const REFUSED: Readonly<Record<string, string>> = {
  '1': 'a hard link',
  '2': 'a symbolic link',
  '3': 'a character device',
  '4': 'a block device',
  '6': 'a pipe',
  M: 'a part of a file that began in another archive',
  S: 'a sparse file',
  N: "old GNU tar's long names",
};

/** Why a member of this type flag is refused; undefined for files and folders. */
function kindFault(type: string): string | undefined {
  if (Object.hasOwn(REFUSED, type)) return REFUSED[type];
  return /^[057VD]$/.test(type) ? undefined : `a member of the kind ${shownName(type)}`;
}

/** Keys of a pax header that change what a member is; the others (times, owners) do not matter. */
interface Pax {
  readonly path?: string;
  readonly size?: number;
}

/** Records of the form "length key=value\n". Throws a plain Error. */
function paxRecords(bytes: Uint8Array): Pax {
  let path: string | undefined;
  let size: number | undefined;
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(0x20, at);
    const digits = blank < 0 ? '' : decoder.decode(bytes.subarray(at, Math.min(blank, at + 12)));
    const length = /^[0-9]+$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    if (length === 0 || end > bytes.length || end <= blank + 1 || bytes[end - 1] !== 0x0a)
      throw new Error('a pax record with a wrong length');
    const record = bytes.subarray(blank + 1, end - 1);
    const equals = record.indexOf(0x3d);
    if (equals < 0) throw new Error('a pax record without =');
    const key = decoder.decode(record.subarray(0, equals));
    const value = decoder.decode(record.subarray(equals + 1));
    if (key === 'path') path = value;
    if (key === 'size') {
      size = Number(value);
      if (!/^[0-9]+$/.test(value) || !Number.isSafeInteger(size)) throw new Error('a pax record with a wrong size');
    }
    if (key.startsWith('GNU.sparse')) throw new Error('a sparse file');
    at = end;
  }
  return { ...(path !== undefined && { path }), ...(size !== undefined && { size }) };
}

const padded = (size: number) => Math.ceil(size / BLOCK) * BLOCK;

async function checkTrailer(file: Forward, at: number): Promise<void> {
  const rest = await file.take(at, MAXIMUM_TRAILER_BYTES + 1);
  if (rest.length <= MAXIMUM_TRAILER_BYTES && isZero(rest)) return;
  throw new InputError('tar', {
    file: file.name,
    place: `byte ${at}`,
    expected: 'nothing but zeros after the end of the archive',
    got: rest.length > MAXIMUM_TRAILER_BYTES ? `more than ${MAXIMUM_TRAILER_BYTES} bytes` : 'data',
    hint: 'Archives that were put one after the other are read only up to the first end: part them.',
  });
}

/** POSIX's magic; GNU's has a blank at the end, and no prefix. */
const USTAR = Buffer.from('ustar\0');

function isUstar(block: Uint8Array): boolean {
  for (let i = 0; i < USTAR.length; i++) if (block[257 + i] !== USTAR[i]) return false;
  return true;
}

function shortName(block: Uint8Array): string {
  const prefix = isUstar(block) ? textAt(block, 345, 155) : '';
  const name = textAt(block, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

/**
 * The plain files of an archive in their order, as many at a time as have their headers in memory; folders are passed over. The bytes of members are to be
 * taken from `file` in this order, and those of a run before the next run is asked for. Throws an InputError with the member's number and name for links,
 * devices, sparse files and other special members, for names that are absolute, empty or have "..", for wrong checksums and numbers, sizes above
 * MAXIMUM_MEMBER_BYTES or beyond the end of the file, and for data after the end; the members before come first.
 */
export async function* tarMembers(file: Forward): AsyncGenerator<readonly TarMember[]> {
  let run: TarMember[] = [];
  function* handOn() {
    const done = run;
    run = [];
    if (done.length > 0) yield done;
  }
  let longName: string | undefined;
  let pax: Pax = {};
  let index = 0;
  /** Of the last member's bytes. */
  let end = 0;
  const fail = (expected: string, got: string, name?: string) => memberError(file.name, index, name, expected, got);
  try {
    for (let at = 0; ; ) {
      let block = file.held(at, BLOCK);
      if (block === undefined) {
        yield* handOn();
        block = await file.take(at, BLOCK);
      }
      // Some writers leave the end of the archive out.
      const pending = longName !== undefined || pax.path !== undefined || pax.size !== undefined;
      if (block.length === 0 && index > 0 && !pending && !(file.bytes! < end)) return;
      if (block.length < BLOCK) throw fail(`a header of ${BLOCK} bytes`, `${block.length}: the file is cut off`);
      if (block[0] === 0 && isZero(block)) {
        yield* handOn();
        await checkTrailer(file, at);
        return;
      }
      if (!checksumHolds(block))
        throw fail('a header with its checksum', index === 0 ? 'another checksum: no tar archive' : 'another checksum');
      const type = block[156] === 0 ? '0' : String.fromCharCode(block[156]!);
      const said = numberAt(block, 124, 12);
      const size = type === 'x' || type === 'g' || type === 'L' || type === 'K' ? said : (pax.size ?? said);
      const name = pax.path ?? longName ?? shortName(block);
      if (size === undefined || !Number.isSafeInteger(size)) throw fail('a size', 'no number', name);
      const start = at + BLOCK;
      const left = file.bytes === undefined ? Number.POSITIVE_INFINITY : file.bytes - start;
      if (size > left) throw fail(`at most ${left} bytes, which the file has left`, `a claim of ${size}`, name);
      end = start + size;
      at = start + padded(size);

      if (type === 'x' || type === 'g' || type === 'L' || type === 'K') {
        if (size > MAXIMUM_META_BYTES) throw fail(`a header of at most ${MAXIMUM_META_BYTES} bytes`, `${size}`);
        let bytes = file.held(start, size);
        if (bytes === undefined) {
          yield* handOn();
          bytes = await file.take(start, size);
        }
        if (bytes.length < size) throw fail(`${size} bytes of a header`, `${bytes.length}: the file is cut off`);
        try {
          if (type === 'L') longName = textAt(bytes, 0, size);
          else if (type === 'x') pax = paxRecords(bytes);
          else if (type === 'g' && Object.keys(paxRecords(bytes)).length > 0)
            throw new Error('a name or size for all members');
        } catch (error) {
          throw fail('a sound header', (error as Error).message);
        }
        continue;
      }
      longName = undefined;
      pax = {};
      const fault = kindFault(type);
      if (fault !== undefined) throw fail('a plain file', fault, name);
      const wrong = nameFault(name);
      if (wrong !== undefined) throw fail('a relative name', wrong, name);
      if (Buffer.byteLength(name) > MAXIMUM_NAME_BYTES)
        throw fail(`a name of at most ${MAXIMUM_NAME_BYTES} bytes`, `${Buffer.byteLength(name)}`, name);
      // v7 has no kind of its own for folders.
      if ((type === '0' || type === '7') && !name.endsWith('/')) {
        if (size > MAXIMUM_MEMBER_BYTES) throw fail(`at most ${MAXIMUM_MEMBER_BYTES} bytes`, `${size}`, name);
        run.push({ index, name, start, size });
      }
      index++;
    }
  } catch (error) {
    yield* handOn();
    throw error;
  }
}
