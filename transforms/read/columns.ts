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
import { CANONICAL_COLUMNS, type CanonicalColumn, type Config } from '../../schemas/config.js';
import { InputError, InvariantError } from '../../schemas/errors.js';
import type { ColumnInfo } from '../../schemas/split.js';

type Candidates = Partial<Record<CanonicalColumn, readonly string[]>>;

/**
 * Input names of each canonical column, best first, matched without regard to case.
 * laion: the metadata of LAION-400M and LAION-5B; commonpool: DataComp's metadata. CommonPool has two
 * similarity scores, so neither becomes `similarity`: filters name the one they mean.
 */
const PRESETS: Record<'laion' | 'commonpool' | 'auto', Candidates> = {
  laion: {
    id: ['sample_id', 'uid', 'key', 'hash'],
    text: ['text', 'caption'],
    url: ['url'],
    width: ['width', 'original_width'],
    height: ['height', 'original_height'],
    language: ['language'],
    similarity: ['similarity'],
  },
  commonpool: {
    id: ['uid'],
    text: ['text'],
    url: ['url'],
    width: ['original_width'],
    height: ['original_height'],
  },
  auto: {
    id: ['id', 'uid', 'sample_id', 'key'],
    text: ['text', 'caption'],
    url: ['url'],
    width: ['width', 'original_width'],
    height: ['height', 'original_height'],
    image: ['image'],
    language: ['language'],
    similarity: ['similarity'],
  },
};

/** One column of the batches that flow: its name here, its name in the file, its Arrow type as text. */
export interface ColumnSource {
  readonly name: string;
  readonly input: string;
  readonly type: string;
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
  const taken = new Set([...canonical.values()].map((c) => c.name));
  const sources: ColumnSource[] = [];
  for (const name of CANONICAL_COLUMNS) {
    const column = canonical.get(name);
    if (column !== undefined) sources.push({ name, input: column.name, type: column.type });
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

function byPreset(preset: 'auto' | 'laion' | 'commonpool', columns: readonly ColumnInfo[], file: string) {
  const found = new Map<CanonicalColumn, ColumnInfo>();
  for (const [name, candidates] of Object.entries(PRESETS[preset]) as [CanonicalColumn, readonly string[]][]) {
    const column = candidates
      .map(
        (candidate) =>
          columns.find((c) => c.name === candidate) ?? columns.find((c) => c.name.toLowerCase() === candidate),
      )
      .find((c) => c !== undefined);
    if (column !== undefined) found.set(name, column);
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
) {
  const found = new Map<CanonicalColumn, ColumnInfo>();
  for (const [name, input] of Object.entries(mapping) as [CanonicalColumn, string | undefined][]) {
    if (input === undefined) continue;
    const column = columns.find((c) => c.name === input);
    if (column === undefined) {
      throw new InputError('columns', {
        file,
        place: `input.columns.${name}`,
        expected: `a column ${input}`,
        got: columns.map((c) => c.name).join(', ') || 'no columns',
      });
    }
    found.set(name, column);
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
    const index = batch.schema.fields.findIndex((f) => f.name === source.input);
    const { type } = schema.fields[children.length]!;
    children.push(withType(batch.data.children[index]!, type));
  }
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length: batch.numRows, nullCount: 0, children }),
  );
}

/**
 * The schema of canonicalised batches, from the first decoded batch; `withId` adds the row-number id in front.
 * All fields are nullable and without metadata, so that it is the same whichever file is decoded first.
 */
export function canonicalSchema(batch: RecordBatch, sources: readonly ColumnSource[], withId: boolean): Schema {
  const fields = sources.map(({ name, input }) => {
    const field = batch.schema.fields.find((f) => f.name === input)!;
    return new Field(name, canonicalType(field.type), true);
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
