/** WebDataset shards of images: a caption, an id and random bytes between the head and the end of a JPEG, which nothing here decodes. */
import { existsSync, renameSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Binary, Field, Schema, Utf8, vectorFromArray } from 'apache-arrow';
import { webdatasetWriter } from '../formats/webdataset-writer.js';
import { cacheFolder, type Options } from './options.js';
import { saveRows } from './save-rows.js';
import { mulberry32 } from './synth.js';

/** Shards of an input, unless there are to be more. */
export const SHARDS = 4;
/** Image shards have fewer rows than captions: this many rows of `--rows` make one image. */
const ROWS_OF_IMAGE = 125;
/** Images are this large, give or take a half: as 256 pixels wide, of quality 90. */
const IMAGE_BYTES = 40_000;
/** Start, frame of 256 by 256 pixels in three components, start of scan (ITU-T T.81, annex B). */
const HEAD = Buffer.from('ffd8ffc00011080100010003012200021101031101ffda000c03010002110311003f00', 'hex');
const END = Uint8Array.of(0xff, 0xd9);
const BATCH_ROWS = 128;
const SEED = 13;
const WHO = ['A woman', 'A man', 'A nurse', 'Two people', 'Her doctor', 'A boy'];

export function imagesOfShard({ rows }: Options): number {
  return Math.max(1, Math.floor(rows / ROWS_OF_IMAGE / SHARDS));
}

/** The folder of `shards` tar files of `images` images each, made once. */
export async function imageShards(options: Options, shards: number, images: number): Promise<string> {
  const folder = join(cacheFolder(options, 'images'), `${shards}-of-${images}`);
  if (existsSync(folder)) return folder;
  const partial = `${folder}.part`;
  await mkdir(partial, { recursive: true });
  const random = mulberry32(SEED);
  // Bytes that no compression helps; each image begins at another place of them.
  const noise = Uint8Array.from({ length: 4 * IMAGE_BYTES }, () => 256 * random());
  const names = ['key', 'image', 'text', 'id'];
  const types = [new Utf8(), new Binary(), new Utf8(), new Utf8()];
  const schema = new Schema(names.map((name, i) => new Field(name, types[i]!, true)));
  for (let shard = 0; shard < shards; shard++) {
    await saveRows(join(partial, `${String(shard).padStart(5, '0')}.tar`), {
      schema,
      writer: webdatasetWriter(schema),
      rows: images,
      batchRows: BATCH_ROWS,
      columns(from, length) {
        const row = Array.from({ length }, (_, i) => shard * images + from + i);
        const keys = row.map((i) => String(i).padStart(9, '0'));
        const pictures = row.map(() => {
          const start = Math.floor(2 * IMAGE_BYTES * random());
          const picture = noise.slice(start, start + Math.floor(IMAGE_BYTES * (0.5 + random())));
          picture.set(HEAD);
          picture.set(END, picture.length - END.length);
          return picture;
        });
        const values = [keys, pictures, row.map((i) => `${WHO[i % WHO.length]} in picture ${i}`), keys];
        return values.map((column, i) => vectorFromArray(column as string[], types[i] as Utf8).data[0]!);
      },
    });
  }
  renameSync(partial, folder);
  return folder;
}
