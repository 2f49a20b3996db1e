/** Too many patterns: the exact fit of a weighted sample of them, and what its certificate, over all rows, says of it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runBalance } from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { needs, sharedPath } from '../shared.js';
import { readOutput } from './outputs.js';
import { scratch } from './scratch.js';

const ADULT = 'data/tabular/adult.parquet';
const options = needs(ADULT);

/** Set C of the reference optima: 10,040 patterns. */
const OPTIMUM = 0.07447768;

async function setC(directory: string, balance: object) {
  const { report } = await runBalance(
    parseConfig({
      input: { files: sharedPath(ADULT) },
      attributes: Object.fromEntries(
        ['female', 'nonwhite', 'age_ge40'].map((name) => [name, { column: `s_${name}`, target: 0.5 }]),
      ),
      labels: [{ columns: ['y_*'], exclude: ['y_rel_husband', 'y_rel_wife'] }],
      balance: { rate: 0.25, ...balance },
      output: { directory, formats: [], weights: 'parquet' },
    }),
  );
  return { report, certificate: report.certificate!, duals: readOutput(directory).duals };
}

test(
  'the certificate of a sample bounds the optimum on both sides, closer the larger the sample',
  options,
  async (t) => {
    const folder = scratch(t);
    const gaps: number[] = [];
    for (const patterns of [500, 2_000, 8_000]) {
      const { certificate, duals } = await setC(join(folder, String(patterns)), { patterns });
      const { fit, primal, dual, gap, rate } = certificate;
      assert.deepEqual([fit, duals.fit], ['thinned', 'thinned']);
      assert.ok(Math.abs(rate - 0.25) <= 1e-6, `E[q] ${rate}`);
      assert.ok(primal >= OPTIMUM * (1 - 1e-5), `${patterns} patterns: primal ${primal}`);
      assert.ok(dual <= OPTIMUM * (1 + 1e-6), `${patterns} patterns: dual ${dual}`);
      assert.ok(Math.abs(gap - (primal - dual) / primal) < 1e-9);
      t.diagnostic(`${patterns} patterns: primal ${primal}, dual ${dual}, gap ${gap}`);
      gaps.push(gap);
    }
    assert.ok(gaps[0]! > gaps[1]! && gaps[1]! > gaps[2]!, `gaps ${gaps}`);
  },
);

test('a sample fits better than a stream; exact refuses to sample; enough room is exact', options, async (t) => {
  const folder = scratch(t);
  const thinned = await setC(join(folder, 'thinned'), { patterns: 5_000 });
  const stream = await setC(join(folder, 'stream'), { patterns: 5_000, fit: 'stream' });
  assert.equal(stream.certificate.fit, 'stream');
  assert.ok(
    thinned.certificate.primal < stream.certificate.primal,
    `${thinned.certificate.primal} and ${stream.certificate.primal}`,
  );
  await assert.rejects(setC(join(folder, 'refused'), { patterns: 5_000, fit: 'exact' }), /balance\.fit: exact needs/);
  const exact = await setC(join(folder, 'exact'), { patterns: 10_040 });
  assert.equal(exact.certificate.fit, 'exact');
  assert.ok(exact.certificate.gap < 1e-6);
});

test('other rates are told whatever the fit, of a sample alike', options, async (t) => {
  const folder = scratch(t);
  const told = async (name: string, balance: object) => {
    const { report } = await setC(join(folder, name), balance);
    return { rates: report.rates!, sample: report.ratesSample };
  };
  const exact = await told('exact', {});
  const stream = await told('stream', { fit: 'stream' });
  assert.deepEqual(stream, exact, 'of all patterns');
  assert.equal(exact.sample, undefined);
  const sampled = await told('sampled', { patterns: 5_000, fit: 'stream' });
  const online = await told('online', { patterns: 5_000, fit: 'online' });
  assert.deepEqual(online, sampled);
  assert.equal(sampled.sample, 5_000);
  for (const [i, { rate, rb, ab }] of sampled.rates.entries()) {
    const of = exact.rates[i]!;
    const at = `at ${rate}: RB ${rb} and ${of.rb}, AB ${ab} and ${of.ab}`;
    t.diagnostic(at);
    assert.equal(rate, of.rate);
    assert.ok(Math.abs(rb! - of.rb!) < 0.02 && Math.abs(ab! - of.ab!) < 0.1, at);
  }
});

test('a sample is the same again, and a warm start from it is taken', options, async (t) => {
  const folder = scratch(t);
  const first = await setC(join(folder, 'first'), { patterns: 1_000 });
  const second = await setC(join(folder, 'second'), { patterns: 1_000 });
  assert.deepEqual(second.duals, first.duals);
  const warm = await setC(join(folder, 'warm'), { warm: join(folder, 'first', 'duals.json') });
  assert.ok(warm.certificate.fit === 'exact' && warm.certificate.gap < 1e-6);
});
