import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { InputError } from '../../../schemas/errors.js';
import { type HeadConfig, modelSchema } from '../../../schemas/models-config.js';
import { mixScores, scoreColumns } from '../../../transforms/model/columns.js';
import { createHead } from '../../../transforms/model/head.js';
import { readHeadFile } from '../../../transforms/model/head-file.js';
import { createProducts, plainProducts } from '../../../transforms/model/products.js';
import { simdProducts } from '../../../transforms/model/products-simd.js';
import { memorySource } from '../../formats/memory.js';
import { generator } from '../balance/synthetic.js';

const config = (value: object) => modelSchema.parse({ embedding: 'v', ...value }) as HeadConfig;
const json = (value: unknown) => memorySource(new Uint8Array(Buffer.from(JSON.stringify(value))), 'w.json');
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const length = (a: readonly number[]) => Math.sqrt(dot(a, a));
const cosine = (a: readonly number[], b: readonly number[]) => dot(a, b) / length(a) / length(b);
const softmax = (logits: readonly number[]) => {
  const powers = logits.map((x) => Math.exp(x - Math.max(...logits)));
  return powers.map((x) => x / powers.reduce((a, b) => a + b));
};
const near = (got: ArrayLike<number>, wanted: readonly number[]) => {
  assert.equal(got.length, wanted.length);
  wanted.forEach((x, i) => {
    assert.ok(Math.abs(got[i]! - x) < 1e-6, `${i}: ${got[i]} is not ${x}`);
  });
};

/** Of what Node 20, 22 and 24 compute on x86-64. */
const SCORES_SHA256 = 'b9a4136c9a4da2a993ccd0242551b21adffb01057178fc2fe58fb6fd2d22a2ae';

const cases = fc
  .record({ rows: fc.nat(500), n: fc.integer({ min: 1, max: 19 }), dims: fc.integer({ min: 1, max: 300 }) })
  .chain((shape) => fc.record({ shape: fc.constant(shape), seed: fc.nat() }));

/** Numbers of many sizes, as float32 or not. */
function numbersOf(seed: number, length: number, rounded: boolean): Float64Array {
  const random = generator(seed);
  return Float64Array.from({ length }, () => {
    const value = (random() - 0.5) * 10 ** Math.round(6 * random() - 3);
    return rounded ? Math.fround(value) : value;
  });
}

test('products by WebAssembly are to the bit those of the slow twin, whatever the shape, and near the sums in float64', () => {
  fc.assert(
    fc.property(cases, ({ shape: { rows, n, dims }, seed }) => {
      const weights = numbersOf(seed, n * dims, seed % 2 === 0);
      const vectors = numbersOf(seed + 1, rows * dims, seed % 3 === 0);
      const fast = simdProducts(weights, dims);
      assert.ok(fast, 'this processor has SIMD');
      const slow = plainProducts(weights, dims)(vectors, rows);
      assert.deepEqual(fast(vectors, rows), slow);
      assert.deepEqual(
        createProducts(weights, dims)(Float32Array.from(vectors), rows),
        slow,
        'float32 is what is multiplied',
      );
      const row = (of: Float64Array, i: number) => [...of.subarray(i * dims, (i + 1) * dims)];
      for (let i = 0; i < rows; i += 17) {
        const x = row(vectors, i);
        assert.ok(Math.abs(slow.squared[i]! - dot(x, x)) <= 1e-6 * dot(x, x));
        for (let j = 0; j < n; j++) {
          const w = row(weights, j);
          const error = Math.abs(slow.products[i * n + j]! - dot(x, w));
          assert.ok(error <= 1e-6 * length(x) * length(w) + 1e-30, `row ${i}, class ${j}: ${error}`);
        }
      }
    }),
    { numRuns: 40 },
  );
});

test('without SIMD the slow twin multiplies', (t) => {
  const { WebAssembly: own } = globalThis as unknown as { WebAssembly: { Module(): object } };
  t.mock.method(own, 'Module', () => {
    throw new Error('no SIMD');
  });
  const weights = numbersOf(7, 5 * 30, true);
  const vectors = numbersOf(8, 11 * 30, true);
  assert.equal(simdProducts(weights, 30), undefined);
  assert.deepEqual(createProducts(weights, 30)(vectors, 11), plainProducts(weights, 30)(vectors, 11));
});

test('scores have the same bytes on every machine and version of Node', () => {
  const [rows, n, dims] = [300, 40, 768];
  const random = generator(9);
  const vectors = Float64Array.from({ length: n * dims }, () => random() - 0.5);
  const file = { dims, names: Array.from({ length: n }, (_, i) => `${i}`), vectors, bias: new Float64Array(n) };
  const head = createHead(config({ prompts: 'w.json', temperature: 0.01 }), file);
  const scores = head.score(
    Float32Array.from({ length: rows * dims }, () => random() - 0.5),
    rows,
  );
  assert.equal(createHash('sha256').update(scores).digest('hex'), SCORES_SHA256);
});

test('a row that is not finite spoils no other; numbers that are missing are refused', () => {
  const weights = numbersOf(5, 3 * 8, true);
  const vectors = numbersOf(6, 7 * 8, true);
  const whole = createProducts(weights, 8)(vectors, 7);
  vectors[2 * 8 + 5] = Number.NaN;
  vectors[4 * 8] = 1e300;
  const { products, squared } = createProducts(weights, 8)(vectors, 7);
  for (let i = 0; i < 7; i++) {
    if (i === 2 || i === 4) assert.ok(!Number.isFinite(squared[i]!), `row ${i}`);
    else assert.deepEqual(products.subarray(i * 3, i * 3 + 3), whole.products.subarray(i * 3, i * 3 + 3), `row ${i}`);
  }
  assert.throws(() => createProducts(new Float64Array(4), 2)(new Float32Array(3), 2), RangeError);
  assert.throws(() => createProducts(new Float64Array(3), 2), RangeError);
});

const X = [3, 4, 0, 1, 0, 2];

test('zero-shot is the softmax of cosines over the mean direction of each class', async () => {
  const weights = [
    [1, 0, 0],
    [0, 2, 0],
    [0, 0, 5],
  ];
  const prompts = config({ prompts: 'w.json', temperature: 0.5 });
  const file = await readHeadFile(json({ classes: ['a', 'b', 'a'], weights }), prompts);
  const head = createHead(prompts, file);
  assert.deepEqual(head.classes, ['a', 'b']);
  const a = [1, 0, 1];
  const wanted = [
    [3, 4, 0],
    [1, 0, 2],
  ].flatMap((x) => softmax([cosine(x, a) / 0.5, cosine(x, [0, 1, 0]) / 0.5]));
  near(head.score(X, 2), wanted);
  near(head.score(Float32Array.from(X), 2), wanted);
  const unusable = [0, 0, 0, Number.NaN, 1, 1, 1e38, 1e38, 1];
  assert.ok(head.score(unusable, 3).every(Number.isNaN), 'of no direction, or beyond float32, nothing is known');
  const siglip = config({ prompts: 'w.json', temperature: 0.1, activation: 'sigmoid', bias: -10 });
  near(createHead(siglip, file).score([0, 1, 0], 1), [1 / (1 + Math.exp(10)), 1 / (1 + Math.exp(0))]);
});

test('a probe is linear, of vectors of length 1 unless told otherwise', async () => {
  const content = { classes: ['score'], weights: [[1, 2, 3]], bias: [0.5] };
  const score = async (more: object) => {
    const probe = config({ probe: 'w.json', activation: 'none', ...more });
    return createHead(probe, await readHeadFile(json(content), probe)).score(X, 2);
  };
  near(await score({}), [11 / 5 + 0.5, 7 / Math.sqrt(5) + 0.5]);
  near(await score({ normalise: false }), [11.5, 7.5]);
  near(
    await score({ normalise: false, activation: 'sigmoid' }),
    [11.5, 7.5].map((x) => 1 / (1 + Math.exp(-x))),
  );
});

test('the class of the nearest centroid has the largest score, by either distance', async () => {
  const vector = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 3, maxLength: 3 });
  const nonZero = vector.filter((v) => v.some((x) => x !== 0));
  await fc.assert(
    fc.asyncProperty(fc.array(nonZero, { minLength: 4, maxLength: 4 }), nonZero, async (weights, x) => {
      for (const distance of ['cosine', 'euclidean'] as const) {
        const nearest = config({ centroids: 'w.json', distance, temperature: 10 });
        const file = await readHeadFile(json({ classes: ['a', 'b', 'c', 'a'], weights }), nearest);
        const nearness = weights.map((w) =>
          distance === 'cosine' ? cosine(x, w) : -w.reduce((sum, v, i) => sum + (v - x[i]!) ** 2, 0),
        );
        const best = [Math.max(nearness[0]!, nearness[3]!), nearness[1]!, nearness[2]!];
        near(createHead(nearest, file).score(x, 1), softmax(best.map((v) => v / 10)));
      }
    }),
  );
});

test('files of weights that do not go together are refused by name', async () => {
  const probe = config({ probe: 'w.json' });
  const refuses = (content: unknown, told: RegExp) =>
    assert.rejects(readHeadFile(json(content), probe), (e) => e instanceof InputError && told.test(e.message));
  await refuses({ classes: ['a', 'b'], weights: [[1, 2], [1]] }, /w\.json.*2 weights a class.*1 in number 1/);
  await refuses({ classes: ['a'], weights: [[1], [2]] }, /1 vectors, one for each of the classes, got 2/);
  await refuses({ classes: ['a', 'a'], weights: [[1], [2]] }, /each class once/);
  await refuses({ classes: ['a'], weights: [[1]], bias: [1, 2] }, /1 numbers of bias, got 2/);
  await refuses({ classes: ['a'] }, /weights/);
  await refuses([], /an object/);
});

// Written by NumPy: weights [[1, 2], [3, 4]] in float32; bias [5, 6] in int64, [0.5, -1] in float64, or none.
const INTEGER_BIAS =
  'UEsDBC0AAAAIAAAAIQBO+yB1//////////8LABQAd2VpZ2h0cy5ucHkBABAAkAAAAAAAAABTAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqKuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CkaaOgq1CmQDLgaGBnsGBgYHIALiBgcAUEsDBC0AAAAIAAAAIQBxvme5//////////8IABQAYmlhcy5ucHkBABAAkAAAAAAAAABKAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6mjoKtQoUAC5WBghgg9IAUEsBAi0DLQAAAAgAAAAhAE77IHVTAAAAkAAAAAsAAAAAAAAAAAAAAIABAAAAAHdlaWdodHMubnB5UEsBAi0DLQAAAAgAAAAhAHG+Z7lKAAAAkAAAAAgAAAAAAAAAAAAAAIABkAAAAGJpYXMubnB5UEsFBgAAAAACAAIAbwAAABQBAAAAAA==';
const BIAS =
  'UEsDBC0AAAAIAAAAIQBO+yB1//////////8LABQAd2VpZ2h0cy5ucHkBABAAkAAAAAAAAABTAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqKuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CkaaOgq1CmQDLgaGBnsGBgYHIALiBgcAUEsDBC0AAAAIAAAAIQC81Lqh//////////8IABQAYmlhcy5ucHkBABAAkAAAAAAAAABNAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6mjoKtQoUAC4GMHhgD6E/7AcAUEsBAi0DLQAAAAgAAAAhAE77IHVTAAAAkAAAAAsAAAAAAAAAAAAAAIABAAAAAHdlaWdodHMubnB5UEsBAi0DLQAAAAgAAAAhALzUuqFNAAAAkAAAAAgAAAAAAAAAAAAAAIABkAAAAGJpYXMubnB5UEsFBgAAAAACAAIAbwAAABcBAAAAAA==';
const NO_BIAS =
  'UEsDBC0AAAAIAAAAIQBO+yB1//////////8LABQAd2VpZ2h0cy5ucHkBABAAkAAAAAAAAABTAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqKuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CkaaOgq1CmQDLgaGBnsGBgYHIALiBgcAUEsBAi0DLQAAAAgAAAAhAE77IHVTAAAAkAAAAAsAAAAAAAAAAAAAAIABAAAAAHdlaWdodHMubnB5UEsFBgAAAAABAAEAOQAAAJAAAAAAAA==';

test('the bias of an NPZ file is read where it has one, and refused where it cannot be read', async () => {
  const probe = config({ probe: 'w.npz', classes: ['a', 'b'] });
  const read = (text: string) =>
    readHeadFile(memorySource(new Uint8Array(Buffer.from(text, 'base64')), 'w.npz'), probe);
  assert.deepEqual([...(await read(BIAS)).bias], [0.5, -1]);
  assert.deepEqual([...(await read(NO_BIAS)).bias], [0, 0]);
  await assert.rejects(read(INTEGER_BIAS), /w\.npz, array bias: expected float16, float32 or float64.* got <i8/);
});

test('groups add scores up, and the expected value is their mean; a row without scores has none', () => {
  const model = {
    name: 'age',
    classes: ['0', '1', '2'],
    config: config({ probe: 'w.json', groups: { old: { from: 1 }, some: ['0', '2'] }, expected: 'years' }),
  };
  const columns = scoreColumns(model);
  assert.deepEqual(
    columns.map(({ name }) => name),
    ['age.0', 'age.1', 'age.2', 'age.old', 'age.some', 'age.years'],
  );
  const mixed = mixScores(Float32Array.of(0.25, 0.25, 0.5, Number.NaN, Number.NaN, Number.NaN), 2, columns);
  assert.deepEqual([...mixed.subarray(0, 6)], [0.25, 0.25, 0.5, 0.75, 0.75, 1.25]);
  assert.ok(mixed.subarray(6).every(Number.isNaN));
  const bad = { ...model, config: config({ probe: 'w.json', groups: { x: ['7'] } }) };
  assert.throws(() => scoreColumns(bad), /models\.age\.groups\.x: expected some of 0, 1, 2, got 7/);
});
