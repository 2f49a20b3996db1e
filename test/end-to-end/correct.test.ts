import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Bool, Utf8 } from 'apache-arrow';
import { type Corrected, correctedSchema } from '../../schemas/corrected.js';
import type { Report } from '../../schemas/report.js';
import { run } from './command.js';
import { batchOf, saveParquet } from './inputs.js';
import { readJson } from './outputs.js';
import { scratch } from './scratch.js';

const SEED = 20261127;

/** By truth: rows with the label and without it, and of ten how many are tagged present. Exact, so that the matrix is. */
const TRUTH: readonly [truth: boolean, nurses: number, others: number, tagged: number][] = [
  [true, 300, 700, 8],
  [false, 100, 1900, 1],
];

interface Row {
  readonly truth: boolean;
  readonly tag: boolean;
  readonly nurse: boolean;
}

const ROWS: readonly Row[] = TRUTH.flatMap(([truth, nurses, others, tagged]) =>
  [nurses, others].flatMap((n, kind) =>
    Array.from({ length: n }, (_, i) => ({ truth, tag: i % 10 < tagged, nurse: kind === 0 })),
  ),
);

async function save(path: string, rows: readonly Row[]): Promise<void> {
  const boolean = (values: boolean[]) => ({ type: new Bool(), values });
  await saveParquet(
    path,
    batchOf([
      ['text', { type: new Utf8(), values: rows.map(({ nurse }, i) => `${i} ${nurse ? 'nurse' : 'person'}`) }],
      ['face', boolean(rows.map(({ tag }) => tag))],
      ['truth', boolean(rows.map(({ truth }) => truth))],
      ['nurse', boolean(rows.map(({ nurse }) => nurse))],
    ]),
    400,
  );
}

async function command(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args);
  assert.equal(code, 0, stderr);
  return stdout;
}

async function correct(output: string, evaluation: string): Promise<Corrected> {
  return correctedSchema.parse(JSON.parse(await command('correct', output, '--evaluation', evaluation, '--json')));
}

test('bias is corrected for the errors that an evaluation found, after balancing too, and where it cannot be, why', async (t) => {
  const folder = scratch(t);
  const data = join(folder, 'data.parquet');
  await save(data, ROWS);
  const job = (name: string, files: string, face: object = {}) => {
    const path = join(folder, `${name}.json`);
    const config = {
      input: { files },
      attributes: { female: { column: 'face', target: 0.4, ...face } },
      labels: [{ columns: ['nurse'] }],
      balance: { rate: 0.5, seed: SEED },
      output: { directory: join(folder, name) },
    };
    writeFileSync(path, JSON.stringify(config));
    return path;
  };
  const out = (name: string) => join(folder, name);
  await command('evaluate-tags', job('judged', data), '--truth', 'female=truth', '--quiet');
  await command('stats', job('told', data), '--quiet');
  const told = await correct(out('told'), out('judged'));
  const [raw] = told.sets[0]!.stages[0]!.attributes;
  // Tagged: 0.8 of 1,000 and 0.1 of 2,000; truly 1,000 of 3,000.
  assert.ok(Math.abs(raw!.tagged.share! - 1 / 3) < 1e-9);
  assert.ok(Math.abs(raw!.share! - 1 / 3) < 1e-9);
  assert.ok(raw!.interval!.low < 1 / 3 && raw!.interval!.high > 1 / 3);
  assert.equal(raw!.reason, null);
  // Nurses: 0.3 of the present and 0.05 of the absent; tagged (240 + 10) / 1,000 and (60 + 90) / 2,000.
  assert.ok(Math.abs(raw!.tagged.ab! - (0.25 - 0.075)) < 1e-9);
  assert.ok(Math.abs(raw!.ab! - 0.25) < 1e-9);
  assert.equal(raw!.label, 'nurse');
  assert.ok(raw!.abInterval!.low < 0.25 && raw!.abInterval!.high > 0.25 && raw!.abInterval!.low > 0.15);

  await command('balance', job('balanced', data), '--quiet');
  const { bias } = readJson(join(out('balanced'), 'report.json')) as unknown as Report;
  const { stages } = (await correct(out('balanced'), out('judged'))).sets[0]!;
  assert.deepEqual(
    stages.map(({ stage }) => stage),
    bias.map(({ stage }) => stage),
  );
  const balanced = stages.find(({ stage }) => stage === 'balanced')!.attributes[0]!;
  assert.equal(balanced.tagged.ab, bias.find(({ stage }) => stage === 'balanced')!.ab);
  // By hand: the weight of each kind of tag and label, and how many of its rows are what they are tagged as.
  const p = bias.find(({ stage }) => stage === 'balanced')!.attributes[0]!.share!;
  assert.ok(Math.abs(balanced.share! - (p * 0.8 + (1 - p) * 0.1)) < 1e-9);
  assert.ok(balanced.ab! > 0.05 && balanced.tagged.ab! < balanced.ab!, 'balanced by tags, it is not by the truth');
  const text = await command('correct', out('balanced'), '--evaluation', out('judged'));
  assert.match(text, /^raw, female +0\.3333 +0\.3333 .* 0\.1750 +0\.2500 /m);

  // A tagger that says the same of everybody tells nothing of anybody.
  const blind = join(folder, 'blind.parquet');
  await save(
    blind,
    ROWS.map((row, i) => ({ ...row, tag: i % 2 === 0 })),
  );
  await command('evaluate-tags', job('judged-blind', blind), '--truth', 'female=truth', '--quiet');
  const [lost] = (await correct(out('told'), out('judged-blind'))).sets[0]!.stages[0]!.attributes;
  assert.match(lost!.reason!, /no better than chance/);
  assert.deepEqual([lost!.share, lost!.ab, lost!.tagged], [null, null, raw!.tagged]);

  // The matrix is of a tagger: of another one, it is refused.
  await command('evaluate-tags', job('judged-other', data, { column: 'truth' }), '--truth', 'female=truth', '--quiet');
  const other = await run(['correct', out('told'), '--evaluation', out('judged-other')]);
  assert.equal(other.code, 3);
  assert.match(other.stderr, /attribute female/);
  assert.equal((await run(['correct', out('told')])).code, 2);
  assert.equal((await run(['correct', out('told'), '--evaluation', out('nothing')])).code, 3);
});
