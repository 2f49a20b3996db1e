import assert from 'node:assert/strict';
import { existsSync, linkSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Float32, Int32, Utf8 } from 'apache-arrow';
import { demoBatch } from '../../scripts/demo-data.js';
import { start } from './command.js';
import { batchOf, saveParquet } from './inputs.js';
import { readOutput } from './outputs.js';
import { scratch } from './scratch.js';

const FILE_ROWS = 100_000;
const FEW_FILES = 5;
const MANY_FILES = 20;
/** Four times the rows, of which the fewer take all that a run ever does; the bench has more. */
const MAXIMUM_RATIO = 1.25;
const POLL_MILLISECONDS = 20;

/** Largest resident set of a process so far, in KiB (proc(5), VmHWM); 0 once it has ended. */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Peak of the command over `files` names of one file. */
async function peak(folder: string, file: string, files: number): Promise<number> {
  const input = join(folder, `input-${files}`);
  mkdirSync(input);
  for (let i = 0; i < files; i++) linkSync(file, join(input, `${i}.parquet`));
  const out = join(folder, `out-${files}`);
  const { process: child, finished } = start([
    ...['balance', '--quiet', '--input', input, '--output', out, '--output.shardRows', '20000'],
    ...['--filters', '[{words: {minimum: 3}}, {similarity: {column: score, fraction: 0.8}}]'],
    ...['--attributes', '{female: {lexicon: gender, value: female}}', '--labels', '[{lexicon: occupations}]'],
    ...['--balance.rate', '0.4', '--output.formats', 'parquet,tfrecord'],
  ]);
  let most = 0;
  let ended = false;
  void finished.then(() => {
    ended = true;
  });
  while (!ended) {
    most = Math.max(most, peakOf(child.pid!));
    await delay(POLL_MILLISECONDS);
  }
  const { code, stderr } = await finished;
  assert.equal(code, 0, stderr);
  assert.equal(readOutput(out).report.rows.read, files * FILE_ROWS);
  return most;
}

const options = { skip: existsSync('/proc/self/status') ? false : 'there is no /proc to measure memory with' };

test('peak memory does not grow with the number of rows', options, async (t) => {
  const folder = scratch(t);
  const captions = [...demoBatch(1, 0, 2_000).getChild('text')!] as string[];
  const every = <T>(value: (i: number) => T) => Array.from({ length: FILE_ROWS }, (_, i) => value(i));
  const batch = batchOf([
    ['id', { type: new Utf8(), values: every((i) => `example ${i}`) }],
    ['text', { type: new Utf8(), values: every((i) => captions[i % captions.length]!) }],
    ['url', { type: new Utf8(), values: every((i) => `https://images.example/some/longer/path/${i}.jpg?size=full`) }],
    ['width', { type: new Int32(), values: every((i) => i % 2_000) }],
    ['score', { type: new Float32(), values: every((i) => ((i * 7_919) % 10_007) / 10_007) }],
  ]);
  const file = join(folder, 'one.parquet');
  await saveParquet(file, batch, 25_000);
  const few = await peak(folder, file, FEW_FILES);
  const many = await peak(folder, file, MANY_FILES);
  t.diagnostic(`${few >> 10} MiB for ${FEW_FILES * FILE_ROWS} rows, ${many >> 10} MiB for ${MANY_FILES * FILE_ROWS}`);
  assert.ok(few > 0 && many <= MAXIMUM_RATIO * few, `${few} KiB, then ${many} KiB`);
});
