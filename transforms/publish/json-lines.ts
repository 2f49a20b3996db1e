/** Rows as lines of JSON in a file, for a load job. */
import { storageFor } from '../../storage/index.js';
import type { Row } from './rows.js';

export interface WrittenRows {
  readonly path: string;
  readonly rows: number;
  readonly sha256: string;
}

/** Bytes that are gathered before they are written. */
const CHUNK = 1 << 20;

export async function writeJsonLines(path: string, rows: Iterable<Row>): Promise<WrittenRows> {
  const sink = await storageFor(path).create(path);
  try {
    let count = 0;
    let text = '';
    for (const row of rows) {
      text += `${JSON.stringify(row)}\n`;
      count++;
      if (text.length < CHUNK) continue;
      await sink.write(Buffer.from(text));
      text = '';
    }
    await sink.write(Buffer.from(text));
    const { sha256 } = await sink.close();
    return { path, rows: count, sha256 };
  } catch (error) {
    await sink.abort();
    throw error;
  }
}
