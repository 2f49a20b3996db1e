import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { generator } from '../../../scripts/demo-data.js';
import { benjaminiHochberg, compareSets, type DriftSet, twoSidedP } from '../../../transforms/stats/drift.js';
import { addWeighted, emptyMoments } from '../../../transforms/stats/moments.js';
import { normalQuantile, normalTail } from '../../../transforms/stats/normal.js';
import { type Row, tagsOf, weightsOf } from './rows.js';

test('the tail of the normal distribution is the inverse of its quantile', () => {
  for (const p of [0.5, 0.4, 0.1, 0.01, 1e-3, 2e-3, 1e-8, 1e-30, 1e-200]) {
    assert.ok(Math.abs(normalTail(-normalQuantile(p)) / p - 1) < 1e-11, `${p}`);
  }
  assert.equal(normalTail(0), 0.5);
  assert.equal(twoSidedP(0), 1);
});

test('q values are those of the step-up procedure of Benjamini and Hochberg', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 }),
      fc.double({ min: 0.001, max: 0.5, noNaN: true }),
      (p, rate) => {
        const sorted = [...p].sort((a, b) => a - b);
        const last = sorted.findLastIndex((x, i) => x <= ((i + 1) / p.length) * rate);
        const q = benjaminiHochberg(p);
        p.forEach((x, i) => {
          const limit = last < 0 ? -1 : sorted[last];
          // At the limit itself, rounding decides.
          if (Math.abs(x - limit) > 1e-12 * limit) assert.equal(q[i] <= rate, x < limit, `p ${x}, q ${q[i]}`);
        });
      },
    ),
  );
});

const LABELS = Array.from({ length: 20 }, (_, r) => `label ${r}`);
const ROWS = 4000;
const SEED = 20_261_125;

/** Rows of one attribute and labels that are as likely on both sides, but label 0, which is more likely by `shift` where it is present. */
function sampleOf(random: () => number, shift: number, weighted: boolean): DriftSet {
  const rows: Row[] = Array.from({ length: ROWS }, () => {
    const s = random() < 0.2 ? 2 : Number(random() < 0.4);
    const y = LABELS.flatMap((_, r) => (random() < 0.05 + 0.01 * r + (r === 0 && s === 1 ? shift : 0) ? [r] : []));
    return { s: [s], y, q: weighted ? Math.ceil(random() * 4) / 4 : 1 };
  });
  const moments = emptyMoments(1, LABELS.length);
  addWeighted(moments, tagsOf(rows), weightsOf(rows));
  return {
    set: { name: 'data', attributes: [{ name: 'female', target: 0.5 }], labels: LABELS },
    stages: [{ name: 'raw', moments }],
  };
}

function discoveries(random: () => number, shift: number, weighted: boolean) {
  const { tested } = compareSets(sampleOf(random, 0, weighted), sampleOf(random, shift, weighted), 30);
  const q = benjaminiHochberg(tested.map(({ p }) => p));
  return tested.filter((_, i) => q[i] <= 0.05);
}

for (const weighted of [false, true]) {
  test(`of samples of one source, ${weighted ? 'weighted' : 'unweighted'}, few are said to differ`, (t) => {
    t.diagnostic(`seed ${SEED}`);
    const random = generator(SEED + Number(weighted));
    const runs = 150;
    let alarms = 0;
    for (let run = 0; run < runs; run++) if (discoveries(random, 0, weighted).length > 0) alarms++;
    // Where nothing differs, the share of runs with any discovery is the false discovery rate, 5 %; its standard deviation is 1.8 %.
    t.diagnostic(`${alarms} of ${runs} runs`);
    assert.ok(alarms / runs <= 0.05 + 3 * 0.018, `${alarms} of ${runs}`);
  });
}

test('a real shift is found, and is named', (t) => {
  t.diagnostic(`seed ${SEED}`);
  const random = generator(SEED);
  for (let run = 0; run < 20; run++) {
    const found = discoveries(random, 0.1, false);
    assert.ok(
      found.some(({ figure, label }) => figure === 'association' && label === 'label 0'),
      JSON.stringify(found),
    );
  }
});
