import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import { InvariantError } from '../../../schemas/errors.js';
import { runReportSchema } from '../../../schemas/report.js';
import { attributeFigure, pairFigure } from '../../../transforms/stats/measures.js';
import { accumulate } from '../../../transforms/stats/moments.js';
import { buildReport, stageNames } from '../../../transforms/stats/report.js';
import { finishedRun, INFEASIBLE } from './run.js';

test('a report satisfies its published schema, also after JSON', () => {
  const report = buildReport(finishedRun());
  assert.deepEqual(runReportSchema.parse(JSON.parse(JSON.stringify(report))), report);
  const schema = z.toJSONSchema(runReportSchema);
  assert.deepEqual(Object.keys(schema.properties!).slice(0, 4), ['version', 'rows', 'certificate', 'bias']);
});

test('the stages are raw, each filter under a name of its own, balanced, resampled and random', () => {
  const { bias } = buildReport(finishedRun());
  assert.deepEqual(
    bias.map(({ stage, rows }) => [stage, rows]),
    [
      ['raw', 600],
      ['words', 588],
      ['words (2)', 576],
      ['balanced', 576],
      ['resampled', bias[4].rows],
      ['random', bias[5].rows],
    ],
  );
  assert.deepEqual(stageNames(['raw', 'side', 'side', 'side (2)']), ['raw (2)', 'side', 'side (2)', 'side (2) (2)']);
});

test('each stage has the measures of its moments', () => {
  const run = finishedRun();
  const { bias, pairs, weights } = buildReport(run);
  const [raw] = accumulate(run.exits);
  const digits = (x: number | null) => Number(x!.toPrecision(12));
  for (const [stage, moments] of [
    [bias[0], raw],
    [bias[3], run.balance.balanced],
  ] as const) {
    const { share, rb, support } = attributeFigure(moments, 0, 0.5, 1);
    assert.deepEqual(
      [stage.attributes[0].share, stage.rb, stage.attributes[0].support],
      [digits(share), digits(rb), support],
    );
    assert.equal(stage.ab, digits(pairFigure(moments, 0, 0, 1).ab));
    assert.deepEqual([stage.association.attribute, stage.association.label], ['female', 'nurse']);
  }
  assert.equal(pairs.length, 1);
  assert.equal(pairs[0].raw.ab, bias[0].ab);
  assert.equal(pairs[0].balanced!.ab, bias[3].ab);
  assert.equal(weights!.ess, bias[3].ess);
  assert.equal(weights!.designEffect, digits(576 / weights!.ess));
});

test('a pair that is among the worst only after balancing is listed too', () => {
  const run = finishedRun();
  const { balance } = run;
  // Without the women that are nurses, what is left is another pair.
  const other = { ...balance, balanced: structuredClone(balance.balanced) };
  const width = 3;
  const present = 2;
  other.balanced.weighted!.weights.lo[width + present] = 0;
  other.balanced.weighted!.weights.lo[width + 1] = 0;
  const pairs = buildReport({ ...run, balance: other }).pairs.map(({ label }) => label);
  assert.deepEqual(pairs, ['nurse', 'person']);
});

test('pairs with little support are counted and listed by name', () => {
  const { unranked, bias } = buildReport(finishedRun());
  assert.equal(bias[0].association.ranked, 2);
  assert.deepEqual(unranked, { count: 1, pairs: [{ attribute: 'female', label: 'rare', support: 5 }] });
});

test('figures have 12 significant digits, the configuration all of its own', () => {
  const report = buildReport(finishedRun());
  assert.equal(report.certificate!.primal, 0.0378553212346);
  assert.deepEqual(report.config, { balance: { rate: 0.12345678901234568 } });
});

test('violated constraints come the worst first', () => {
  const { certificate } = buildReport(finishedRun(INFEASIBLE));
  assert.deepEqual(
    certificate!.violated.map(({ violation }) => violation),
    [0.117478, 0.05],
  );
});

test('the spread of the weights adds up to the rows that were weighted', () => {
  const { weights } = buildReport(finishedRun());
  const { rows, zeroShare, maximumShare, histogram } = weights!;
  const between = histogram.reduce((sum, bin) => sum + bin.rows, 0);
  assert.ok(Math.abs(between + (zeroShare! + maximumShare!) * rows - rows) < 1e-6);
  assert.deepEqual(
    histogram.filter((bin) => bin.rows > 0).map(({ low, high }) => [low, high]),
    [[0.35, 0.4]],
  );
});

test('a run that only counts has raw and filter stages, and no certificate', () => {
  const { balance: _, ...counted } = finishedRun();
  const report = buildReport({ ...counted, dropped: { unreadable: 3, words: 12, 'words (2)': 12 } });
  assert.deepEqual(runReportSchema.parse(report), report);
  assert.deepEqual([report.certificate, report.weights, report.rows.kept, report.bias.length], [null, null, 576, 3]);
});

test('rows that do not add up break a promise, and the message has the numbers', () => {
  const run = finishedRun();
  const { kept } = buildReport(run).rows;
  assert.throws(
    () => buildReport({ ...run, read: 604 }),
    (error: Error) => {
      assert.ok(error instanceof InvariantError);
      assert.match(
        error.message,
        new RegExp(`^conservation: rows read 604, but kept ${kept} \\+ unreadable 3 \\+ words 12 \\+ .* = 603$`),
      );
      return true;
    },
  );
  const lost = structuredClone(run.balance.weights);
  lost.counts[0]--;
  assert.throws(
    () => buildReport({ ...run, balance: { ...run.balance, weights: lost } }),
    /passed the filters 576, but weighted 575/,
  );
  lost.counts[1]++;
  assert.throws(
    () => buildReport({ ...run, balance: { ...run.balance, weights: lost } }),
    /rows weighted 576, but weight 0/,
  );
  assert.throws(() => buildReport({ ...run, filters: ['words'] }), InvariantError);
});
