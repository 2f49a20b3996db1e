import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Binary, Float32, Float64, Int32, Int64, type RecordBatch, type Vector, vectorFromArray } from 'apache-arrow';
import fc from 'fast-check';
import type { FilterPreset, FilterRule } from '../../../schemas/config.js';
import { ConfigError, InputError, InvariantError } from '../../../schemas/errors.js';
import {
  createFilters,
  expandRules,
  globalRules,
  type Resolutions,
  requireColumns,
} from '../../../transforms/filter/index.js';
import { countCharacters, countWords } from '../../../transforms/filter/length.js';
import { needs } from '../../shared.js';
import { batchOf, lists } from '../tag/batch.js';
import { readCaptions } from '../tag/captions.js';

/** The reason that drops each row of a batch, null where it is kept. */
async function reasons(
  batch: RecordBatch,
  rules: readonly (FilterPreset | FilterRule)[],
  resolved?: Resolutions,
  firstRow = 0,
): Promise<(string | null)[]> {
  const filters = createFilters(rules, resolved);
  const drop = new Uint8Array(batch.numRows);
  const names = [''];
  for (const filter of filters) {
    await filter.prepare?.();
    filter.select(batch, drop, names.length, { firstRow });
    names.push(...filter.reasons);
  }
  return [...drop].map((code) => (code === 0 ? null : names[code]!));
}

const ints = (...values: (number | null)[]): Vector => vectorFromArray(values, new Int32());
const floats = (...values: (number | null)[]): Vector => vectorFromArray(values, new Float32());
const doubles = (...values: (number | null)[]): Vector => vectorFromArray(values, new Float64());

/** The white space at which Python's str.split() splits. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python counts four separators among the control characters.
const PYTHON_SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;
const slowWords = (text: string) => text.split(PYTHON_SPACE).filter((word) => word !== '').length;

test('words and characters are counted as Python does', () => {
  const character = fc.oneof(
    fc.constantFrom(
      ...' \t\n\x0b\x1c\x1f\x85\xa0\u1680\u2000\u200a\u200b\u2028\u202f\u205f\u3000\ufeff\u2003\u200e\u2060',
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }),
    fc.constantFrom('a', 'é', '漢', '😀', '\u00c2', '\u3001', '\u1681', '\u2048'),
  );
  fc.assert(
    fc.property(fc.array(character, { maxLength: 20 }), fc.integer({ min: 1, max: 6 }), (parts, limit) => {
      const text = parts.join('');
      const bytes = new TextEncoder().encode(text);
      assert.equal(countWords(bytes, 0, bytes.length), slowWords(text));
      assert.equal(countCharacters(bytes, 0, bytes.length), [...text].length);
      assert.equal(countWords(bytes, 0, bytes.length, limit), Math.min(limit, slowWords(text)));
      assert.equal(countCharacters(bytes, 0, bytes.length, limit), Math.min(limit, [...text].length));
    }),
    { numRuns: 2000 },
  );
});

test('bounds on words and characters are inclusive', async () => {
  const batch = batchOf({ text: ['a b', 'a b c', 'a b c d', 'a b c d e', null, ''] });
  assert.deepEqual(await reasons(batch, [{ words: { column: 'text', minimum: 3, maximum: 4 } }]), [
    'words: too few',
    null,
    null,
    'words: too many',
    'words: null',
    'words: too few',
  ]);
  assert.deepEqual(await reasons(batch, [{ words: { column: 'text', maximum: 2 } }]), [
    null,
    'words: too many',
    'words: too many',
    'words: too many',
    'words: null',
    null,
  ]);
  assert.deepEqual(
    await reasons(batchOf({ alt: ['äöü', 'äö', '😀😀😀😀'] }), [
      { characters: { column: 'alt', minimum: 3, maximum: 3 } },
    ]),
    [null, 'characters alt: too few', 'characters alt: too many'],
  );
});

test('bounds hold for texts of any number of bytes a word and a character', async () => {
  const text = fc
    .array(fc.constantFrom('a', 'é', '漢', ' ', '\u3000'), { maxLength: 14 })
    .map((parts) => parts.join(''));
  const bound = fc.option(fc.integer({ min: 0, max: 8 }), { nil: undefined });
  const judge = (n: number, minimum = 0, maximum = 99) => (n < minimum ? 'too few' : n > maximum ? 'too many' : null);
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 5 }), bound, bound, async (texts, minimum, maximum) => {
      const bounds = { column: 'text', minimum, maximum };
      const last = (reason: string | null) => reason?.split(': ')[1] ?? null;
      const batch = batchOf({ text: texts });
      assert.deepEqual(
        (await reasons(batch, [{ words: bounds }])).map(last),
        texts.map((t) => judge(slowWords(t), minimum, maximum)),
      );
      assert.deepEqual(
        (await reasons(batch, [{ characters: bounds }])).map(last),
        texts.map((t) => judge([...t].length, minimum, maximum)),
      );
    }),
    { numRuns: 300 },
  );
});

test('sides and aspect are inclusive; sizes that are null, zero or NaN are unknown', async () => {
  const batch = batchOf({
    width: doubles(200, 199, 600, 601, 200, null, 0, Number.NaN, -5),
    height: doubles(600, 600, 200, 200, 601, 300, 300, 300, 300),
  });
  assert.deepEqual(await reasons(batch, [{ side: { minimum: 200 } }]), [
    null,
    'side: too small',
    null,
    null,
    null,
    'side: null',
    'side: null',
    'side: null',
    'side: null',
  ]);
  assert.deepEqual((await reasons(batch, [{ aspect: { maximum: 3 } }])).slice(0, 5), [
    null,
    'aspect: too long',
    null,
    'aspect: too long',
    'aspect: too long',
  ]);
  const wide = batchOf({ width: vectorFromArray([200n, 199n], new Int64()), height: ints(200, 200) });
  assert.deepEqual(await reasons(wide, [{ side: { minimum: 200 } }]), [null, 'side: too small']);
});

test('scores are compared inclusively, at the precision of the column', async () => {
  const rule: FilterRule = { score: { column: 'p', minimum: 0.3, maximum: 0.7 } };
  const expected = ['score p: low', null, null, 'score p: high', 'score p: null', 'score p: null'];
  assert.deepEqual(await reasons(batchOf({ p: floats(0.29, 0.3, 0.7, 0.71, null, Number.NaN) }), [rule]), expected);
  assert.deepEqual(await reasons(batchOf({ p: doubles(0.29, 0.3, 0.7, 0.71, null, Number.NaN) }), [rule]), expected);
  assert.deepEqual(
    await reasons(batchOf({ p: doubles(Number.POSITIVE_INFINITY) }), [{ score: { column: 'p', minimum: 0 } }]),
    [null],
  );
});

test('similarity has a minimum, or the resolved threshold of a fraction', async () => {
  const batch = batchOf({ similarity: floats(0.27, 0.28, 0.29, null) });
  const minimum: FilterRule = { similarity: { column: 'similarity', minimum: 0.28 } };
  assert.deepEqual(await reasons(batch, [minimum]), ['similarity: low', null, null, 'similarity: null']);
  const top: FilterRule = { similarity: { column: 'similarity', fraction: 0.5 } };
  assert.deepEqual(await reasons(batch, [minimum, top], { thresholds: { 1: Math.fround(0.29) } }), [
    'similarity: low',
    'similarity 2: low',
    null,
    'similarity: null',
  ]);
  await assert.rejects(reasons(batch, [top]), InvariantError);
  assert.deepEqual(globalRules([minimum, top, { unique: { column: 'id' } }]), [
    { rule: 1, kind: 'fraction', column: 'similarity', fraction: 0.5 },
    { rule: 2, kind: 'unique', column: 'id' },
  ]);
});

test('the NSFW verdict is one of those to keep, exactly', async () => {
  const batch = batchOf({ NSFW: ['UNLIKELY', 'NSFW', 'unlikely', null, ''] });
  assert.deepEqual(await reasons(batch, [{ nsfw: { column: 'NSFW', keep: ['UNLIKELY'] } }]), [
    null,
    'nsfw: not kept',
    'nsfw: not kept',
    'nsfw: null',
    'nsfw: not kept',
  ]);
});

const ENGLISH = 'A young woman is walking her dog along the beach on a sunny afternoon';
const GERMAN = 'Eine junge Frau geht an einem sonnigen Nachmittag mit ihrem Hund am Strand spazieren';
const RUSSIAN = 'Молодая женщина гуляет с собакой по пляжу';

test('language is by column, by identification, or by the one where the other is missing', async () => {
  const batch = batchOf({
    text: [ENGLISH, GERMAN, ENGLISH, GERMAN, RUSSIAN, '12345', null, null],
    language: ['en', 'en', null, null, null, null, null, 'en'],
  });
  const rule = (detect: 'missing' | 'always' | 'never'): FilterRule => ({
    language: { keep: ['en'], column: 'language', detect },
  });
  const [other, unknown, missing] = ['language: other', 'language: unknown', 'language: null'];
  assert.deepEqual(await reasons(batch, [rule('missing')]), [null, null, null, other, other, unknown, missing, null]);
  assert.deepEqual(await reasons(batch, [rule('always')]), [
    null,
    other,
    null,
    other,
    other,
    unknown,
    missing,
    missing,
  ]);
  assert.deepEqual(await reasons(batch, [rule('never')]), [
    null,
    null,
    missing,
    missing,
    missing,
    missing,
    missing,
    null,
  ]);
  const without = batchOf({ text: [ENGLISH, GERMAN, RUSSIAN] });
  assert.deepEqual(await reasons(without, [rule('missing')]), [null, other, other]);
  assert.deepEqual(
    await reasons(without, [{ language: { keep: ['ru', 'de'], column: 'language', detect: 'missing' } }]),
    [other, null, null],
  );
});

test('foreign scripts need no identification: a filter that was not prepared can tell them', () => {
  const [filter] = createFilters([{ language: { keep: ['en', 'fr'], column: 'language', detect: 'missing' } }]);
  const foreign = ['Молодая женщина', '美しい風景の写真 photo', 'สวัสดี', 'مرحبا', '안녕하세요', 'Γειά σου'];
  const drop = new Uint8Array(foreign.length);
  filter!.select(batchOf({ text: foreign }), drop, 1);
  assert.deepEqual(
    [...drop],
    foreign.map(() => 1),
  );
  assert.throws(() => filter!.select(batchOf({ text: ['hello'] }), new Uint8Array(1), 1), InvariantError);
});

test('most English captions are identified as such', needs('data/pairs/cc3m_val.parquet'), async () => {
  const captions = (await readCaptions('data/pairs/cc3m_val.parquet')).slice(0, 3000);
  const results = await reasons(batchOf({ text: captions }), [
    { language: { keep: ['en'], column: 'language', detect: 'missing' } },
  ]);
  const share = results.filter((reason) => reason === null).length / captions.length;
  assert.ok(share > 0.9, `${share}`);
});

test('blocked terms are whole words in any case, without plurals, from the list and a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'blocked-'));
  try {
    const file = join(folder, 'terms.txt');
    writeFileSync(file, '# comment\r\nstock photo\r\n\r\n');
    const batch = batchOf({ text: ['A STOCK-photo', 'stock photos', 'spam!', 'spammer', null, ''] });
    const rules: FilterRule[] = [{ blocked: { column: 'text', terms: ['Spam'], file } }];
    const expected = ['blocked: term', null, 'blocked: term', null, 'blocked: null', null];
    assert.deepEqual(await reasons(batch, rules), expected);
    const expanded = expandRules(rules);
    rmSync(file);
    assert.deepEqual(await reasons(batch, JSON.parse(JSON.stringify(expanded))), expected);
    assert.deepEqual(expandRules(expanded), expanded);
  } finally {
    rmSync(folder, { recursive: true });
  }
  assert.throws(() => createFilters([{ blocked: { column: 'text', terms: ['c++'] } }]), ConfigError);
});

test('present columns are neither null nor empty', async () => {
  const batch = batchOf({
    url: ['u', '', null, 'u', 'u', 'u'],
    image: vectorFromArray(
      [Uint8Array.of(1), Uint8Array.of(1), Uint8Array.of(1), new Uint8Array(0), null, Uint8Array.of(1)],
      new Binary(),
    ),
    tags: lists([['a'], ['a'], ['a'], ['a'], ['a'], []]),
  });
  assert.deepEqual(await reasons(batch, [{ present: { columns: ['url', 'image', 'tags'] } }]), [
    null,
    'present: url',
    'present: url',
    'present: image',
    'present: image',
    'present: tags',
  ]);
});

test('unique drops the listed rows by their global number, and null ids', async () => {
  const batch = batchOf({ id: ['a', null, 'a', 'b', 'b'] });
  const duplicates = Float64Array.of(2, 99, 102, 104, 105, 300);
  assert.deepEqual(await reasons(batch, [{ unique: { column: 'id' } }], { duplicates: { 0: duplicates } }, 100), [
    null,
    'unique: null',
    'unique: duplicate',
    null,
    'unique: duplicate',
  ]);
  await assert.rejects(reasons(batch, [{ unique: { column: 'id' } }]), InvariantError);
});

test('DataComp presets keep exactly what its boundaries keep', async () => {
  const rows: [string, number, number, string | null][] = [
    ['one two three', 200, 600, null],
    ['one twothree', 400, 400, 'words: too few'],
    ['a b c', 400, 400, 'characters: too few'],
    ['ab c d', 400, 400, null],
    ['one two three', 199, 400, 'side: too small'],
    ['one two three', 200, 601, 'aspect: too long'],
    ['one two three', 600, 200, null],
  ];
  const batch = batchOf({
    text: rows.map(([text]) => text),
    language: rows.map(() => 'en'),
    width: ints(...rows.map(([, width]) => width)),
    height: ints(...rows.map(([, , height]) => height)),
  });
  assert.deepEqual(
    await reasons(batch, ['datacomp-basic']),
    rows.map((row) => row[3]),
  );
  assert.deepEqual(globalRules(expandRules(['datacomp-basic', 'datacomp-clip-score'])), [
    { rule: 5, kind: 'fraction', column: 'similarity', fraction: 0.3 },
  ]);
});

test('laion2b keeps English with B/32 similarity from 0.28, in the pool that has two scores by its name', async () => {
  const below = Math.fround(0.28) - 2 ** -26;
  const batch = batchOf({ text: ['a', 'a', 'a'], language: ['en', 'en', 'de'], similarity: floats(0.28, below, 0.5) });
  assert.deepEqual(await reasons(batch, ['laion2b']), [null, 'similarity: low', 'language: other']);
  const [, rule] = expandRules(['laion2b'], ['similarity', 'clip_b32_similarity_score']);
  assert.deepEqual(rule, { similarity: { column: 'clip_b32_similarity_score', minimum: 0.28 } });
});

test('an earlier reason stands, and two rules of one name are told apart', async () => {
  const batch = batchOf({ text: ['a', 'a b c d e f', 'a b c'] });
  const words = (bounds: object): FilterRule => ({ words: { column: 'text', ...bounds } });
  assert.deepEqual(await reasons(batch, [words({ minimum: 2 }), words({ minimum: 3, maximum: 4 })]), [
    'words: too few',
    'words 2: too many',
    null,
  ]);
});

test('reasons fit a byte', () => {
  const rule: FilterRule = { words: { column: 'text', minimum: 1 } };
  assert.equal(createFilters(Array(85).fill(rule)).length, 85);
  assert.throws(() => createFilters(Array(86).fill(rule)), ConfigError);
});

test('columns that filters need are asked for before anything is read', () => {
  const filters = createFilters(['datacomp-basic', { unique: { column: 'id' } }]);
  requireColumns(filters, ['text', 'width', 'height', 'id']);
  assert.throws(
    () => requireColumns(filters, ['text', 'width']),
    (e: unknown) =>
      e instanceof ConfigError &&
      e.issues.length === 3 &&
      /unique needs the column id; there are text, width/.test(e.message),
  );
  assert.throws(
    () => requireColumns(createFilters([{ language: { keep: ['en'], column: 'lang', detect: 'never' } }]), ['text']),
    ConfigError,
  );
});

test('a column of the wrong type is refused by name', async () => {
  const batch = batchOf({ text: ints(1), width: ['x'], height: ints(1) });
  await assert.rejects(
    reasons(batch, [{ words: { column: 'text' } }]),
    (e: unknown) => e instanceof InputError && /column text: expected strings \(Utf8\), got Int32/.test(e.message),
  );
  await assert.rejects(reasons(batch, [{ side: { minimum: 1 } }]), /column width: expected numbers, got Utf8/);
  await assert.rejects(reasons(batch, [{ score: { column: 'nope' } }]), /missing column: column nope/);
});

test('a slice is filtered as the rows that it holds', async () => {
  const n = 50;
  const rows = Array.from({ length: n }, (_, i) => i);
  const batch = batchOf({
    id: rows.map((i) => (i % 9 === 0 ? null : `${i}`)),
    text: rows.map((i) => [null, 'one two', 'one two three four', ENGLISH][i % 4]!),
    language: rows.map((i) => (i % 3 === 0 ? null : i % 3 === 1 ? 'en' : 'de')),
    width: ints(...rows.map((i) => (i % 5 === 0 ? null : 100 + 10 * i))),
    height: ints(...rows.map((i) => 90 + i)),
    similarity: floats(...rows.map((i) => (i % 7 === 0 ? null : i / n))),
    NSFW: rows.map((i) => (i % 6 === 0 ? null : 'UNLIKELY')),
  });
  const rules: FilterRule[] = [
    { score: { column: 'similarity', minimum: 0.1 } },
    { nsfw: { column: 'NSFW', keep: ['UNLIKELY'] } },
    { side: { minimum: 95 } },
    { unique: { column: 'id' } },
    { present: { columns: ['text'] } },
    { words: { column: 'text', minimum: 3 } },
    { language: { keep: ['en'], column: 'language', detect: 'never' } },
  ];
  const resolved = { duplicates: { 3: Float64Array.of(11, 17, 30) } };
  const whole = await reasons(batch, rules, resolved);
  for (const [start, end] of [
    [0, 50],
    [3, 31],
    [17, 18],
    [8, 50],
    [9, 9],
  ] as const) {
    assert.deepEqual(await reasons(batch.slice(start, end), rules, resolved, start), whole.slice(start, end));
  }
  assert.ok(new Set(whole).size >= 7);
});
