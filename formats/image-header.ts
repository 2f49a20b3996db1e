/**
 * What an encoded image says of itself, without decoding it: format, size, and whether its end is there.
 * JPEG: ITU-T T.81, annex B; PNG: ISO/IEC 15948 (W3C PNG, 5); GIF: GIF89a specification; WebP: RFC 9649; BMP: BITMAPFILEHEADER and
 * BITMAPINFOHEADER of Windows GDI.
 */

export const IMAGE_FORMATS = ['jpeg', 'png', 'gif', 'webp', 'bmp'] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** `unknown`: none of the formats; `corrupt`: no header of its format, or a size of 0; `truncated`: its end is missing. */
export type ImageFault = 'unknown' | 'corrupt' | 'truncated';

export interface ImageHeader {
  /** Left out where it is unknown. */
  readonly format?: ImageFormat;
  /** Pixels, as stored (an orientation in EXIF does not count); 0 where the header does not tell. */
  readonly width: number;
  readonly height: number;
  readonly fault?: ImageFault;
}

type Found = Omit<ImageHeader, 'format'>;

const CORRUPT: Found = { width: 0, height: 0, fault: 'corrupt' };
const TRUNCATED: Found = { width: 0, height: 0, fault: 'truncated' };

function sized(width: number, height: number, whole: boolean): Found {
  if (width === 0 || height === 0) return CORRUPT;
  return whole ? { width, height } : { width, height, fault: 'truncated' };
}

const u16be = (b: Uint8Array, at: number) => (b[at]! << 8) | b[at + 1]!;
const u32be = (b: Uint8Array, at: number) => ((u16be(b, at) << 16) | u16be(b, at + 2)) >>> 0;
const u16le = (b: Uint8Array, at: number) => b[at]! | (b[at + 1]! << 8);
const u24le = (b: Uint8Array, at: number) => u16le(b, at) | (b[at + 2]! << 16);
const u32le = (b: Uint8Array, at: number) => (u16le(b, at) | (u16le(b, at + 2) << 16)) >>> 0;

const bufferOf = (b: Uint8Array) => Buffer.from(b.buffer, b.byteOffset, b.byteLength);

/** Markers of JPEG. SOF0 to SOF15 are 0xc0 to 0xcf without these three. */
const JPEG = { soi: 0xd8, eoi: 0xd9, sos: 0xda, notFrames: new Set([0xc4, 0xc8, 0xcc]) };
const JPEG_END = Buffer.from([0xff, JPEG.eoi]);

function jpeg(b: Uint8Array): Found {
  let width = 0;
  let height = 0;
  for (let at = 2; ; ) {
    if (at + 4 > b.length) return width > 0 ? { width, height, fault: 'truncated' } : TRUNCATED;
    if (b[at] !== 0xff) return CORRUPT;
    const marker = b[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    // Without a segment: TEM and the restart markers.
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += 2;
      continue;
    }
    if (marker === 0 || marker === JPEG.soi || marker === JPEG.eoi) return CORRUPT;
    const length = u16be(b, at + 2);
    if (length < 2) return CORRUPT;
    if (marker >= 0xc0 && marker <= 0xcf && !JPEG.notFrames.has(marker)) {
      if (length < 8) return CORRUPT;
      if (at + 9 > b.length) return TRUNCATED;
      height = u16be(b, at + 5);
      width = u16be(b, at + 7);
      if (width === 0 || height === 0) return CORRUPT;
    }
    at += 2 + length;
    if (marker !== JPEG.sos) continue;
    if (width === 0) return CORRUPT;
    // In what follows a scan's header, 0xff 0xd9 is the end of the image and nothing else; a thumbnail's end lies before.
    return sized(width, height, bufferOf(b).lastIndexOf(JPEG_END) >= at);
  }
}

const PNG_END = 0x49454e44;
const PNG_HEADER = 0x49484452;

function png(b: Uint8Array): Found {
  if (b.length < 24) return TRUNCATED;
  if (u32be(b, 8) !== 13 || u32be(b, 12) !== PNG_HEADER) return CORRUPT;
  const width = u32be(b, 16);
  const height = u32be(b, 20);
  for (let at = 8; at + 12 <= b.length; ) {
    const end = at + 12 + u32be(b, at);
    if (end > b.length) break;
    if (u32be(b, at + 4) === PNG_END) return sized(width, height, true);
    at = end;
  }
  return sized(width, height, false);
}

/** Behind a row of sub-blocks that starts at `at`; beyond the end where that is missing. */
function gifBlocks(b: Uint8Array, at: number): number {
  let end = at;
  while (end < b.length && b[end] !== 0) end += 1 + b[end]!;
  return end + 1;
}

const gifTable = (flags: number) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);

function gif(b: Uint8Array): Found {
  if (b.length < 13) return TRUNCATED;
  const width = u16le(b, 6);
  const height = u16le(b, 8);
  for (let at = 13 + gifTable(b[10]!); at < b.length; ) {
    const kind = b[at]!;
    if (kind === 0x3b) return sized(width, height, true);
    if (kind === 0x21) at = gifBlocks(b, at + 2);
    else if (kind === 0x2c) at = at + 10 > b.length ? b.length : gifBlocks(b, at + 11 + gifTable(b[at + 9]!));
    else return CORRUPT;
  }
  return sized(width, height, false);
}

function webp(b: Uint8Array): Found {
  if (b.length < 30) return TRUNCATED;
  const whole = 8 + u32le(b, 4) <= b.length;
  switch (bufferOf(b).toString('latin1', 12, 16)) {
    case 'VP8 ':
      if (u24le(b, 23) !== 0x2a019d) return CORRUPT;
      return sized(u16le(b, 26) & 0x3fff, u16le(b, 28) & 0x3fff, whole);
    case 'VP8L': {
      if (b[20] !== 0x2f) return CORRUPT;
      const bits = u32le(b, 21);
      return sized((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1, whole);
    }
    case 'VP8X':
      return sized(u24le(b, 24) + 1, u24le(b, 27) + 1, whole);
    default:
      return CORRUPT;
  }
}

/** Bytes of the old OS/2 header, of the first of Windows; kinds of pixels that are not compressed. */
const BMP = { core: 12, info: 40, plain: new Set([0, 3, 6]) };

function bmp(b: Uint8Array): Found {
  if (b.length < 26) return TRUNCATED;
  const header = u32le(b, 14);
  if (header !== BMP.core && header < BMP.info) return CORRUPT;
  if (header !== BMP.core && b.length < 34) return TRUNCATED;
  const core = header === BMP.core;
  const width = core ? u16le(b, 18) : u32le(b, 18);
  const height = core ? u16le(b, 20) : Math.abs(u32le(b, 22) | 0);
  if (width > 0x7fff_ffff) return CORRUPT;
  const bits = u16le(b, core ? 24 : 28);
  const compressed = !core && !BMP.plain.has(u32le(b, 30));
  const pixels = Math.ceil((width * bits) / 32) * 4 * height;
  return sized(width, height, (compressed ? u32le(b, 2) : u32le(b, 10) + pixels) <= b.length);
}

const READERS: Readonly<Record<ImageFormat, (bytes: Uint8Array) => Found>> = { jpeg, png, gif, webp, bmp };

/** The format that the first bytes are of. */
export function imageFormat(b: Uint8Array): ImageFormat | undefined {
  if (b[0] === 0xff && b[1] === JPEG.soi && (b.length < 3 || b[2] === 0xff)) return 'jpeg';
  if (b.length >= 8 && u32be(b, 0) === 0x89504e47 && u32be(b, 4) === 0x0d0a1a0a) return 'png';
  const head = bufferOf(b.subarray(0, 12)).toString('latin1');
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return 'gif';
  if (head.startsWith('RIFF') && head.endsWith('WEBP') && head.length === 12) return 'webp';
  return head.startsWith('BM') ? 'bmp' : undefined;
}

/** Usual endings of file names. */
const ENDINGS: Readonly<Record<ImageFormat, string>> = {
  jpeg: 'jpg',
  png: 'png',
  gif: 'gif',
  webp: 'webp',
  bmp: 'bmp',
};
/** TIFF is known by its first bytes only, in either byte order (TIFF 6.0, section 2). */
const TIFF_HEADS: ReadonlySet<string> = new Set(['II*\0', 'MM\0*']);

/** The usual ending of the name of a file of these bytes, without a dot; undefined where they are no image. */
export function imageEnding(b: Uint8Array): string | undefined {
  const format = imageFormat(b);
  if (format !== undefined) return ENDINGS[format];
  return TIFF_HEADS.has(bufferOf(b.subarray(0, 4)).toString('latin1')) ? 'tiff' : undefined;
}

/** The header of an encoded image; no byte of the pixels is decoded. Never throws: hostile bytes have a fault. */
export function imageHeader(bytes: Uint8Array): ImageHeader {
  const format = imageFormat(bytes);
  if (format === undefined) return { width: 0, height: 0, fault: 'unknown' };
  return { format, ...READERS[format](bytes) };
}
