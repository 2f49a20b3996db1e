/** Soft attributes: what the fit makes of probabilities, against optima in closed form and sums by definition. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ABSENT, NEARER, PRESENT, PROBABILITY, softValue, type Tags, UNKNOWN } from '../../../schemas/tags.js';
import { calibratePatterns } from '../../../transforms/balance/calibrate.js';
import {
  addCertificate,
  certify,
  createCertificate,
  mergeCertificates,
} from '../../../transforms/balance/certificate.js';
import { fitExact } from '../../../transforms/balance/exact.js';
import { createInstance } from '../../../transforms/balance/instance.js';
import { decodePatterns, encodePatterns } from '../../../transforms/balance/pattern-bytes.js';
import { addPatterns, createPatterns } from '../../../transforms/balance/patterns.js';
import { createStream, finishStream, updateStream } from '../../../transforms/balance/stream.js';
import { selectTags } from '../../../transforms/tag/select.js';
import { caseOf } from './arbitrary.js';
import { generator, problemOf } from './synthetic.js';

test('a probability is kept to the nearest 1/64, its ends as absent and present', () => {
  assert.deepEqual([0, 1 / 129, 127 / 128, 1].map(softValue), [ABSENT, ABSENT, PRESENT, PRESENT]);
  assert.deepEqual(
    [0.49, 0.5, 1].map((p) => NEARER[softValue(p)]),
    [ABSENT, PRESENT, PRESENT],
  );
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (p) => {
      assert.ok(Math.abs(PROBABILITY[softValue(p)]! - p) <= 1 / 128);
    }),
  );
});

/** Rows of one attribute and one label, in an order from a seed. */
function rowsOf(
  groups: readonly { readonly p: number; readonly y: boolean; readonly n: number }[],
  seed: number,
): Tags {
  const random = generator(seed);
  const rows = groups
    .flatMap((group) => Array.from({ length: group.n }, () => ({ ...group, at: random() })))
    .sort((a, b) => a.at - b.at);
  const offsets = new Uint32Array(rows.length + 1);
  rows.forEach(({ y }, i) => {
    offsets[i + 1] = offsets[i]! + (y ? 1 : 0);
  });
  return {
    rows: rows.length,
    attributes: Uint8Array.from(rows, ({ p }) => softValue(p)),
    offsets,
    labels: new Uint16Array(offsets[rows.length]!),
  };
}

// q = eta - lambda . a - mu, projected on E[q] = eta, E[q z] = 0 and E[q z y] = 0: a linear system, solved by hand in rows of moments.
test('exact and stream fit come to the optimum that a projection has in closed form', () => {
  const groups = [
    { p: 0.25, y: true, n: 3000 },
    { p: 0.75, y: true, n: 1000 },
    { p: 0.125, y: false, n: 2500 },
    { p: 0.5, y: false, n: 1000 },
    { p: 1, y: false, n: 1000 },
  ];
  const n = 8500;
  const eta = 0.4;
  const mean = (f: (z: number, y: number) => number) =>
    groups.reduce((sum, g) => sum + (g.n / n) * f(g.p - 0.5, g.y ? 1 : 0), 0);
  const [z, zy, zz, zzy] = [mean((a) => a), mean((a, b) => a * b), mean((a) => a * a), mean((a, b) => a * a * b)];
  // Of (z, zy), with the mean taken off: covariance C and drift d; the distance is eta^2 d' C^-1 d / 2.
  const [c11, c12, c22] = [zz - z * z, zzy - z * zy, zzy - zy * zy];
  const optimum = ((eta * eta) / 2) * ((c22 * z * z - 2 * c12 * z * zy + c11 * zy * zy) / (c11 * c22 - c12 * c12));
  const tags = rowsOf(groups, 7);
  const problem = problemOf({ m: 1, c: 1 }, { rate: eta, representation: 0, association: 0, penalty: 100 });
  const table = createPatterns(1, 1, 100);
  addPatterns(table, tags);
  const instance = createInstance(decodePatterns(encodePatterns(table)));
  const fit = fitExact(instance, problem);
  assert.ok(fit.converged && Math.abs(fit.primal - optimum) < 1e-12, `${fit.primal}, expected ${optimum}`);
  const stream = createStream(problem);
  for (let epoch = 0; epoch < 20; epoch++) updateStream(stream, tags);
  const averaged = finishStream(stream);
  const mu = calibratePatterns(instance, averaged.w, problem, averaged.mu);
  const sums = createCertificate(problem);
  addCertificate(sums, tags, undefined, { ...averaged, mu }, problem);
  const reached = certify(sums, { ...averaged, mu }, problem);
  assert.ok(reached.dual <= optimum + 1e-9 && reached.dual > optimum * 0.99, `${reached.dual}, expected ${optimum}`);
  fit.w.forEach((w, j) => {
    assert.ok(Math.abs(averaged.w[j]! - w) < 0.05 * Math.abs(w), `dual ${j}: ${averaged.w[j]}, expected ${w}`);
  });
});

test('the certificate of rounded probabilities bounds the moments of those that were not', () => {
  fc.assert(
    fc.property(fc.nat(), fc.boolean(), (seed, conditional) => {
      const { example, problem, duals } = caseOf(3 * (seed % 1_000_000), 60, conditional);
      const { m, c } = problem;
      const random = generator(seed);
      const exact = Float64Array.from(example.tags.attributes, (s) => (s === UNKNOWN ? Number.NaN : random()));
      const attributes = Uint8Array.from(exact, (p) => (Number.isNaN(p) ? UNKNOWN : softValue(p)));
      const rounding = Float32Array.from(exact, (p, i) => (Number.isNaN(p) ? 0 : p - PROBABILITY[attributes[i]!]!));
      const tags = { ...example.tags, attributes, rounding };
      const sums = createCertificate(problem);
      addCertificate(sums, tags, undefined, duals, problem);
      const certificate = certify(sums, duals, problem);
      // The same in two parts, of which one is picked by row numbers.
      const halves = [0, 1].map((half) => {
        const part = createCertificate(problem);
        const rows = Uint32Array.from(Array.from({ length: 60 }, (_, i) => i).filter((i) => i % 2 === half));
        addCertificate(part, selectTags(tags, rows), undefined, duals, problem);
        return part;
      });
      mergeCertificates(halves[0]!, halves[1]!);
      assert.deepEqual(halves[0], sums);
      for (let k = 0; k < m; k++) {
        const bound = certificate.rounding[k]! + 1e-7;
        for (let r = -1; r < c; r++) {
          let off = 0;
          for (let i = 0; i < 60; i++) {
            const carried = tags.labels.subarray(tags.offsets[i], tags.offsets[i + 1]);
            if (r >= 0 && !carried.includes(r)) continue;
            let margin = 0;
            for (let l = 0; l < m; l++) {
              const s = attributes[i * m + l]!;
              if (s === UNKNOWN) continue;
              for (const j of [0, ...Array.from(carried, (label) => label + 1)]) {
                margin += (PROBABILITY[s]! - problem.target[l]!) * duals.w[l * (c + 1) + j]!;
              }
              for (let j = 0; j <= c; j++) {
                const counts = j === 0 || !conditional || carried.includes(j - 1);
                const at = l * (c + 1) + j;
                if (counts) margin -= problem.tolerance[at]! * Math.abs(duals.w[at]!);
              }
            }
            const q = Math.min(problem.maximum, Math.max(0, duals.rate - margin - duals.mu));
            if (!Number.isNaN(exact[i * m + k]!)) off += (q * rounding[i * m + k]!) / 60;
          }
          assert.ok(Math.abs(off) <= bound, `attribute ${k}, label ${r}: off by ${off}, bound ${bound}`);
        }
        assert.ok(certificate.rounding[k]! <= problem.maximum / 128);
      }
    }),
    { numRuns: 40 },
  );
});
