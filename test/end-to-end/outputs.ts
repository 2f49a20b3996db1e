/** What a run wrote, read back with readers that are not the writers' own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decompress, init } from '@bokuweb/zstd-wasm';
import { type Table, tableFromIPC } from 'apache-arrow';
import { parquetMetadata, parquetRead } from 'hyparquet';
import { decodeExample, type Feature } from '../../formats/example.js';
import { readTfrecords } from '../../formats/tfrecord-reader.js';
import type { Duals } from '../../schemas/duals.js';
import type { Manifest } from '../../schemas/manifest.js';
import type { Report } from '../../schemas/report.js';
import { memorySource } from '../formats/memory.js';

export interface ReadTable {
  readonly names: readonly string[];
  /** Rows of values, in the order of names. */
  readonly rows: readonly (readonly unknown[])[];
}

/** Once: a second call makes another decoder of the one that is at work. */
const ready = init();

/** A Parquet file by hyparquet. */
export async function readParquetFile(path: string): Promise<ReadTable> {
  await ready;
  const bytes = readFileSync(path);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const { schema } = parquetMetadata(file);
  const names: string[] = [];
  // Top-level columns: each element of the schema tells how many of the next are its own.
  for (let at = 1; at < schema.length; ) {
    names.push(schema[at]!.name);
    for (let open = 1; open > 0; at++) open += (schema[at]!.num_children ?? 0) - 1;
  }
  let rows: unknown[][] = [];
  await parquetRead({
    file,
    compressors: { ZSTD: (input) => decompress(input) },
    rowFormat: 'array',
    // Without this, bytes that no one calls text are decoded as UTF-8.
    utf8: false,
    onComplete: (read: unknown) => {
      rows = read as unknown[][];
    },
  } as Parameters<typeof parquetRead>[0]);
  return { names, rows };
}

export function readArrowFile(path: string): Table {
  return tableFromIPC(readFileSync(path));
}

export async function readExamples(path: string): Promise<Map<string, Feature>[]> {
  const examples: Map<string, Feature>[] = [];
  for await (const record of readTfrecords(memorySource(new Uint8Array(readFileSync(path)), path))) {
    examples.push(decodeExample(record.slice()));
  }
  return examples;
}

export function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(...path), 'utf8')) as T;
}

export interface Output {
  readonly manifest: Manifest;
  readonly report: Report;
  readonly duals: Omit<Duals, 'w'> & { readonly w: readonly number[] };
  /** Absolute paths, in order. */
  shards(format: string): string[];
  readonly weights: string[];
}

export function readOutput(directory: string): Output {
  const manifest = readJson<Manifest>(directory, 'manifest.json');
  const paths = (kind: string, format?: string) =>
    manifest.files
      .filter((f) => f.kind === kind && (format === undefined || f.format === format))
      .map((f) => join(directory, f.path));
  return {
    manifest,
    report: readJson<Report>(directory, 'report.json'),
    duals: readJson(directory, 'duals.json'),
    shards: (format) => paths('shard', format),
    weights: paths('weights'),
  };
}

export interface WeightRow {
  readonly id: string | null;
  readonly weight: number;
  readonly copies: number;
  /** s_<attribute>; null: not known. */
  readonly attributes: Readonly<Record<string, boolean | number | null>>;
  readonly labels: readonly string[];
  /** null: written. */
  readonly reason: string | null;
}

/** The weights table, whole, by hyparquet. */
export async function readWeights(paths: readonly string[]): Promise<WeightRow[]> {
  const all: WeightRow[] = [];
  for (const path of paths) {
    const { names, rows } = await readParquetFile(path);
    const at = (name: string) => names.indexOf(name);
    const attributes = names.filter((name) => name.startsWith('s_'));
    for (const row of rows) {
      all.push({
        id: row[at('id')] === null || row[at('id')] === undefined ? null : String(row[at('id')]),
        weight: row[at('weight')] as number,
        copies: Number(row[at('copies')]),
        attributes: Object.fromEntries(attributes.map((name) => [name, (row[at(name)] ?? null) as boolean | null])),
        labels: (row[at('labels')] as string[] | null) ?? [],
        reason: (row[at('reason')] as string | null | undefined) ?? null,
      });
    }
  }
  return all;
}
