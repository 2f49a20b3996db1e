/**
 * WebDataset: a tar file (POSIX ustar) in which the files of a sample stand side by side and share a name up to the first dot. Each has the image as it is,
 * under the ending of its type, the caption as `.txt` and every other column in `.json`. Times, owners and modes are constants, so that the bytes depend on the
 * rows alone.
 */
import { type Data, type RecordBatch, type Schema, Type } from 'apache-arrow';
import { InputError, InvariantError } from '../schemas/errors.js';
import type { BatchWriter } from './format.js';
import { imageEnding } from './image-header.js';
import { jsonText } from './json-text.js';

const BLOCK_BYTES = 512;

/** The header's field for a name, without its closing zero; longer ones would need a second header. */
const NAME_BYTES = 99;

/** What 11 octal digits hold. */
const MAXIMUM_FILE_BYTES = 8 ** 11 - 1;

/** Of an image of none of the known formats. */
const UNKNOWN_ENDING = 'bin';

/** The header of a regular file (IEEE Std 1003.1, ustar interchange format). */
function tarHeader(name: string, bytes: number): Uint8Array {
  if (name.length > NAME_BYTES) throw new InvariantError(`a name of ${name.length} bytes in a tar file: ${name}`);
  if (bytes > MAXIMUM_FILE_BYTES) {
    throw new InputError('WebDataset output', {
      place: name,
      expected: `at most ${MAXIMUM_FILE_BYTES} bytes`,
      got: `${bytes}`,
    });
  }
  const header = Buffer.alloc(BLOCK_BYTES);
  header.write(name, 0, 'latin1');
  header.write('0000644\0', 100, 'latin1');
  header.write('0000000\0', 108, 'latin1');
  header.write('0000000\0', 116, 'latin1');
  header.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write('00000000000\0', 136, 'latin1');
  header.write('        ', 148, 'latin1');
  header.write('0', 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

function bytesAt(data: Data, row: number): Uint8Array {
  const offsets = data.valueOffsets as Int32Array;
  return (data.values as Uint8Array).subarray(offsets[row]!, offsets[row + 1]!);
}

const isText = ({ typeId }: { typeId: Type }) => typeId === Type.Utf8;

/**
 * A tar file of samples. The first column has their keys: ASCII without dots and slashes, at most 90 bytes, no two samples' the same. `image` (binary) and
 * `text` become files where there are such columns; a null image, and one without bytes, has no file, a null text an empty one.
 */
export function webdatasetWriter(schema: Schema): BatchWriter {
  const names = schema.fields.map((f) => f.name);
  const image = schema.fields.findIndex((f) => f.name === 'image' && f.type.typeId === Type.Binary);
  const text = schema.fields.findIndex((f) => f.name === 'text' && isText(f.type));
  const rest = names.map((_, i) => i).filter((i) => i !== 0 && i !== image && i !== text);
  const labels = names.map((name) => JSON.stringify(name));

  const write = (batch: RecordBatch): Uint8Array[] => {
    const columns = batch.data.children;
    const out: Uint8Array[] = [];
    const add = (name: string, body: Uint8Array) => {
      out.push(tarHeader(name, body.length), body);
      const padding = (BLOCK_BYTES - (body.length % BLOCK_BYTES)) % BLOCK_BYTES;
      if (padding > 0) out.push(new Uint8Array(padding));
    };
    for (let row = 0; row < batch.numRows; row++) {
      const key = Buffer.from(bytesAt(columns[0]!, row)).toString('latin1');
      if (image >= 0 && columns[image]!.getValid(row)) {
        const body = bytesAt(columns[image]!, row);
        if (body.length > 0) add(`${key}.${imageEnding(body) ?? UNKNOWN_ENDING}`, body);
      }
      if (text >= 0) add(`${key}.txt`, columns[text]!.getValid(row) ? bytesAt(columns[text]!, row) : new Uint8Array());
      const fields = rest.map((i) => `${labels[i]}:${jsonText(columns[i]!, row)}`);
      add(`${key}.json`, Buffer.from(`{${fields.join(',')}}`));
    }
    return out.length === 0 ? [] : [Buffer.concat(out)];
  };
  // Two blocks of zeros end a tar file.
  return { write, close: () => [new Uint8Array(2 * BLOCK_BYTES)] };
}
