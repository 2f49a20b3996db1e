import { type DataType, Field, RecordBatchReader, Schema, TimestampMicrosecond, TimeUnit, Type } from 'apache-arrow';
import { Message } from 'apache-arrow/ipc/metadata/message';
import { emptyFile } from './parquet-file.js';
import { type Footer, parquetError, type TopColumn } from './parquet-footer.js';
import { parquetThread } from './parquet-thread.js';

/** The Arrow fields of a file's columns, in file order, and what makes the decoder give just these types. */
export interface ColumnTypes {
  readonly fields: readonly Field[];
  /** For columns with Spark's and Impala's 96-bit timestamps (INT96). */
  readonly int96: ReadonlySet<TopColumn>;
}

/**
 * INT96 has nanoseconds and a day number, and overflows as 64-bit nanoseconds outside of 1677 to 2262. Its writers mean microseconds, so that is
 * what is asked for; other timestamps in nanoseconds stay as they are, since the hint only changes INT96.
 */
function inMicroseconds(type: DataType): DataType {
  if (type.typeId === Type.Timestamp) {
    return (type as unknown as { unit: TimeUnit }).unit === TimeUnit.NANOSECOND ? new TimestampMicrosecond() : type;
  }
  if (type.children === undefined || type.children === null || type.children.length === 0) return type;
  const children = type.children.map((f) => new Field(f.name, inMicroseconds(f.type), f.nullable, f.metadata));
  return Object.assign(Object.create(Object.getPrototypeOf(type)), type, { children }) as DataType;
}

const known = new WeakMap<Footer, Promise<ColumnTypes>>();

/** The Arrow types that a file's columns are read as. Rejects with an InputError for a schema that cannot be read. */
export function columnTypes(footer: Footer, file: string): Promise<ColumnTypes> {
  let types = known.get(footer);
  if (types === undefined) {
    types = readTypes(footer, file);
    known.set(footer, types);
  }
  return types;
}

async function readTypes(footer: Footer, file: string): Promise<ColumnTypes> {
  let fields: readonly Field[];
  try {
    const empty = emptyFile(footer);
    const aside = parquetThread();
    // parquet-wasm takes time to load, which this thread has no other need for where there is another.
    const stream =
      aside === undefined ? (await import('./parquet-codec.js')).schemaOf(empty) : await aside.schema(empty);
    fields = RecordBatchReader.from(stream).open().schema.fields;
  } catch (error) {
    throw parquetError(file, 'schema', 'column types that can be read', `${(error as Error).message ?? error}`, error);
  }
  const int96 = new Set(footer.columns.filter((c) => c.elements.some((e) => e.type === 'INT96')));
  return {
    fields: fields.map((f, i) =>
      int96.has(footer.columns[i]!) ? new Field(f.name, inMicroseconds(f.type), f.nullable, f.metadata) : f,
    ),
    int96,
  };
}

/** An Arrow schema as Parquet files carry it under `ARROW:schema`: an encapsulated IPC message in base64. */
export function schemaHint(fields: readonly Field[]): string {
  const message = Message.encode(Message.from(new Schema([...fields])));
  const head = Buffer.alloc(8);
  head.writeInt32LE(-1, 0);
  head.writeInt32LE(message.length, 4);
  return Buffer.concat([head, message]).toString('base64');
}
