import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Utf8 } from 'apache-arrow';
import { type Proxies, proxiesSchema } from '../../schemas/proxies.js';
import { twoSidedZ } from '../../transforms/stats/normal.js';
import { run } from './command.js';
import { batchOf, saveParquet } from './inputs.js';
import { scratch } from './scratch.js';

const SEED = 20261127;
const ROWS = 4000;
/** Things in a caption: how often with a woman, and with a man. */
const THINGS: readonly [word: string, women: number, men: number][] = [
  ['scarf', 0.3, 0.05],
  ['necktie', 0.02, 0.25],
  ['tree', 0.2, 0.2],
  ['house', 0.1, 0.1],
  ['nurse', 0.3, 0.1],
  ['mechanic', 0.1, 0.2],
  ['rarity', 0.002, 0],
];

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function captions(): { text: string; female: boolean | null }[] {
  const random = generator(SEED);
  return Array.from({ length: ROWS }, () => {
    const x = random();
    const female = x < 0.45 ? true : x < 0.9 ? false : null;
    const who = female === null ? 'somebody' : female ? 'a woman' : 'a man';
    const things = THINGS.filter(([, women, men]) => random() < (female === true ? women : men)).map(([word]) => word);
    return { text: [who, 'and', ...things].join(' '), female };
  });
}

/** Slowly, from the captions: the definition of Monroe, Colaresi and Quinn, among all names of one kind. */
function slowLogOdds(rows: ReturnType<typeof captions>, name: string, names: readonly string[]) {
  const count = (female: boolean, word: string) =>
    rows.filter((row) => row.female === female && new Set(row.text.split(' ')).has(word)).length;
  const total = (female: boolean) => names.reduce((sum, word) => sum + count(female, word), 0);
  const [y1, y0, n1, n0] = [count(true, name), count(false, name), total(true), total(false)];
  const prior = (1000 * (y1 + y0)) / (n1 + n0);
  const side = (y: number, n: number) => Math.log((y + prior) / (n + 1000 - y - prior));
  return { logOdds: side(y1, n1) - side(y0, n0), deviation: Math.sqrt(1 / (y1 + prior) + 1 / (y0 + prior)) };
}

async function proxies(...args: string[]): Promise<Proxies> {
  const { code, stdout, stderr } = await run(['proxies', ...args, '--json']);
  assert.equal(code, 0, stderr);
  return proxiesSchema.parse(JSON.parse(stdout));
}

test('planted words and labels are found, with the figures of the definition; the rest and the attribute`s own terms are not', async (t) => {
  const folder = scratch(t);
  const rows = captions();
  const files = ['one', 'two'].map((name) => join(folder, `${name}.parquet`));
  for (const [i, file] of files.entries()) {
    const half = rows.slice((i * ROWS) / 2, ((i + 1) * ROWS) / 2);
    await saveParquet(file, batchOf([['text', { type: new Utf8(), values: half.map(({ text }) => text) }]]), 500);
  }
  const job = (input: readonly string[], name: string, more: object = {}) => {
    const path = join(folder, `${name}.json`);
    const config = {
      input: { files: input },
      attributes: { female: { lexicon: 'gender', value: 'female' } },
      labels: [{ lexicon: 'occupations' }],
      output: { directory: join(folder, name) },
      report: { minimumSupport: 10 },
      ...more,
    };
    writeFileSync(path, JSON.stringify(config));
    return path;
  };
  const done = async (...args: string[]) => {
    const { code, stderr } = await run(args);
    assert.equal(code, 0, stderr);
  };
  await done('stats', job(files, 'whole'), '--quiet');
  const told = await proxies(join(folder, 'whole'));
  const [female] = told.sets[0]!.attributes;
  const { words, labels } = female!;
  assert.deepEqual(words!.present.map(({ name }) => name).sort(), ['nurse', 'scarf'], `seed ${SEED}`);
  assert.deepEqual(words!.absent.map(({ name }) => name).sort(), ['mechanic', 'necktie']);
  assert.deepEqual(
    [labels.present, labels.absent].map((side) => side.map(({ name }) => name)),
    [['nurse'], ['mechanic']],
  );
  // woman and man are what the attribute is inferred from; rarity has too little support.
  assert.deepEqual([female!.own, words!.tested, words!.telling, labels.tested], [2, 8, 4, 2]);
  const kinds = [
    { side: words!, names: ['woman', 'man', 'a', 'and', ...THINGS.map(([word]) => word)] },
    { side: labels, names: ['nurse', 'mechanic'] },
  ];
  for (const { side, names } of kinds) {
    for (const { name, logOdds, z, interval, present, absent } of [...side.present, ...side.absent]) {
      const slow = slowLogOdds(rows, name, names);
      const half = twoSidedZ(0.95, side.tested) * slow.deviation;
      assert.ok(Math.abs(logOdds - slow.logOdds) < 1e-9, name);
      assert.ok(Math.abs(z - slow.logOdds / slow.deviation) < 1e-8);
      assert.ok(Math.abs(interval.low - (slow.logOdds - half)) < 1e-9);
      assert.ok(Math.abs(interval.high - (slow.logOdds + half)) < 1e-9);
      assert.ok(present + absent >= 10 && (interval.low > 0 || interval.high < 0));
    }
  }

  await done('stats', job(files.slice(0, 1), 'first'), '--quiet');
  await done('stats', job(files.slice(1), 'second'), '--quiet');
  await done('merge', join(folder, 'first'), join(folder, 'second'), '--output', join(folder, 'sum'));
  assert.deepEqual((await proxies(join(folder, 'sum'))).sets, told.sets);

  await done('balance', job(files, 'balanced'), '--quiet', '--rate', '0.8');
  const balanced = await proxies(join(folder, 'balanced'));
  assert.equal(balanced.sets[0]!.attributes[0]!.words, null);
  assert.deepEqual(balanced.sets[0]!.attributes[0]!.labels, labels);

  const text = await run(['proxies', join(folder, 'whole'), '--shown', '1']);
  assert.equal(text.code, 0, text.stderr);
  assert.match(
    text.stdout,
    /^female: 4 of 8 words go with it .*; 2 words from which it is inferred left out; 2 of 2 labels/,
  );
  assert.match(text.stdout, /^Words with female +log-odds +interval +z +present +absent$/m);
  assert.doesNotMatch(text.stdout, /^nurse.*\n[\s\S]*^scarf/m);

  const unknown = await run(['proxies', join(folder, 'whole'), '--shown', 'many']);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /--shown: expected a number/);
  assert.equal((await run(['proxies'])).code, 2);
  assert.equal((await run(['proxies', join(folder, 'nothing')])).code, 3);
});
