import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Bool, Field, Float32, Float64, List, type RecordBatch, Utf8 } from 'apache-arrow';
import fc from 'fast-check';
import {
  diffOutputs,
  mergeOutputs,
  planStats,
  renderDiff,
  renderStats,
  runBalance,
  runStats,
} from '../../pipelines/index.js';
import { InputError } from '../../schemas/errors.js';
import { manifestSchema } from '../../schemas/manifest.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { diffSchema } from '../../schemas/stats-diff.js';
import { type StatsReport, statsReportSchema } from '../../schemas/stats-report.js';
import { stateSchema } from '../../schemas/stats-state.js';
import { demoBatch } from '../../scripts/demo-data.js';
import { run } from './command.js';
import { batchOf, type Column, saveArrow, saveParquet } from './inputs.js';
import { readJson } from './outputs.js';
import { digests, filesBelow, scratch } from './scratch.js';

const ROWS = 3000;

/** Demo rows with a weight, a domain, a date and two attributes that are columns. */
function inputBatch(first: number, rows: number): RecordBatch {
  const demo = demoBatch(11, first, rows);
  const columns = demo.schema.fields.map(({ name, type }, i): [string, Column] => [
    name,
    { type, values: [...demo.getChildAt(i)!] },
  ]);
  const every = <T>(value: (i: number) => T) => Array.from({ length: rows }, (_, i) => value(first + i));
  return batchOf([
    ...columns,
    ['weight', { type: new Float64(), values: every((i) => (i % 9 === 0 ? null : (i % 5) / 4)) }],
    ['site', { type: new Utf8(), values: every((i) => `https://www.site${i % 37}.example/${i}.jpg`) }],
    ['seen', { type: new Utf8(), values: every((i) => (i % 50 === 0 ? null : `2026-0${1 + (i % 3)}-11`)) }],
    ['s_old', { type: new Bool(), values: every((i) => (i % 4 === 3 ? null : (i * i) % 3 === 0)) }],
    ['s_urban', { type: new Bool(), values: every((i) => i % 3 === 0) }],
  ]);
}

function configOf(folder: string, files: unknown, output: string, more: object = {}, stats: object = {}) {
  return parseConfig({
    input: { files },
    filters: [{ words: { minimum: 5 } }, { side: { minimum: 200 } }],
    attributes: {
      female: { lexicon: 'gender', value: 'female' },
      old: { column: 's_old', target: 0.3 },
      urban: { column: 's_urban' },
    },
    labels: [{ lexicon: 'occupations' }],
    output: { directory: join(folder, output) },
    ...more,
    stats: {
      weights: 'weight',
      slices: [
        { domain: { column: 'site' } },
        { date: { column: 'seen' } },
        { aspect: {} },
        { attributes: { names: ['female', 'old'] } },
      ],
      ...stats,
    },
  });
}

/** A report without what names its inputs. */
const figuresOf = ({ runs: _, inputs: __, ...figures }: StatsReport) => figures;

test('figures are those of the rows, counted the slow way; every row is accounted for', async (t) => {
  const folder = scratch(t);
  const rows = 4000;
  const of = <T>(value: (i: number) => T) => Array.from({ length: rows }, (_, i) => value(i));
  const s = of((i) => (i % 5 === 4 ? null : i % 3 === 0));
  const y = of((i) => (i * 7919) % 11 < (i % 3 === 0 ? 4 : 2));
  const q = of((i) => ((i * 31) % 8) / 4);
  await saveParquet(
    join(folder, 'a.parquet'),
    batchOf([
      ['s', { type: new Bool(), values: s }],
      ['y', { type: new Bool(), values: y }],
      ['q', { type: new Float64(), values: q }],
    ]),
    700,
  );
  const { report } = await runStats(
    parseConfig({
      input: { files: join(folder, 'a.parquet') },
      attributes: { female: { column: 's', target: 0.4 } },
      labels: [{ columns: ['y'] }],
      output: { directory: join(folder, 'out') },
      stats: { weights: 'q' },
    }),
  );
  const [set] = report.sets;
  assert.deepEqual(set.rows, { read: rows, kept: rows, dropped: {} });
  assert.deepEqual(
    set.bias.map((b) => b.stage),
    ['raw', 'weighted', 'random'],
  );
  for (const [stage, weight] of [
    [set.bias[0], () => 1],
    [set.bias[1], (i: number) => q[i]],
  ] as const) {
    const sum = (is: (i: number) => boolean) => of((i) => (is(i) ? weight(i) : 0)).reduce((a, b) => a + b, 0);
    const present = sum((i) => s[i] === true);
    const absent = sum((i) => s[i] === false);
    assert.ok(Math.abs(stage.rb! - Math.abs(0.4 - present / (present + absent))) < 1e-9);
    const ab = Math.abs(sum((i) => s[i] === true && y[i]) / present - sum((i) => s[i] === false && y[i]) / absent);
    assert.ok(Math.abs(stage.ab! - ab) < 1e-9);
    const squares = of((i) => weight(i) ** 2).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(stage.ess - sum(() => true) ** 2 / squares) < 1e-6);
  }
  const rate = q.reduce((a, b) => a + b, 0) / rows / 1.75;
  assert.ok(Math.abs(set.weights!.rate! - rate) < 1e-9);
  const control = set.bias[2];
  assert.ok(Math.abs(control.weight / rows - rate) < 0.03, 'the control has the rate of the weights');
  assert.ok(Math.abs(control.ab! - set.bias[0].ab!) < 0.08, 'and the bias of the raw data');
});

test('outputs of parts add up to exactly what one run over all gives, however the files are parted', async (t) => {
  const folder = scratch(t);
  const files = await Promise.all(
    [0, 1, 2, 3, 4].map(async (i) => {
      const path = join(folder, `${i}.parquet`);
      await saveParquet(path, inputBatch((i * ROWS) / 5, ROWS / 5), 130);
      return path;
    }),
  );
  // Few enough values and words that sampling sets in, at different levels in the parts and in all.
  const stats = { values: 12, words: 30 };
  const more = { report: { examples: 3 } };
  const whole = await runStats(configOf(folder, files, 'whole', more, stats));
  const [set] = whole.report.sets;
  assert.ok(set.pairs[0].examples!.present.length === 3, 'there are examples');
  assert.ok(set.slicings[0].sampling.rate < 1 && set.words!.sampling.rate < 1, 'sampling sets in');
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 5, maxLength: 5 }), async (parts) => {
      round++;
      const used = [...new Set(parts)];
      const outputs: string[] = [];
      for (const part of used) {
        const { directory } = await runStats(
          configOf(
            folder,
            files.filter((_, i) => parts[i] === part),
            `part-${round}-${part}`,
            more,
            stats,
          ),
        );
        outputs.push(directory);
      }
      const { report, directory } = await mergeOutputs(outputs, {
        output: join(folder, `sum-${round}`),
        overwrite: false,
      });
      assert.deepEqual(figuresOf(report), figuresOf(whole.report));
      const tables = ({ sets }: { sets: { files: unknown }[] }) => sets.map(({ files: _, ...counted }) => counted);
      assert.deepEqual(tables(readJson(directory, 'state.json')), tables(readJson(whole.directory, 'state.json')));
    }),
    { numRuns: 6, seed: 5 },
  );
});

test('what cannot be added is refused, with what differs', async (t) => {
  const folder = scratch(t);
  const [a, b] = [join(folder, 'a.parquet'), join(folder, 'b.parquet')];
  await saveParquet(a, inputBatch(0, 300));
  await saveParquet(b, inputBatch(300, 300));
  const first = await runStats(configOf(folder, a, 'first'));
  const captions = JSON.stringify([first.report.sets[0].pairs, readJson(first.directory, 'state.json')]);
  assert.doesNotMatch(captions, /"examples":\{/, 'no captions unless they are asked for');
  const add = (...outputs: { directory: string }[]) =>
    mergeOutputs(
      outputs.map((o) => o.directory),
      { output: join(folder, 'sum'), overwrite: false },
    );
  const refused = async (name: string, more: object, stats: object, message: RegExp) => {
    const other = await runStats(configOf(folder, b, name, more, stats));
    await assert.rejects(
      add(first, other),
      (error: Error) => error instanceof InputError && message.test(error.message),
    );
  };
  await refused('filters', { filters: [] }, {}, /set data, filters: expected .*words.*got \[\]/);
  await refused(
    'targets',
    { attributes: { female: { lexicon: 'gender', value: 'female', target: 0.4 } } },
    { slices: [] },
    /set data, attributes/,
  );
  await refused('labels', { labels: [{ lexicon: 'proxies' }] }, {}, /set data, labels/);
  await refused('examples', { report: { examples: 2 } }, {}, /set data, examples: expected nothing.*got 2/);
  await refused('slices', {}, { slices: [{ aspect: {} }] }, /set data, slices/);
  await refused('name', {}, { name: 'tuesday' }, /sets: expected data, as in .*, got tuesday/);
  await assert.rejects(add(first, first), /expected another run.*Its rows would be counted twice/);
  const unique = { filters: [{ unique: {} }] };
  const [c, d] = [await runStats(configOf(folder, a, 'c', unique)), await runStats(configOf(folder, b, 'd', unique))];
  await assert.rejects(add(c, d), /filters that look at each row by itself.*unique/);
  writeFileSync(join(folder, 'first', 'state.json'), '{"version": 1}');
  await assert.rejects(add(first, c), /expected a state of m4-balance, version 1/);
  await assert.rejects(
    mergeOutputs([join(folder, 'none')], { output: join(folder, 'sum'), overwrite: false }),
    /no such file/,
  );
});

test('the same bytes from Parquet and Arrow, any row groups, and a second call; the files are as published', async (t) => {
  const folder = scratch(t);
  const reports: object[] = [];
  const states: object[] = [];
  for (const [name, save] of Object.entries({
    one: (path: string) => saveParquet(`${path}.parquet`, inputBatch(0, ROWS)),
    many: (path: string) => saveParquet(`${path}.parquet`, inputBatch(0, ROWS), 70),
    arrow: (path: string) => saveArrow(`${path}.arrow`, inputBatch(0, ROWS), 500),
  })) {
    mkdirSync(join(folder, name));
    await save(join(folder, name, 'a'));
    const config = configOf(folder, join(folder, name), `out-${name}`, { report: { examples: 2 } });
    const { report, directory } = await runStats(config);
    assert.deepEqual(filesBelow(directory), ['manifest.json', 'report.html', 'report.json', 'state.json']);
    statsReportSchema.parse(readJson(directory, 'report.json'));
    stateSchema.parse(readJson(directory, 'state.json'));
    assert.deepEqual(manifestSchema.parse(readJson(directory, 'manifest.json')).rows.read, ROWS);
    reports.push(figuresOf(report));
    states.push(
      readJson<{ sets: { files: unknown }[] }>(directory, 'state.json').sets.map(({ files: _, ...tables }) => tables),
    );
    const before = digests(directory);
    assert.equal((await runStats(config)).alreadyDone, true);
    assert.deepEqual(digests(directory), before);
  }
  assert.deepEqual(reports[1], reports[0]);
  assert.deepEqual(reports[2], reports[0]);
  assert.deepEqual(states[1], states[0]);
  assert.deepEqual(states[2], states[0]);
});

test('a run that was stopped goes on, and ends with the same bytes', async (t) => {
  const folder = scratch(t);
  const file = join(folder, 'a.parquet');
  await saveParquet(file, inputBatch(0, ROWS), 100);
  const sets = { stats: { sets: { other: { files: file } } } };
  const config = (output: string) => configOf(folder, file, output, {}, sets.stats);
  const whole = await runStats(config('whole'));
  const controller = new AbortController();
  const onProgress = ({ phase }: { phase: string }) => {
    // Told as it begins; a later word may come when it is over.
    if (phase === 'count other') controller.abort(new Error('stopped'));
  };
  await assert.rejects(runStats(config('again'), { onProgress, signal: controller.signal }), /stopped/);
  assert.deepEqual(filesBelow(join(folder, 'again')), []);
  const log: string[] = [];
  const again = await runStats(config('again'), { onLog: (_, message) => log.push(message) });
  assert.ok(log.includes('count data: done before'), log.join('; '));
  assert.deepEqual(again.report, whole.report);
});

test('data sets side by side; slices, distributions, words and attributes together are told', async (t) => {
  const folder = scratch(t);
  const [a, b] = [join(folder, 'a.parquet'), join(folder, 'b.parquet')];
  await saveParquet(a, inputBatch(0, 1000));
  await saveParquet(b, inputBatch(1000, 500));
  const { report } = await runStats(
    configOf(folder, a, 'out', {}, { sets: { later: { files: b } }, distributions: ['weight'] }),
  );
  assert.deepEqual(
    report.sets.map(({ name, rows }) => [name, rows.read]),
    [
      ['data', 1000],
      ['later', 500],
    ],
  );
  const [set] = report.sets;
  assert.deepEqual(
    set.bias.map(({ stage }) => stage),
    ['raw', 'words', 'side', 'weighted', 'random'],
  );
  assert.deepEqual(set.pairStages, ['raw', 'side', 'weighted', 'random']);
  assert.deepEqual(
    set.slicings.map(({ name, slices }) => [name, slices.length]),
    [
      ['domain', 20],
      ['seen by month', 3],
      ['aspect', 6],
      ['female x old', 9],
    ],
  );
  for (const { slices, other, missing } of set.slicings) {
    const rows = slices.reduce((sum, slice) => sum + slice.rows, 0) + (other?.rows ?? 0) + (missing?.rows ?? 0);
    assert.equal(rows, 1000, 'every row is in a slice, in other, or has no value');
  }
  assert.equal(set.slicings[0].other?.values, 17);
  assert.equal(set.slicings[1].missing?.rows, 20);
  assert.deepEqual(
    [...new Set(set.distributions.map(({ name }) => name))],
    ['characters', 'words', 'width', 'height', 'aspect', 'weight'],
  );
  assert.equal(set.coOccurrence.filter(({ stage }) => stage === 'raw').length, 3);
  const words = set.words!.attributes.find(({ attribute }) => attribute === 'female')!;
  assert.ok(words.present.some(({ word }) => word === 'woman') && words.absent.some(({ word }) => word === 'man'));
  const lines = renderStats(report, 100);
  assert.ok(lines.every((line) => Array.from(line).length <= 100));
  assert.match(lines[0], /^data, raw: RB 0\.\d+/);
});

describe('a trained model', () => {
  const rows = 3000;
  const of = <T>(value: (i: number) => T) => Array.from({ length: rows }, (_, i) => value(i));
  const female: Column = { type: new Bool(), values: of((i) => i % 2 === 0) };

  test('has RB and AB by its predicted labels and attributes', async (t) => {
    const folder = scratch(t);
    await saveParquet(join(folder, 'a.parquet'), inputBatch(0, 500));
    const label = of((i) => (i % 2 === 0 ? (i % 3 === 0 ? 'doctor' : 'nurse') : i % 5 === 0 ? 'nurse' : 'doctor'));
    await saveParquet(
      join(folder, 'model.parquet'),
      batchOf([
        ['id', { type: new Utf8(), values: of(String) }],
        ['female', female],
        ['label', { type: new Utf8(), values: label }],
        ['predicted_female', { type: new Float32(), values: of((i) => (i % 4 === 0 ? 0.25 : 0.75)) }],
      ]),
      400,
    );
    const config = configOf(
      folder,
      join(folder, 'a.parquet'),
      'out',
      {},
      {
        predictions: { files: join(folder, 'model.parquet'), attributes: { female: { column: 'female' } } },
      },
    );
    const { report } = await runStats(config);
    const [model] = report.models;
    assert.deepEqual([model.name, model.rows, model.predicts], ['model', rows, 'labels']);
    const share = (s: number) => label.filter((l, i) => i % 2 === s && l === 'nurse').length / (rows / 2);
    assert.ok(Math.abs(model.bias[0].ab! - Math.abs(share(0) - share(1))) < 1e-9);
    assert.equal(model.representation[0].share, 0.625);
    assert.equal(model.representation[0].rb, 0.125);
    assert.match(renderStats(report, 120).join('\n'), /model, model: .*AB 0\.4667 \(female with/);
  });

  test('has AB by its scores', async (t) => {
    const folder = scratch(t);
    await saveParquet(join(folder, 'a.parquet'), inputBatch(0, 500));
    const score = of((i) => (i % 2 === 0 ? 0.5 + (i % 7) / 20 : 0.25 + (i % 5) / 20));
    await saveParquet(
      join(folder, 'model.parquet'),
      batchOf([
        ['female', female],
        ['score_nurse', { type: new Float64(), values: score }],
      ]),
    );
    const predictions = {
      files: join(folder, 'model.parquet'),
      scores: ['score_*'],
      attributes: { female: { column: 'female' } },
    };
    const { report } = await runStats(configOf(folder, join(folder, 'a.parquet'), 'out', {}, { predictions }));
    const mean = (s: number) => score.filter((_, i) => i % 2 === s).reduce((a, b) => a + b, 0) / (rows / 2);
    assert.ok(Math.abs(report.models[0].bias[0].ab! - (mean(0) - mean(1))) < 1e-8);
    const wrong = { ...predictions, scores: ['none_*'] };
    await assert.rejects(
      planStats(configOf(folder, join(folder, 'a.parquet'), 'x', {}, { predictions: wrong })),
      /no column matches none_/,
    );
  });
});

test('diff finds nothing between halves of one source, and what was changed in another', async (t) => {
  const folder = scratch(t);
  const [a, b, c] = ['a', 'b', 'c'].map((name) => join(folder, `${name}.parquet`));
  await saveParquet(a, inputBatch(0, 6000));
  await saveParquet(b, inputBatch(6000, 6000));
  const changed = demoBatch(11, 12_000, 6000);
  const columns = inputBatch(12_000, 6000).schema.fields.map(({ name, type }): [string, Column] => {
    const values = [...(changed.getChild(name) ?? inputBatch(12_000, 6000).getChild(name)!)];
    return [name, { type, values: name === 's_urban' ? values.map((_, i) => i % 2 === 0) : values }];
  });
  await saveParquet(c, batchOf(columns));
  const outputs = await Promise.all(
    [a, b, c].map((file, i) => runStats(configOf(folder, file, `out-${i}`, {}, { slices: [], words: 0 }))),
  );
  const options = { falseDiscoveryRate: 0.01, leastDifference: 0 };
  const same = diffSchema.parse(await diffOutputs(outputs[0].directory, outputs[1].directory, options));
  assert.equal(same.drifted, 0, JSON.stringify(same.figures.slice(0, 3)));
  assert.match(renderDiff(same, 100)[0], /^No drift: none of/);
  const drift = diffSchema.parse(await diffOutputs(outputs[0].directory, outputs[2].directory, options));
  assert.ok(drift.figures.some((f) => f.drifted && f.figure === 'representation' && f.attribute === 'urban'));
  assert.ok(
    drift.figures.every((f) => !f.drifted || f.attribute === 'urban'),
    'and nothing else',
  );
  assert.match(renderDiff(drift, 100)[0], /^Drift: /);
  const small = await diffOutputs(outputs[0].directory, outputs[2].directory, { ...options, leastDifference: 0.5 });
  assert.equal(small.drifted, 0);
});

test('balance leaves a state too, which diff reads', async (t) => {
  const folder = scratch(t);
  const file = join(folder, 'a.parquet');
  await saveParquet(file, inputBatch(0, ROWS));
  const config = (output: string, penalty: number) =>
    configOf(folder, file, output, { balance: { rate: 0.5, penalty }, output: { directory: join(folder, output) } });
  const first = await runBalance(config('first', 10));
  const second = await runBalance(config('second', 10));
  stateSchema.parse(readJson(first.directory, 'counts/state.json'));
  const options = { falseDiscoveryRate: 0.05, leastDifference: 0 };
  const diff = await diffOutputs(first.directory, second.directory, options);
  assert.equal(diff.drifted, 0);
  assert.ok(diff.figures.some(({ stage }) => stage === 'balanced'));
});

test('names from the web drive no terminal, and weights that are none are refused', async (t) => {
  const folder = scratch(t);
  const file = join(folder, 'a.parquet');
  const evil = '\u001b[2J\u202e<script>';
  const rows = 100;
  const values = <T>(value: (i: number) => T) => Array.from({ length: rows }, (_, i) => value(i));
  await saveParquet(
    file,
    batchOf([
      ['s', { type: new Bool(), values: values((i) => i % 2 === 0) }],
      [`y_${evil}`, { type: new Bool(), values: values((i) => i % 3 === 0) }],
      ['v', { type: new Utf8(), values: values(() => evil) }],
      ['q', { type: new Float64(), values: values((i) => (i === 50 ? -1 : 1)) }],
    ]),
  );
  const config = (stats: object) =>
    parseConfig({
      input: { files: file },
      attributes: { female: { column: 's' } },
      labels: [{ columns: ['y_*'] }],
      output: { directory: join(folder, 'out') },
      stats,
    });
  const { report } = await runStats(config({ slices: [{ value: { column: 'v' } }] }));
  assert.equal(report.sets[0].slicings[0].slices[0].value, evil);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  assert.doesNotMatch(renderStats(report, 100).join('\n'), /[\u001b\u202e]/);
  await assert.rejects(
    runStats({ ...config({ weights: 'q' }), output: { ...config({}).output, overwrite: true } }),
    /column q, row 50.*expected a number from 0 to 4194304, got -1/,
  );
});

test('the plan of a runner describes the one pass', async (t) => {
  const folder = scratch(t);
  const file = join(folder, 'a.parquet');
  await saveParquet(file, inputBatch(0, 100));
  const runner = {
    name: 'dataflow',
    project: 'project-1',
    region: 'europe-west1',
    tempLocation: 'gs://bucket/temp',
    image: 'europe-west1-docker.pkg.dev/p/r/m4-balance:1',
  };
  const plan = await planStats(configOf(folder, file, 'out', { runner }));
  assert.equal(plan.submission?.jobs.length, 1);
  assert.ok(plan.submission.jobs[0].steps.some(({ name }) => name.includes('stats: count')));
  assert.deepEqual(
    plan.parts.map(({ kind, rows }) => [kind, rows]),
    [['set', 100]],
  );
});

test('merge and diff as commands: tables, JSON, and the exit code of a gate', async (t) => {
  const folder = scratch(t);
  const [a, b] = [join(folder, 'a.parquet'), join(folder, 'b.parquet')];
  await saveParquet(a, inputBatch(0, 2000));
  await saveParquet(b, inputBatch(2000, 2000));
  const more = { slices: [], words: 0 };
  const [first, second] = [
    await runStats(configOf(folder, a, 'first', {}, more)),
    await runStats(configOf(folder, b, 'second', {}, more)),
  ];
  const merged = await run(['merge', first.directory, second.directory, '--output', join(folder, 'sum')]);
  assert.equal(merged.code, 0, merged.stderr);
  assert.match(merged.stdout, /^data, raw: RB/);
  const same = await run(['diff', first.directory, join(folder, 'sum'), '--fdr', '0.001']);
  assert.equal(same.code, 0, same.stdout);
  // Whatever differs at all has drifted where half of the discoveries may be false and more.
  const loose = await run(['diff', first.directory, second.directory, '--fdr', '1', '--json']);
  assert.equal(loose.code, 7);
  assert.ok(diffSchema.parse(JSON.parse(loose.stdout)).drifted > 0);
  const wrong = await run(['diff', first.directory, second.directory, '--fdr', 'much']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--fdr: expected a number from 0 to 1, got much/);
});

test('10,000 labels and 8 attributes are counted', async (t) => {
  const folder = scratch(t);
  const [rows, labels] = [20_000, 10_000];
  const values = Array.from({ length: rows }, (_, i) => [`label ${i % labels}`, `label ${(i * 31) % 50}`]);
  const names = Array.from({ length: 8 }, (_, k) => `s${k}`);
  const attribute = (k: number): Column => ({
    type: new Bool(),
    values: values.map((_, i) => ((i * (2 * k + 3)) >> 3) % 2 === 0),
  });
  await saveParquet(
    join(folder, 'a.parquet'),
    batchOf([
      ...names.map((name, k): [string, Column] => [name, attribute(k)]),
      ['labels', { type: new List(new Field('item', new Utf8(), true)), values }],
    ]),
  );
  const { report } = await runStats(
    parseConfig({
      input: { files: join(folder, 'a.parquet') },
      attributes: Object.fromEntries(names.map((name) => [name, { column: name }])),
      labels: [{ list: 'labels' }],
      output: { directory: join(folder, 'out') },
    }),
  );
  const [set] = report.sets;
  assert.equal(set.bias[0].association.ranked + set.bias[0].association.unranked, labels * names.length);
  assert.equal(set.bias[0].association.ranked, 50 * names.length);
  assert.equal(set.labels.length, labels);
});
