import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ABSENT, type MergedNames, PRESENT, type Tags, UNKNOWN } from '../../../schemas/tags.js';
import {
  addAgreements,
  agreementReport,
  emptyAgreements,
  mergeAgreements,
  namedAgreements,
  sourceCounts,
} from '../../../transforms/stats/agreement.js';

const MERGED: readonly MergedNames[] = [
  { attribute: 'a', sources: ['a1', 'a2', 'a3'], column: 0 },
  { attribute: 'b', sources: ['b1', 'b2'], column: 4 },
];
const WIDTH = 6;
const Z = 1.96;

const tagsOf = (rows: readonly (readonly number[])[]): Tags => ({
  rows: rows.length,
  attributes: new Uint8Array(rows.length * 3),
  offsets: new Uint32Array(rows.length + 1),
  labels: new Uint16Array(0),
  sources: Uint8Array.from(rows.flat()),
});

const count = (...batches: (readonly (readonly number[])[])[]) => {
  const tables = emptyAgreements(sourceCounts({ attributes: [], labels: [], merged: MERGED }));
  for (const rows of batches) addAgreements(tables, MERGED, tagsOf(rows));
  return tables;
};

const row = fc.array(fc.constantFrom(ABSENT, PRESENT, UNKNOWN), { minLength: WIDTH, maxLength: WIDTH });

test('the figures of each two sources are those of their rows, counted one by one', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
      namedAgreements(MERGED, count(rows)).forEach((of, k) => {
        const { column, sources } = MERGED[k]!;
        const told = agreementReport(of, Z);
        sources.forEach((source, i) => {
          const says = (verdict: number) => rows.filter((r) => r[column + i] === verdict).length;
          const [present, absent, unknown] = [PRESENT, ABSENT, UNKNOWN].map(says);
          assert.deepEqual(told.sources[i], { source, present, absent, unknown });
        });
        for (const pair of told.pairs) {
          const [i, j] = [pair.source, pair.other].map((source) => column + sources.indexOf(source));
          const known = rows.filter((r) => r[i!] !== UNKNOWN && r[j!] !== UNKNOWN);
          const same = known.filter((r) => r[i!] === r[j!]).length;
          assert.equal(pair.known, known.length);
          assert.equal(pair.both + pair.neither, same);
          assert.equal(pair.first, known.filter((r) => r[i!] === PRESENT && r[j!] === ABSENT).length);
          assert.equal(pair.second, known.filter((r) => r[i!] === ABSENT && r[j!] === PRESENT).length);
          assert.equal(pair.agreement, known.length === 0 ? null : same / known.length);
          assert.ok(pair.kappa === null || (pair.kappa >= -1 - 1e-12 && pair.kappa <= 1 + 1e-12));
          assert.ok(pair.interval.low <= (pair.agreement ?? 0.5) && pair.interval.high >= (pair.agreement ?? 0.5));
        }
      });
    }),
  );
});

test('counts of parts add up to those of the whole', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 30 }), fc.array(row, { maxLength: 30 }), (a, b) => {
      const whole = count([...a, ...b]);
      const parts = count(a);
      mergeAgreements(parts, count(b));
      assert.deepEqual(parts, whole);
      assert.deepEqual(count(a, b), whole);
    }),
  );
});

test('kappa by hand', () => {
  // Both 88, neither 62, 18 and 32 apart: observed 0.75, by chance (106 * 120 + 94 * 80) / 200^2 = 0.506.
  const told = agreementReport(
    namedAgreements(
      [{ attribute: 'x', sources: ['a', 'b'], column: 0 }],
      (() => {
        const tables = emptyAgreements([2]);
        const rows = [
          ...Array.from({ length: 88 }, () => [PRESENT, PRESENT]),
          ...Array.from({ length: 18 }, () => [PRESENT, ABSENT]),
          ...Array.from({ length: 32 }, () => [ABSENT, PRESENT]),
          ...Array.from({ length: 62 }, () => [ABSENT, ABSENT]),
        ];
        addAgreements(tables, [{ attribute: 'x', sources: ['a', 'b'], column: 0 }], tagsOf(rows));
        return tables;
      })(),
    )[0]!,
    Z,
  );
  assert.ok(Math.abs(told.pairs[0]!.kappa! - (0.75 - 0.506) / (1 - 0.506)) < 1e-12);
});

test('kappa is not told where chance alone would agree always', () => {
  const tables = emptyAgreements([2]);
  const merged = [{ attribute: 'x', sources: ['a', 'b'], column: 0 }];
  addAgreements(tables, merged, tagsOf([[PRESENT, PRESENT]]));
  const [pair] = agreementReport(namedAgreements(merged, tables)[0]!, Z).pairs;
  assert.deepEqual([pair!.agreement, pair!.kappa], [1, null]);
});
