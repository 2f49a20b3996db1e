import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InvariantError } from '../../../schemas/errors.js';
import { copies, expand, finalDrop, randomControl } from '../../../transforms/resample/copies.js';

/** mulberry32: uniforms for the tests, from a fixed seed. */
function uniforms(seed: number, rows: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length: rows }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  });
}

const sum = (a: ArrayLike<number>) => Array.from(a).reduce((x, y) => x + y, 0);
/** Five standard deviations of a binomial mean: a fixed seed either passes for ever or never. */
const slack = (p: number, n: number) => 5 * Math.sqrt((p * (1 - p)) / n);
const CODES = { weightZero: 7, sampledOut: 8 };

test('the mean number of copies is the weight, for weights below and above 1', () => {
  const rows = 100_000;
  for (const [seed, q] of [
    [1, 0.1],
    [2, 0.5],
    [3, 0.999],
    [4, 1.25],
    [5, 99.5],
  ]) {
    const drawn = copies(new Float64Array(rows).fill(q), uniforms(seed, rows), new Uint8Array(rows));
    const mean = sum(drawn) / rows;
    assert.ok(Math.abs(mean - q) < slack(q % 1, rows), `weight ${q}: mean ${mean}`);
    for (const c of drawn) assert.ok(c === Math.floor(q) || c === Math.ceil(q));
  }
});

test('whole weights have exactly their copies, whatever the draw', () => {
  const weights = Float64Array.of(0, 0, 1, 1, 2, 100, 100);
  const uniform = Float64Array.of(0, 1 - 2 ** -32, 0, 1 - 2 ** -32, 0, 0, 1 - 2 ** -32);
  assert.deepEqual([...copies(weights, uniform, new Uint8Array(7))], [0, 0, 1, 1, 2, 100, 100]);
});

test('the copies of a row do not depend on the rows around it', () => {
  const row = fc.tuple(
    fc.double({ min: 0, max: 100, noNaN: true }),
    fc.double({ min: 0, max: 1 - 2 ** -32, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.array(row), (rows) => {
      const draw = (r: [number, number][]) =>
        copies(
          Float64Array.from(r, (x) => x[0]),
          Float64Array.from(r, (x) => x[1]),
          new Uint8Array(r.length),
        );
      assert.deepEqual([...draw(rows)].reverse(), [...draw([...rows].reverse())]);
      rows.forEach((r, i) => {
        assert.equal(draw(rows)[i], draw([r])[0]);
      });
    }),
  );
});

test('the control keeps the rate, of rows that its draw alone decides', () => {
  const rows = 100_000;
  for (const rate of [0.25, 1, 1.5]) {
    const kept = randomControl(uniforms(11, rows), rate, new Uint8Array(rows));
    assert.ok(Math.abs(sum(kept) / rows - rate) <= slack(rate % 1, rows));
  }
  assert.deepEqual([...randomControl(Float64Array.of(0.24, 0.25, 0.26), 0.25, new Uint8Array(3))], [1, 0, 0]);
});

test('expand repeats rows in order and leaves out those that a filter dropped', () => {
  assert.deepEqual([...expand(Uint8Array.of(1, 0, 3, 2, 1), Uint8Array.of(0, 0, 0, 5, 0))], [0, 2, 2, 2, 4]);
  assert.equal(expand(new Uint8Array(0), new Uint8Array(0)).length, 0);
});

test('every row is kept or has exactly one reason', () => {
  const row = fc.record({
    drop: fc.integer({ min: 0, max: 6 }),
    weight: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 3, noNaN: true })),
    uniform: fc.double({ min: 0, max: 1 - 2 ** -32, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(row), (rows) => {
      const drop = Uint8Array.from(rows, (r) => r.drop);
      const weights = Float64Array.from(rows, (r) => r.weight);
      const drawn = copies(
        weights,
        Float64Array.from(rows, (r) => r.uniform),
        new Uint8Array(rows.length),
      );
      const reasons = finalDrop(drop, weights, drawn, CODES, new Uint8Array(rows.length));
      const written = new Set(expand(drawn, drop));
      rows.forEach((r, i) => {
        const expected = r.drop !== 0 ? r.drop : r.weight === 0 ? 7 : drawn[i] === 0 ? 8 : 0;
        assert.equal(reasons[i], expected);
        assert.equal(reasons[i] === 0, written.has(i));
      });
    }),
  );
});

test('a copy of a row with weight 0, or codes that clash, break a promise', () => {
  const one = (codes: typeof CODES) => () =>
    finalDrop(new Uint8Array(1), new Float64Array(1), Uint8Array.of(1), codes, new Uint8Array(1));
  assert.throws(one(CODES), new InvariantError('resample: row 0 has weight 0 and 1 copies'));
  assert.throws(one({ weightZero: 0, sampledOut: 8 }), InvariantError);
  assert.throws(one({ weightZero: 8, sampledOut: 8 }), InvariantError);
});
