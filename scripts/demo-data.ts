/** A small, seeded image-text data set with the biases of web data, for the demo and for tests. Made by us; nobody's photographs. */
import { crc32, deflateSync } from 'node:zlib';
import {
  Binary,
  Field,
  Float32,
  Int32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';

interface Occupation {
  readonly name: string;
  /** Share of women among the captions that mention it. */
  readonly women: number;
}

/** Skews are invented for the demo; they are not statistics of the world. */
const OCCUPATIONS: readonly Occupation[] = [
  { name: 'nurse', women: 0.9 },
  { name: 'teacher', women: 0.7 },
  { name: 'secretary', women: 0.92 },
  { name: 'librarian', women: 0.8 },
  { name: 'dancer', women: 0.75 },
  { name: 'doctor', women: 0.3 },
  { name: 'chef', women: 0.2 },
  { name: 'engineer', women: 0.12 },
  { name: 'mechanic', women: 0.05 },
  { name: 'firefighter', women: 0.06 },
  { name: 'pilot', women: 0.1 },
  { name: 'lawyer', women: 0.35 },
  { name: 'scientist', women: 0.4 },
  { name: 'farmer', women: 0.25 },
];
const WOMEN = ['woman', 'girl', 'lady', 'mother', 'young woman'];
const MEN = ['man', 'boy', 'gentleman', 'father', 'young man'];
const THINGS = [
  'red bicycle',
  'wooden table',
  'mountain lake',
  'bowl of soup',
  'city street',
  'old car',
  'sleeping cat',
];
const PLACES = [
  'in a kitchen',
  'at the office',
  'in the garden',
  'on the street',
  'at home',
  'by the sea',
  'in a workshop',
];

/** Mulberry32: a 32-bit generator, good enough for sample data and the same everywhere. */
export function generator(seed: number): () => number {
  let s = seed >>> 0;
  return () => {
    s = (s + 0x6d2b79f5) | 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)]!;
}

const SHARE_WITHOUT_PERSON = 0.35;
const SHARE_WITH_OCCUPATION = 0.6;
const SHARE_OF_WOMEN = 0.35;

function caption(random: () => number): string {
  if (random() < SHARE_WITHOUT_PERSON) return `a photo of a ${pick(THINGS, random)} ${pick(PLACES, random)}`;
  if (random() < SHARE_WITH_OCCUPATION) {
    const occupation = pick(OCCUPATIONS, random);
    const person = pick(random() < occupation.women ? WOMEN : MEN, random);
    return `portrait of a ${person} working as a ${occupation.name} ${pick(PLACES, random)}`;
  }
  return `a ${pick(random() < SHARE_OF_WOMEN ? WOMEN : MEN, random)} with a ${pick(THINGS, random)} ${pick(PLACES, random)}`;
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const out = Buffer.alloc(12 + body.length);
  out.writeUInt32BE(body.length, 0);
  out.write(type, 4, 'latin1');
  out.set(body, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + body.length)), 8 + body.length);
  return out;
}

const THUMBNAIL_SIDE = 16;

/** An 8-bit RGB PNG (W3C PNG, third edition) of one colour fading into another. */
function thumbnail(random: () => number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(THUMBNAIL_SIDE, 0);
  header.writeUInt32BE(THUMBNAIL_SIDE, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const from = [random() * 256, random() * 256, random() * 256];
  const to = [random() * 256, random() * 256, random() * 256];
  const rowBytes = 1 + 3 * THUMBNAIL_SIDE;
  const pixels = Buffer.alloc(rowBytes * THUMBNAIL_SIDE);
  for (let y = 0; y < THUMBNAIL_SIDE; y++) {
    for (let x = 0; x < 3 * THUMBNAIL_SIDE; x++) {
      const mix = y / (THUMBNAIL_SIDE - 1);
      pixels[y * rowBytes + 1 + x] = from[x % 3]! * (1 - mix) + to[x % 3]! * mix;
    }
  }
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', new Uint8Array()),
  ]);
}

/** Rows first .. first + rows - 1 of the data set with this seed: columns uid, url, text, original_width, original_height, clip_l14_similarity_score, image. */
export function demoBatch(seed: number, first: number, rows: number): RecordBatch {
  const column: Record<string, unknown[]> = { uid: [], url: [], text: [], width: [], height: [], score: [], image: [] };
  for (let i = first; i < first + rows; i++) {
    const random = generator(Math.imul(seed, 0x9e3779b1) ^ Math.imul(i + 1, 0x85ebca6b));
    column.uid!.push(i.toString(16).padStart(16, '0'));
    column.url!.push(`https://images.example/${i}.png`);
    column.text!.push(caption(random));
    column.width!.push(100 + Math.floor(random() * 1500));
    column.height!.push(100 + Math.floor(random() * 1100));
    column.score!.push(0.2 + 0.2 * random());
    column.image!.push(thumbnail(random));
  }
  const fields = [
    new Field('uid', new Utf8(), false),
    new Field('url', new Utf8(), true),
    new Field('text', new Utf8(), true),
    new Field('original_width', new Int32(), true),
    new Field('original_height', new Int32(), true),
    new Field('clip_l14_similarity_score', new Float32(), true),
    new Field('image', new Binary(), true),
  ];
  const children = Object.values(column).map(
    (values, i) => vectorFromArray(values as never[], fields[i]!.type).data[0]!,
  );
  return new RecordBatch(
    new Schema(fields),
    makeData({ type: new Struct(fields), length: rows, nullCount: 0, children }),
  );
}
