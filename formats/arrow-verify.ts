/**
 * Checks the flatbuffers of Arrow's metadata before apache-arrow decodes them: its reader takes any length for true and would build fields until memory
 * ends. Field numbers are those of Arrow's Message.fbs, Schema.fbs and File.fbs.
 */

/** Field types nest; deeper than this is not data. */
const MAXIMUM_DEPTH = 64;

const MESSAGE = { headerType: 1, header: 2 };
const HEADER = { schema: 1, dictionary: 2, batch: 3 };
const FOOTER = { schema: 1, dictionaries: 2, batches: 3 };
const SCHEMA = { fields: 1, metadata: 2 };
const FIELD = { name: 0, type: 3, dictionary: 4, children: 5, metadata: 6 };
const BATCH = { nodes: 1, buffers: 2, variadic: 4 };
const DICTIONARY_BATCH_DATA = 1;
const BLOCK_BYTES = 24;
const PAIR_BYTES = 16;

/** Throws a plain Error (or RangeError) where a table, vector or string does not lie within the bytes. */
export function verifyMetadata(bytes: Uint8Array, kind: 'message' | 'footer'): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Tables may be shared, so that a few bytes stand for any number of fields; an honest file has 4 bytes for each at least.
  let tables = bytes.length / 4;

  /** Position of field `index` of a table. */
  const field = (table: number, index: number): number | undefined => {
    const layout = table - view.getInt32(table, true);
    if (4 + 2 * index >= view.getUint16(layout, true)) return undefined;
    const offset = view.getUint16(layout + 4 + 2 * index, true);
    return offset === 0 ? undefined : table + offset;
  };
  const child = (table: number, index: number): number | undefined => {
    const at = field(table, index);
    if (at === undefined) return undefined;
    if (--tables < 0) throw new Error('more tables than its bytes can hold');
    const target = at + view.getUint32(at, true);
    // Reads of a table that is not there would throw here.
    view.getUint16(target - view.getInt32(target, true), true);
    return target;
  };
  const vector = (table: number, index: number, size: number): { start: number; count: number } => {
    const at = field(table, index);
    if (at === undefined) return { start: 0, count: 0 };
    const start = at + view.getUint32(at, true);
    const count = view.getUint32(start, true);
    if (count * size > bytes.length - start - 4) throw new Error(`a list of ${count} in ${bytes.length} bytes`);
    return { start: start + 4, count };
  };
  const each = (table: number, index: number, visit: (child: number) => void) => {
    const { start, count } = vector(table, index, 4);
    for (let i = 0; i < count; i++) {
      if (--tables < 0) throw new Error('more tables than its bytes can hold');
      const at = start + 4 * i;
      visit(at + view.getUint32(at, true));
    }
  };
  const pairs = (table: number, index: number) =>
    each(table, index, (pair) => {
      vector(pair, 0, 1);
      vector(pair, 1, 1);
    });
  const column = (table: number, depth: number) => {
    if (depth > MAXIMUM_DEPTH) throw new Error('columns nested too deep');
    vector(table, FIELD.name, 1);
    child(table, FIELD.type);
    child(table, FIELD.dictionary);
    pairs(table, FIELD.metadata);
    each(table, FIELD.children, (inner) => column(inner, depth + 1));
  };
  const schema = (table: number) => {
    each(table, SCHEMA.fields, (inner) => column(inner, 0));
    pairs(table, SCHEMA.metadata);
  };
  const batch = (table: number) => {
    vector(table, BATCH.nodes, PAIR_BYTES);
    vector(table, BATCH.buffers, PAIR_BYTES);
    vector(table, BATCH.variadic, 8);
  };

  const root = view.getUint32(0, true);
  if (kind === 'footer') {
    const at = child(root, FOOTER.schema);
    if (at === undefined) throw new Error('no schema');
    schema(at);
    vector(root, FOOTER.dictionaries, BLOCK_BYTES);
    vector(root, FOOTER.batches, BLOCK_BYTES);
    return;
  }
  const typeAt = field(root, MESSAGE.headerType);
  const header = child(root, MESSAGE.header);
  if (typeAt === undefined || header === undefined) throw new Error('no header');
  const type = view.getUint8(typeAt);
  if (type === HEADER.schema) schema(header);
  if (type === HEADER.batch) batch(header);
  if (type === HEADER.dictionary) {
    const data = child(header, DICTIONARY_BATCH_DATA);
    if (data === undefined) throw new Error('no data');
    batch(data);
  }
}
