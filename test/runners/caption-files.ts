/** Input of the tests on real runners: real captions where they are at hand, else made ones; cut into many row groups. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Utf8 } from 'apache-arrow';
import { demoBatch } from '../../scripts/demo-data.js';
import { batchOf, saveParquet } from '../end-to-end/inputs.js';
import { readParquetFile } from '../end-to-end/outputs.js';
import { sharedPath } from '../shared.js';

const CAPTIONS = ['coco_val2017_captions', 'cc3m_val'] as const;
const DEMO_SEED = 11;

interface Cut {
  /** Of each of the two files. */
  readonly rows: number;
  readonly rowGroupRows: number;
}

/** Writes two Parquet files with the columns id and text below `folder`, and gives their folder. */
export async function saveCaptions(folder: string, { rows, rowGroupRows }: Cut): Promise<string> {
  const input = join(folder, 'input');
  mkdirSync(input);
  for (const [i, name] of CAPTIONS.entries()) {
    const { ids, texts } = await captions(name, i * rows, rows);
    const batch = batchOf([
      ['id', { type: new Utf8(), values: ids }],
      ['text', { type: new Utf8(), values: texts }],
    ]);
    await saveParquet(join(input, `${name}.parquet`), batch, rowGroupRows);
  }
  return input;
}

const known = new Map<string, ReturnType<typeof readCaptions>>();

/** Read once a process. */
function captions(name: string, first: number, rows: number): ReturnType<typeof readCaptions> {
  const key = `${name} ${first} ${rows}`;
  const found = known.get(key) ?? readCaptions(name, first, rows);
  known.set(key, found);
  return found;
}

async function readCaptions(name: string, first: number, rows: number) {
  const file = sharedPath(`data/pairs/${name}.parquet`);
  if (!existsSync(file)) {
    const batch = demoBatch(DEMO_SEED, first, rows);
    return { ids: [...batch.getChild('uid')!], texts: [...batch.getChild('text')!] };
  }
  const { names, rows: read } = await readParquetFile(file);
  const column = (wanted: string) => read.slice(0, rows).map((row) => String(row[names.indexOf(wanted)]));
  return { ids: column('id').map((id) => `${name} ${id}`), texts: column('text') };
}
