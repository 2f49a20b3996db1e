/** Nights on gs:// for tests of `nightly`: the data, the command, and what must be true of an output whatever happened. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { runNightly } from '../../pipelines/index.js';
import {
  type Latest,
  type Ledger,
  latestSchema,
  ledgerSchema,
  type SetFile,
  setSchema,
} from '../../schemas/nightly.js';
import { afterNight, nightlyConfig, saveNight } from '../end-to-end/nights.js';
import { BUCKET, type Emulator } from './gcs.js';

export const NIGHTS = ['2026-05-01', '2026-05-02', '2026-05-03'] as const;
/** Of each night. */
export const ROWS = 300;
export const NIGHTLY = { window: '5d', gates: { rb: 'off', ab: 'off' } };
/** What the run after each night is called. */
export const RUNS = ['2026-05-02T03-00Z', '2026-05-03T03-00Z', '2026-05-04T03-00Z'];

/** Where the nights are uploaded to. */
export const PAIRS = `gs://${BUCKET}/pairs`;
export const markerOf = (night: string) => `${PAIRS}/${night}/_SUCCESS`;

export interface LocalNights {
  /** A folder for the test file. */
  readonly folder: string;
  /** The nights' files, a folder each. */
  readonly data: string;
  /** The set after each night, as `nightly` makes it on a disk. */
  readonly expected: readonly Told[];
}

/** Makes the nights, and the sets of them, in a folder that is gone when the test file ends. */
export async function localNights(): Promise<LocalNights> {
  const folder = mkdtempSync(join(tmpdir(), 'm4-balance-gs-'));
  after(() => rmSync(folder, { recursive: true }));
  const [data, out] = [join(folder, 'data'), join(folder, 'out')];
  const read = (path: string) => JSON.parse(readFileSync(join(out, path), 'utf8'));
  const expected: Told[] = [];
  for (const [i, night] of NIGHTS.entries()) {
    await saveNight(data, night, { seed: i + 1 });
    await runNightly(nightlyConfig(data, out, NIGHTLY), { now: afterNight(night) });
    expected.push(told(setSchema.parse(read(latestSchema.parse(read('latest.json')).set)).files));
  }
  return { folder, data, expected };
}

/** What a trainer is given, whatever the folders are called. */
export const told = (files: readonly SetFile[]) =>
  files
    .map(({ night, kind, format, rows, bytes, sha256, share }) => ({ night, kind, format, rows, bytes, sha256, share }))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

export type Told = ReturnType<typeof told>;

/** The command of the night after `night`. */
export const commandOf = (out: string, night: string, ...more: string[]) => [
  ...['nightly', '--input', `${PAIRS}/{date}/*.parquet`, '--output', out, '--rate', 'auto', '--json'],
  ...['--attributes', '{female: {column: female, target: 0.5}}', '--labels', '[{columns: ["y_*"]}]'],
  ...['--balance.tolerance', '{rb: 0.01, ab: 0.02}', '--output.formats', 'arrow', '--output.weights', 'none'],
  ...['--report.rates', '0', '--nightly.window', '5d', '--nightly.gates.rb', 'off', '--nightly.gates.ab', 'off'],
  ...['--nightly.marker', `${PAIRS}/{date}/_SUCCESS`, '--now', afterNight(night).toISOString(), ...more],
];

export interface InUse {
  readonly latest: Latest;
  readonly ledger: Ledger;
  readonly files: readonly SetFile[];
}

/** What the tests ask of the outputs in an emulator. */
export function outputsOf(emulator: Emulator) {
  const text = async (path: string) => Buffer.from(await emulator.storage.readAll(path)).toString();
  const json = async (path: string) => JSON.parse(await text(path));
  const latestOf = async (out: string): Promise<Latest> => latestSchema.parse(await json(`${out}/latest.json`));
  const namesIn = async (path: string) =>
    (await emulator.storage.listFiles(path)).map((f) => f.path.slice(path.length + 1));

  /** What latest.json leads to: every file of the set is there, once, with the bytes that it tells of; each night is counted once. */
  async function requireWhole(out: string): Promise<InUse> {
    const latest = await latestOf(out);
    const { files } = setSchema.parse(await json(`${out}/${latest.set}`));
    const ledger = ledgerSchema.parse(await json(`${out}/${latest.ledger}`));
    const there = await emulator.digests(out);
    for (const { path, sha256 } of files) assert.equal(there[path], sha256, path);
    assert.equal(new Set(files.map(({ path }) => path)).size, files.length);
    const nights = ledger.nights.map(({ night }) => night);
    assert.deepEqual(nights, [...new Set(nights)].sort());
    assert.equal(
      ledger.figures.rows,
      ledger.nights.reduce((sum, { rows }) => sum + rows, 0),
    );
    const manifest = await json(`${out}/${latest.manifest}`);
    const place = latest.manifest.slice(0, -'manifest.json'.length);
    for (const { path, sha256 } of manifest.files) assert.equal(there[`${place}${path}`], sha256, path);
    assert.equal(manifest.rows.read, ledger.figures.rows);
    return { latest, ledger, files };
  }

  /** Nothing but what is in use, and the runs that are kept, is left. */
  async function requireClean(out: string, runs: readonly string[]): Promise<void> {
    assert.deepEqual([...new Set((await namesIn(`${out}/runs`)).map((name) => name.split('/')[0]!))], runs);
    assert.deepEqual(await namesIn(`${out}/work`), []);
    for (const run of runs) {
      const manifest = await json(`${out}/runs/${run}/manifest.json`);
      const listed = manifest.files.map((file: { path: string }) => file.path);
      assert.deepEqual((await namesIn(`${out}/runs/${run}`)).sort(), [...listed, 'manifest.json'].sort());
    }
    const claims = await namesIn(`${out}/lock`);
    assert.equal(claims.length, 1, claims.join());
    assert.equal((await json(`${out}/lock/${claims[0]}`)).released, true);
  }

  async function copyAll(from: string, to: string): Promise<void> {
    for (const path of await namesIn(from)) await emulator.storage.copy(`${from}/${path}`, `${to}/${path}`);
  }

  return { text, json, namesIn, copyAll, requireWhole, requireClean };
}
