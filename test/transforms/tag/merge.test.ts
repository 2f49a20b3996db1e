import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Float64, vectorFromArray } from 'apache-arrow';
import fc from 'fast-check';
import { MERGE_RULES } from '../../../schemas/attribute-config.js';
import { parseConfig } from '../../../schemas/parse-config.js';
import { ABSENT, PRESENT, UNKNOWN } from '../../../schemas/tags.js';
import { explainRow } from '../../../transforms/tag/arrow.js';
import {
  countVerdicts,
  type Merging,
  mergeSources,
  mergeVerdicts,
  PAIR_CELLS,
  pairCell,
  verdictCells,
} from '../../../transforms/tag/merge.js';
import { createTagger } from '../../../transforms/tag/tagger.js';
import { batchOf, infoOf } from './batch.js';

/** The definition, word for word and slow. */
function slowMerge(verdicts: readonly number[], { rule, weights, minimum, majority }: Merging): number {
  const known = verdicts.map((verdict, i) => ({ verdict, weight: weights[i]! })).filter((v) => v.verdict !== UNKNOWN);
  if (known.length === 0 || known.length < minimum) return UNKNOWN;
  const says = (verdict: number) => known.filter((v) => v.verdict === verdict);
  if (rule === 'priority') return known[0]!.verdict;
  if (rule === 'any') return says(PRESENT).length > 0 ? PRESENT : ABSENT;
  if (rule === 'agreement') {
    if (says(PRESENT).length === known.length) return PRESENT;
    return says(ABSENT).length === known.length ? ABSENT : UNKNOWN;
  }
  const weight = (list: typeof known) => list.reduce((sum, v) => sum + v.weight, 0);
  for (const side of [PRESENT, ABSENT]) if (weight(says(side)) > majority * weight(known)) return side;
  return UNKNOWN;
}

const verdict = fc.constantFrom(ABSENT, PRESENT, UNKNOWN);
const merging = fc
  .record({
    rule: fc.constantFrom(...MERGE_RULES),
    // Eighths, so that sums do not depend on their order.
    weights: fc.array(
      fc.integer({ min: 1, max: 64 }).map((n) => n / 8),
      { minLength: 1, maxLength: 5 },
    ),
    minimum: fc.integer({ min: 1, max: 5 }),
    majority: fc.constantFrom(0.5, 0.625, 0.75, 0.875),
  })
  .chain((m) => fc.record({ merging: fc.constant<Merging>(m), verdicts: fc.tuple(...m.weights.map(() => verdict)) }));

test('every rule agrees with its definition', () => {
  fc.assert(
    fc.property(merging, ({ merging: m, verdicts }) => {
      assert.equal(mergeVerdicts(Uint8Array.from(verdicts), 0, m), slowMerge(verdicts, m));
    }),
    { numRuns: 2000 },
  );
});

test('attributes with and without several sources stand side by side, and counts of parts add up', () => {
  const rule: Merging = { rule: 'priority', weights: [1, 1], minimum: 1, majority: 0.5 };
  fc.assert(
    fc.property(fc.array(fc.tuple(verdict, verdict, verdict), { maxLength: 40 }), fc.nat(40), (rows, at) => {
      const verdicts = Uint8Array.from(rows.flat());
      const merged = mergeSources(rows.length, verdicts, [undefined, rule]);
      rows.forEach(([alone, first, second], row) => {
        assert.deepEqual([...merged.subarray(row * 2, row * 2 + 2)], [alone, first === UNKNOWN ? second : first]);
      });
      const whole = new Float64Array(verdictCells(2));
      countVerdicts(whole, verdicts, rows.length, 3, 1, 2);
      const parts = new Float64Array(verdictCells(2));
      const cut = Math.min(at, rows.length);
      countVerdicts(parts, verdicts.subarray(0, cut * 3), cut, 3, 1, 2);
      countVerdicts(parts, verdicts.subarray(cut * 3), rows.length - cut, 3, 1, 2);
      assert.deepEqual(parts, whole);
      for (const a of [ABSENT, PRESENT, UNKNOWN]) {
        for (const b of [ABSENT, PRESENT, UNKNOWN]) {
          const pair = rows.filter(([, one, other]) => one === a && other === b).length;
          assert.equal(whole[PAIR_CELLS + pairCell(a, b)], pair);
        }
      }
    }),
  );
});

function configOf(female: object) {
  return parseConfig({ input: { files: 'x' }, attributes: { female }, output: { directory: 'o' } }, 'test');
}

const batch = batchOf({
  text: ['a woman', 'a man', 'a dog', 'a woman', 'a dog'],
  face: ['female', 'female', 'female', '', null],
  score: vectorFromArray([0.9, 0.2, 0.1, 0.5, null], new Float64()),
});
const sources = [
  { lexicon: 'gender', value: 'female' },
  { column: 'face', value: 'female' },
  { column: 'score', threshold: 0.6, below: 0.4 },
];

function tagged(rest: object) {
  const { attributes } = configOf({ from: sources, ...rest });
  const tagger = createTagger(attributes, [], infoOf(batch));
  const tags = tagger.tag(batch);
  const rows = Array.from({ length: batch.numRows }, (_, row) => explainRow(tags, tagger.names, row));
  return { tagger, tags, values: rows.map(({ attributes }) => attributes.female) };
}

test('captions and columns are merged by the rule of the configuration', () => {
  assert.deepEqual(tagged({}).values, [true, null, null, true, null]);
  assert.deepEqual(tagged({ minimum: 2 }).values, [true, null, null, null, null]);
  assert.deepEqual(tagged({ merge: 'priority' }).values, [true, false, true, true, null]);
  assert.deepEqual(tagged({ merge: 'any' }).values, [true, true, true, true, null]);
  assert.deepEqual(tagged({ merge: 'vote' }).values, [true, false, null, true, null]);
  const { tagger, tags } = tagged({ merge: 'vote' });
  assert.deepEqual(tagger.names.merged, [{ attribute: 'female', sources: ['gender', 'face', 'score'], column: 0 }]);
  assert.deepEqual([...tags.sources!.subarray(3, 6)], [ABSENT, PRESENT, ABSENT]);
});

test('an attribute without from has no sources beside it', () => {
  const { attributes } = configOf({ lexicon: 'gender', value: 'female' });
  const tagger = createTagger(attributes, [], infoOf(batch));
  assert.equal(tagger.tag(batch).sources, undefined);
  assert.equal(tagger.names.merged, undefined);
});

test('mistakes in from are told by their key', () => {
  const refuses = (female: object, pattern: RegExp) => assert.throws(() => configOf(female), pattern);
  refuses({ from: [] }, /attributes\.female\.from: expected a list of at least 1/);
  refuses({ from: [{ lexicon: 'gender', value: 'woman' }] }, /attributes\.female\.from\[0\]\.value: expected one of/);
  refuses({ from: sources, minimum: 4 }, /minimum: expected at most the number of sources, 3, got 4/);
  refuses({ from: sources, merge: 'first' }, /attributes\.female\.merge: expected one of agreement/);
  refuses(
    {
      from: [{ column: 'a', name: 'x' }, { column: 'b', name: 'x' }, { column: 'x 1' }],
    },
    /attributes\.female\.from: expected a name each/,
  );
  assert.throws(
    () => createTagger(configOf({ from: [{ column: 'nothing' }] }).attributes, [], infoOf(batch)),
    /attributes\.female\.from\[0\]: no column nothing/,
  );
});
