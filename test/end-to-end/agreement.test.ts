import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Utf8 } from 'apache-arrow';
import type { AgreementReport, Report } from '../../schemas/report.js';
import type { StatsReport } from '../../schemas/stats-report.js';
import { run } from './command.js';
import { batchOf, saveParquet } from './inputs.js';
import { readJson } from './outputs.js';
import { scratch } from './scratch.js';

/** Caption, what the column says, and how often. The lexicon knows the first three captions. */
const CASES: readonly [text: string, face: string | null, times: number][] = [
  ['a woman and a nurse', 'f', 40],
  ['a man and a nurse', 'm', 30],
  ['a woman and a mechanic', 'm', 7],
  ['a man and a mechanic', null, 11],
  ['a person and a mechanic', 'f', 5],
  ['man', 'f', 3],
];

async function input(folder: string, name: string, cases: typeof CASES): Promise<string> {
  const rows = cases.flatMap((row) => Array.from({ length: row[2] }, () => row));
  const path = join(folder, `${name}.parquet`);
  await saveParquet(
    path,
    batchOf([
      ['text', { type: new Utf8(), values: rows.map(([text]) => text) }],
      ['face', { type: new Utf8(), values: rows.map(([, face]) => face) }],
    ]),
    16,
  );
  return path;
}

const configOf = (files: readonly string[], output: string) => ({
  input: { files },
  filters: [{ words: { minimum: 2 } }],
  attributes: {
    female: {
      from: [
        { lexicon: 'gender', value: 'female' },
        { column: 'face', value: 'f' },
      ],
    },
  },
  labels: [{ lexicon: 'occupations' }],
  output: { directory: output },
});

/** By hand, of all rows that were read. */
const EXPECTED: Pick<AgreementReport, 'attribute' | 'sources'> & { readonly pair: object } = {
  attribute: 'female',
  sources: [
    { source: 'gender', present: 47, absent: 44, unknown: 5 },
    { source: 'face', present: 48, absent: 37, unknown: 11 },
  ],
  pair: { source: 'gender', other: 'face', known: 80, both: 40, first: 7, second: 3, neither: 30, agreement: 70 / 80 },
};

function check(agreement: readonly AgreementReport[] | undefined) {
  assert.equal(agreement?.length, 1);
  const { attribute, sources, pairs } = agreement![0]!;
  const { interval, kappa, ...pair } = pairs[0]!;
  assert.deepEqual({ attribute, sources, pair }, EXPECTED);
  const chance = (47 * 43 + 33 * 37) / 80 ** 2;
  assert.ok(Math.abs(kappa! - (70 / 80 - chance) / (1 - chance)) < 1e-9);
  assert.ok(interval.low < 0.875 && interval.high > 0.875);
}

async function command(folder: string, name: string, config: object, ...args: string[]) {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(config));
  const { code, stdout, stderr } = await run([args[0]!, file, '--quiet', ...args.slice(1)]);
  assert.equal(code, 0, stderr);
  return stdout;
}

test('stats, merge and balance, online too, tell how far the sources of an attribute agree', async (t) => {
  const folder = scratch(t);
  const first = await input(folder, 'first', CASES.slice(0, 2));
  const second = await input(folder, 'second', CASES.slice(2));
  const out = (name: string) => join(folder, name);
  for (const [name, files] of [
    ['whole', [first, second]],
    ['one', [first]],
    ['other', [second]],
  ] as const) {
    const stdout = await command(folder, name, configOf(files, out(name)), 'stats');
    assert.match(stdout, /^Sources of female +both say +agree/m);
  }
  const report = readJson(join(out('whole'), 'report.json')) as unknown as StatsReport;
  check(report.sets[0]!.agreement);
  assert.match(readFileSync(join(out('whole'), 'report.html'), 'utf8'), /How far the sources of an attribute agree/);
  const merged = await run(['merge', out('one'), out('other'), '--output', out('sum')]);
  assert.equal(merged.code, 0, merged.stderr);
  check((readJson(join(out('sum'), 'report.json')) as unknown as StatsReport).sets[0]!.agreement);
  for (const fit of ['exact', 'online']) {
    const config = { ...configOf([first, second], out(fit)), balance: { fit, rate: 0.8 } };
    const stdout = await command(folder, fit, config, 'balance');
    assert.match(stdout, /^gender, face +80 +87\.5 %/m);
    check((readJson(join(out(fit), 'report.json')) as unknown as Report).agreement);
    assert.match(readFileSync(join(out(fit), 'report.html'), 'utf8'), /How far the sources of an attribute agree/);
  }
});
