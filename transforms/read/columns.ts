/** Which input column is which canonical column, file by file, and batches brought into that form. */
import {
  type Data,
  DataType,
  Field,
  FixedSizeList,
  List,
  Map_,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Utf8,
} from 'apache-arrow';
import { CANONICAL_COLUMNS, type CanonicalColumn, type ColumnPreset, type Config } from '../../schemas/config.js';
import { InputError, InvariantError } from '../../schemas/errors.js';
import type { ColumnInfo } from '../../schemas/split.js';
import { IMAGE_EXTENSIONS, PRESETS } from './column-presets.js';
import { firstImages, isImageStruct, structField } from './image-column.js';

/** One column of the batches that flow: its name here, its name in the file, its Arrow type as text. */
export interface ColumnSource {
  readonly name: string;
  readonly input: string;
  readonly type: string;
  /** Other columns of the file, of the same type: where `input` is null, the first of them that is not. */
  readonly others?: readonly string[];
  /** A field of `input`, which is a struct. */
  readonly field?: 'bytes' | 'path';
}

/** Names of all columns of the file that the sources are made of, each once. */
export function inputsOf(sources: readonly ColumnSource[]): string[] {
  return [...new Set(sources.flatMap(({ input, others = [] }) => [input, ...others]))];
}

/**
 * Canonical columns first, then the file's other columns under their own names.
 * Throws InputError when a mapped column is absent, when a preset recognises nothing, or when two columns would get one name.
 */
export function resolveColumns(
  mapping: Config['input']['columns'],
  columns: readonly ColumnInfo[],
  file: string,
): ColumnSource[] {
  const canonical = typeof mapping === 'string' ? byPreset(mapping, columns, file) : byMapping(mapping, columns, file);
  const taken = new Set([...canonical.values()].flat().map((c) => c.name));
  const sources: ColumnSource[] = [];
  for (const name of CANONICAL_COLUMNS) {
    const [column, ...others] = canonical.get(name) ?? [];
    if (column === undefined) continue;
    const { name: input, type } = column;
    if (name === 'image' && isImageStruct(type)) {
      sources.push({ name, input, type: 'Binary', field: 'bytes' });
      sources.push({ name: 'image_path', input, type: 'Utf8', field: 'path' });
    } else if (others.length === 0) sources.push({ name, input, type });
    else sources.push({ name, input, type, others: others.map((c) => c.name) });
  }
  for (const column of columns) {
    if (taken.has(column.name)) continue;
    sources.push({ name: column.name, input: column.name, type: column.type });
  }
  const seen = new Set<string>();
  for (const { name, input } of sources) {
    if (seen.has(name)) {
      throw new InputError('columns', {
        file,
        place: `column ${input}`,
        expected: 'each name once',
        got: `a second column that would be called ${name}`,
        hint: 'Map the columns in input.columns.',
      });
    }
    seen.add(name);
  }
  return sources;
}

type Found = Map<CanonicalColumn, readonly ColumnInfo[]>;

/** The columns of a canonical one, best first: the first that is there and, where it is an image by its extension, those of the other extensions. */
function alternatives(names: readonly string[], find: (name: string) => ColumnInfo | undefined): ColumnInfo[] {
  const [first, ...others] = names.map(find).filter((c) => c !== undefined);
  if (first === undefined) return [];
  const isExtension = ({ name }: ColumnInfo) => (IMAGE_EXTENSIONS as readonly string[]).includes(name.toLowerCase());
  return isExtension(first) ? [first, ...others.filter((c) => isExtension(c) && c.type === first.type)] : [first];
}

function byPreset(preset: ColumnPreset, columns: readonly ColumnInfo[], file: string): Found {
  const found: Found = new Map();
  const find = (candidate: string) =>
    columns.find((c) => c.name === candidate) ?? columns.find((c) => c.name.toLowerCase() === candidate);
  for (const [name, candidates] of Object.entries(PRESETS[preset]) as [CanonicalColumn, readonly string[]][]) {
    const all = alternatives(candidates, find);
    if (all.length > 0) found.set(name, all);
  }
  if (preset !== 'auto' && found.size === 0) {
    throw new InputError('columns', {
      file,
      expected: `some of the columns of the preset ${preset} (${Object.values(PRESETS[preset])
        .map((c) => c[0])
        .join(', ')})`,
      got: columns.map((c) => c.name).join(', ') || 'no columns',
      hint: 'Give a mapping in input.columns, such as {id: uid, text: caption}.',
    });
  }
  return found;
}

function byMapping(
  mapping: Partial<Record<CanonicalColumn, string | undefined>>,
  columns: readonly ColumnInfo[],
  file: string,
): Found {
  const found: Found = new Map();
  for (const [name, input] of Object.entries(mapping) as [CanonicalColumn, string | undefined][]) {
    if (input === undefined) continue;
    const find = (wanted: string) => columns.find((c) => c.name === wanted);
    const exact = find(input);
    const all = exact !== undefined ? [exact] : input.split(';').flatMap((wanted) => find(wanted) ?? []);
    const [first] = all;
    if (first === undefined) {
      throw new InputError('columns', {
        file,
        place: `input.columns.${name}`,
        expected: `a column ${input}`,
        got: columns.map((c) => c.name).join(', ') || 'no columns',
      });
    }
    const other = all.find((c) => c.type !== first.type || (all.length > 1 && c.type !== 'Binary'));
    if (other !== undefined) {
      const expected = 'alternatives that are all Binary, as images are';
      const got = `${other.name}, which is ${other.type}`;
      throw new InputError('columns', { file, place: `input.columns.${name}`, expected, got });
    }
    found.set(name, all);
  }
  return found;
}

/**
 * The batch with the columns of `sources`, in that order and under those names, sharing memory with the input.
 * Where no column is called `id`, one is made of the global row number in decimal, so that every example has an id
 * that does not depend on how the input was cut.
 */
export function canonicalise(
  batch: RecordBatch,
  sources: readonly ColumnSource[],
  schema: Schema,
  firstRow: number,
): RecordBatch {
  const children: Data[] = [];
  const missingId = schema.fields.length > sources.length;
  if (missingId) children.push(rowNumbers(firstRow, batch.numRows));
  for (const source of sources) {
    const { type } = schema.fields[children.length]!;
    children.push(withType(dataOf(batch, source), type));
  }
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length: batch.numRows, nullCount: 0, children }),
  );
}

function dataOf(batch: RecordBatch, { input, others = [], field }: ColumnSource): Data {
  const column = (name: string) => batch.data.children[batch.schema.fields.findIndex((f) => f.name === name)]!;
  if (field !== undefined) return structField(column(input), field);
  return others.length === 0 ? column(input) : firstImages([input, ...others].map(column));
}

/**
 * The schema of canonicalised batches, from the first decoded batch; `withId` adds the row-number id in front.
 * All fields are nullable and without metadata, so that it is the same whichever file is decoded first.
 */
export function canonicalSchema(batch: RecordBatch, sources: readonly ColumnSource[], withId: boolean): Schema {
  const fields = sources.map(({ name, input, field }) => {
    const { type } = batch.schema.fields.find((f) => f.name === input)!;
    const carried = field === undefined ? type : type.children.find((f: Field) => f.name === field)!.type;
    return new Field(name, canonicalType(carried), true);
  });
  return new Schema(withId ? [new Field('id', new Utf8(), true), ...fields] : fields);
}

/**
 * The type with what writers call the inside of lists and maps, and whether it may be null, taken away: those differ between
 * files with the same values, and the output must not depend on which file a worker sees first.
 */
function canonicalType(type: DataType): DataType {
  const inside = (name?: string) => type.children.map((f) => new Field(name ?? f.name, canonicalType(f.type), true));
  if (DataType.isList(type)) return new List(inside('item')[0]!);
  if (DataType.isFixedSizeList(type)) return new FixedSizeList(type.listSize, inside('item')[0]!);
  if (DataType.isStruct(type)) return new Struct(inside());
  if (!DataType.isMap(type)) return type;
  const [key, value] = type.children[0]!.type.children.map((f: Field) => canonicalType(f.type));
  const entries = new Struct([new Field('key', key, false), new Field('value', value, true)]);
  return new Map_(new Field('entries', entries, false), type.keysSorted);
}

/** The same values under a type that differs in names only. */
function withType(data: Data, type: DataType): Data {
  if (data.children.length === 0) return data;
  const children = data.children.map((child, i) => withType(child, type.children[i]!.type));
  return data.clone(type, data.offset, data.length, data.nullCount, undefined, children);
}

/** A Utf8 column of the decimal numbers first, first + 1, ...; first + rows must be a safe integer. */
function rowNumbers(first: number, rows: number): Data<Utf8> {
  const longest = String(first + rows).length;
  const bytes = Buffer.allocUnsafe(longest * rows);
  const valueOffsets = new Int32Array(rows + 1);
  let at = 0;
  for (let i = 0; i < rows; i++) {
    at += bytes.write(String(first + i), at, 'latin1');
    valueOffsets[i + 1] = at;
  }
  return makeData({
    type: new Utf8(),
    length: rows,
    nullCount: 0,
    valueOffsets,
    data: new Uint8Array(bytes.buffer, bytes.byteOffset, at),
  });
}

/** The batch with these columns only, sharing memory. (`RecordBatch.select` of apache-arrow 21 loses the data.) Throws InvariantError for a name it does not have. */
export function project(batch: RecordBatch, names: readonly string[]): RecordBatch {
  const positions = names.map((name) => batch.schema.fields.findIndex((f) => f.name === name));
  if (positions.includes(-1)) throw new InvariantError(`no column ${names[positions.indexOf(-1)]} in the batch`);
  const schema = new Schema(positions.map((p) => batch.schema.fields[p]));
  const children = positions.map((p) => batch.data.children[p]);
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length: batch.numRows, nullCount: 0, children }),
  );
}
