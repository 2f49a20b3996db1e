/** Rows of many attributes and labels, for what statistics take: boolean attributes a0, a1, …, and a list of labels, drawn by rank. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Bool, Field, List, makeData, Schema, Utf8, vectorFromArray } from 'apache-arrow';
import { cacheFolder, type Options } from './options.js';
import { saveRows, snappyParquet } from './save-rows.js';
import { mulberry32 } from './synth.js';

export const MANY_ATTRIBUTES = 8;
export const MANY_LABELS = 10_000;

const SEED = 7;
/** Labels of a row at most. */
const LABELS_OF_ROW = 6;

/** The file of `rows` rows, made once; lower labels are commoner, each row has 0 to 6 of them, and the first 10,000 rows have all. */
export async function labelRows(options: Options, rows: number): Promise<string> {
  const file = join(cacheFolder(options, 'labels'), `labels-${rows}.parquet`);
  if (existsSync(file)) return file;
  const random = mulberry32(SEED);
  const item = new Field('item', new Utf8(), true);
  const attributes = Array.from({ length: MANY_ATTRIBUTES }, (_, k) => new Field(`a${k}`, new Bool(), true));
  const labels = new Field('labels', new List(item), true);
  const schema = new Schema([...attributes, labels]);
  await saveRows(file, {
    schema,
    writer: snappyParquet(schema),
    rows,
    columns(from, length) {
      const valueOffsets = new Int32Array(length + 1);
      const names: string[] = [];
      for (let i = 0; i < length; i++) {
        if (from + i < MANY_LABELS) names.push(`label ${from + i}`);
        for (let n = Math.floor(random() * LABELS_OF_ROW); n > 0; n--) {
          names.push(`label ${Math.floor(MANY_LABELS * random() ** 4)}`);
        }
        valueOffsets[i + 1] = names.length;
      }
      return [
        ...attributes.map(
          (_, k) =>
            vectorFromArray(
              Array.from({ length }, () => random() < (k + 1) / (MANY_ATTRIBUTES + 1)),
              new Bool(),
            ).data[0]!,
        ),
        makeData({ type: labels.type, length, valueOffsets, child: vectorFromArray(names, new Utf8()).data[0]! }),
      ];
    },
  });
  return file;
}
