import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Config, configSchema } from '../../schemas/config.js';
import { ConfigError } from '../../schemas/errors.js';
import { explain } from '../../schemas/explain-config.js';
import { configJsonSchema } from '../../schemas/json-schema.js';
import { nearestName } from '../../schemas/nearest.js';
import { parseConfig } from '../../schemas/parse-config.js';

const least = {
  input: { files: 'data/*.parquet' },
  attributes: { female: { lexicon: 'gender', value: 'female' } },
  output: { directory: 'out' },
};

/** The sentences that a configuration is refused with; fails where it is accepted. */
function issues(value: unknown): readonly string[] {
  try {
    parseConfig(value);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.issues;
  }
  assert.fail(`accepted ${JSON.stringify(value)}`);
}

const FILTERS = 'words, characters, side, aspect, image, similarity, score, nsfw, language, blocked, present, unique';
const FILTER_OR_PRESET = `one of datacomp-basic, datacomp-clip-score, laion2b, or a mapping with one of the keys ${FILTERS} or near`;

describe('a sound configuration', () => {
  test('is filled in with defaults', () => {
    const config: Config = parseConfig(least);
    assert.deepEqual(config, {
      input: { files: 'data/*.parquet', columns: 'auto', maximumBad: 0.01 },
      filters: [],
      attributes: { female: { lexicon: 'gender', value: 'female', column: 'text', target: 0.5 } },
      labels: [],
      languages: { use: ['en'], column: 'language', detect: 'missing', masculine: 'unknown' },
      balance: {
        rate: 'auto',
        tolerance: { representation: 0.01, association: 0.01, conditional: false },
        penalty: 10,
        maximum: 1,
        fit: 'auto',
        seed: 1,
        patterns: 1_000_000,
        streams: 1,
      },
      output: {
        directory: 'out',
        formats: ['parquet'],
        weights: 'parquet',
        name: 'pairs',
        split: 'train',
        shuffle: 'none',
        compression: 'snappy',
        overwrite: false,
      },
      report: { minimumSupport: 30, confidence: 0.95, worst: 10, pairs: 1000, examples: 0, rates: 10 },
      stats: {
        name: 'data',
        sets: {},
        slices: [],
        values: 1000,
        shownValues: 20,
        distributions: [],
        words: 100_000,
        shownWords: 20,
        pairs: 10_000,
      },
      nightly: {
        scope: 'new',
        lag: 1,
        catchUp: 7,
        removed: 'drop',
        warm: true,
        keep: 30,
        lease: 900,
        gates: {
          ...{ version: 'same', fresh: 3, rows: 0.5, dropped: 0.1, unknown: 0.1, drift: 0.1, repeated: 'refuse' },
          ...{ rate: 0.8, gap: 1e-6, ess: 0.1, rb: 0.02, ab: 0.1 },
        },
      },
      runner: { name: 'direct', parallelism: 1, timeout: 3600, labels: {}, update: false, options: {} },
    });
  });

  test('may not leave a misspelt key without a value', () => {
    assert.deepEqual(issues({ ...least, fitlers: null }), [
      'fitlers: expected one of the keys input, filters, attributes, labels, models, languages, balance, output, report, stats, bigquery, nightly, runner, got an unknown key. Did you mean filters?',
    ]);
  });

  test('may keep the keys of one runner when another is named', () => {
    const runner = { name: 'direct', project: 'p', image: 'i', environment: 'docker', endpoint: 'h:1' };
    assert.equal(parseConfig({ ...least, runner }).runner.name, 'direct');
  });

  test('may leave a key without a value, which counts as left out', () => {
    assert.deepEqual(parseConfig({ ...least, filters: null, balance: { rate: null } }), parseConfig(least));
  });
});

const mistakes: readonly [name: string, value: unknown, expected: readonly string[]][] = [
  [
    'no mapping',
    'x',
    [
      'expected a mapping with the keys input, filters, attributes, labels, models, languages, balance, output, report, stats, bigquery, nightly and runner, got "x".',
    ],
  ],
  [
    'a missing section',
    { input: least.input, output: least.output },
    ['attributes: expected a mapping of names, got nothing.'],
  ],
  [
    'a misspelt key in a union of mappings',
    { ...least, balance: { tolerance: { representaton: 0.1 } } },
    [
      'balance.tolerance.representaton: expected one of the keys representation, association, conditional, got an unknown key. Did you mean representation?',
    ],
  ],
  [
    'keys of two variants',
    { ...least, balance: { tolerance: { rb: 0.1, ab: 0.1, conditional: true } } },
    [
      'balance.tolerance.conditional: expected no conditional beside rb, ab, got both. It goes with representation, association, conditional.',
    ],
  ],
  [
    'half of a variant',
    { ...least, balance: { tolerance: { rb: 0.1 } } },
    ['balance.tolerance.ab: expected a number from 0 to 1, got nothing.'],
  ],
  [
    'a word for a number or a word',
    { ...least, balance: { rate: 'fast' } },
    ['balance.rate: expected auto, or a number above 0, got "fast".'],
  ],
  [
    'several values at once',
    { ...least, balance: { rate: -1, fit: 'exactt', seed: 1.5 } },
    [
      'balance.rate: expected auto, or a number above 0, got -1.',
      'balance.fit: expected one of auto, exact, stream or online, got "exactt". Did you mean exact?',
      'balance.seed: expected a whole number from 0 to 4294967295, got 1.5.',
    ],
  ],
  [
    'numbers that are none',
    { ...least, balance: { penalty: Number.NaN, maximum: Number.POSITIVE_INFINITY } },
    [
      'balance.penalty: expected a number above 0, got NaN.',
      'balance.maximum: expected a number above 0 and of at most 100, got Infinity.',
    ],
  ],
  [
    'a misspelt preset',
    { ...least, filters: ['datacomp-basik'] },
    [`filters[0]: expected ${FILTER_OR_PRESET}, got "datacomp-basik". Did you mean datacomp-basic?`],
  ],
  [
    'a filter by its bare name',
    { ...least, filters: ['unique'] },
    [
      `filters[0]: expected ${FILTER_OR_PRESET}, got "unique". A rule is a mapping: write unique: {}, with its settings inside.`,
    ],
  ],
  [
    'a misspelt filter',
    { ...least, filters: ['laion2b', { similarty: { fraction: 0.3 } }] },
    [`filters[1].similarty: expected one of the keys ${FILTERS}, near, got an unknown key. Did you mean similarity?`],
  ],
  [
    'a filter like none',
    { ...least, filters: [{ foo: 1 }] },
    [`filters[0]: expected a mapping with one of the keys ${FILTERS}, near, got a mapping with foo.`],
  ],
  [
    'two filters in one item',
    { ...least, filters: [{ words: { minimum: 3 }, side: { minimum: 200 } }] },
    ['filters[0].side: expected one rule in each item of the list, got side beside words. Make it an item of its own.'],
  ],
  [
    'a setting of a filter out of range',
    { ...least, filters: [{ similarity: { fraction: 3 } }] },
    ['filters[0].similarity.fraction: expected a number above 0 and of at most 1, got 3.'],
  ],
  [
    'filters that contradict themselves',
    {
      ...least,
      filters: [
        { similarity: {} },
        { similarity: { minimum: 0.2, fraction: 0.3 } },
        { words: {} },
        { characters: { minimum: 9, maximum: 3 } },
        { score: { column: 'punsafe' } },
        { blocked: {} },
      ],
    },
    [
      'filters[0].similarity: expected either minimum or fraction, got neither.',
      'filters[1].similarity: expected either minimum or fraction, got both.',
      'filters[2].words: expected minimum, maximum or both, got neither.',
      'filters[3].characters.minimum: expected at most maximum, 3, got 9.',
      'filters[4].score: expected minimum, maximum or both, got neither.',
      'filters[5].blocked: expected terms, file or both, got neither.',
    ],
  ],
  [
    'no attributes',
    { ...least, attributes: {} },
    ['attributes: expected at least one, got none. For example female: {lexicon: gender, value: female}.'],
  ],
  [
    'an unknown lexicon',
    { ...least, attributes: { f: { lexicon: 'gendr', value: 'female' } }, labels: [{ lexicon: 'occupation' }] },
    [
      'attributes.f.lexicon: expected one of gender, age or the path of a TSV file, got "gendr". Did you mean gender?',
      'labels[0].lexicon: expected one of occupations, proxies or the path of a TSV file, got "occupation". Did you mean occupations?',
    ],
  ],
  [
    'a value that a built-in lexicon does not have',
    { ...least, attributes: { f: { lexicon: 'gender', value: 'femal' } } },
    [
      'attributes.f.value: expected one of female, male, which the lexicon gender knows, got "femal". Did you mean female?',
    ],
  ],
  [
    'an attribute of two kinds',
    { ...least, attributes: { f: { lexicon: 'gender', value: 'female', threshold: 1 } } },
    [
      'attributes.f.threshold: expected no threshold beside lexicon, value, got both. It goes with column, value, threshold, below, soft, target.',
    ],
  ],
  [
    'an attribute by a misspelt column key',
    { ...least, attributes: { f: { colum: 'a' } } },
    [
      'attributes.f.colum: expected one of the keys column, value, threshold, below, soft, target, got an unknown key. Did you mean column?',
    ],
  ],
  [
    'a band of unknown upside down, or without its top',
    { ...least, attributes: { f: { column: 'x', below: 0.7, threshold: 0.5 }, g: { column: 'x', below: 0.7 } } },
    [
      'attributes.f.below: expected at most threshold, 0.5, got 0.7.',
      'attributes.g.threshold: expected a number beside below, got nothing.',
    ],
  ],
  [
    'an attribute that no column could be named after',
    { ...least, attributes: { '1x\n': { column: 'a' } } },
    ['attributes."1x\\n": expected a name of letters, digits and underscores, a letter first, got "1x\\n".'],
  ],
  [
    'labels in the wrong form',
    { ...least, labels: [{ list: 3 }, { columns: 'y_*' }] },
    [
      'labels[0].list: expected a column name, got 3.',
      'labels[1].columns: expected a list of at least 1, each a column name, got "y_*".',
    ],
  ],
  [
    'input that names nothing',
    { ...least, input: { files: [], columns: 'loain' } },
    [
      'input.files: expected a list of at least 1, each a path, got an empty list.',
      'input.columns: expected one of auto, laion, commonpool, img2dataset, or a mapping with the keys id, text, url, width, height, image, language and similarity, got "loain". Did you mean laion?',
    ],
  ],
  [
    'a misspelt canonical column',
    { ...least, input: { files: 'x', columns: { txt: 'caption' } } },
    [
      'input.columns.txt: expected one of the keys id, text, url, width, height, image, language, similarity, got an unknown key. Did you mean text?',
    ],
  ],
  [
    'a rate above the largest weight',
    { ...least, balance: { rate: 1.2 } },
    ['balance.rate: expected at most balance.maximum, 1, got 1.2. A mean weight cannot be above the largest.'],
  ],
  [
    'one pass at a rate that only a first pass could find',
    { ...least, balance: { fit: 'online' } },
    [
      'balance.rate: expected a number with fit online, got auto. The largest feasible rate is known only after a first pass; give a rate, or use another fit.',
    ],
  ],
  [
    'output that contradicts itself',
    { ...least, output: { directory: 'o', shardRows: 1, shardBytes: 1, formats: ['arrow', 'arrow'] } },
    [
      'output.shardBytes: expected shardRows or shardBytes, got both.',
      'output.formats: expected each format once, got arrow again.',
    ],
  ],
  [
    'images for TensorFlow Datasets that it does not decode',
    { ...least, output: { directory: 'o', formats: ['tfrecord'], images: { format: 'webp' } } },
    [
      'output.images.format: expected jpeg or png, which TensorFlow Datasets decodes, got webp with tfrecord in output.formats.',
    ],
  ],
  [
    'images encoded again for a format that has none, at a quality that nothing has',
    { ...least, output: { directory: 'o', formats: ['datacomp'], images: { format: 'png', quality: 9 } } },
    [
      'output.images: expected a format with images in output.formats, got datacomp.',
      'output.images.quality: expected none with png, which loses nothing, got one.',
    ],
  ],
  [
    'output of nothing',
    { ...least, output: { directory: 'o', formats: [], weights: 'none' } },
    ['output.formats: expected at least one format where weights is none, got an empty list.'],
  ],
  [
    'a prototype in place of a name',
    JSON.parse('{"attributes": {"__proto__": {"column": "x"}}}'),
    ['attributes.__proto__: expected another name, got a reserved one.'],
  ],
  [
    'a job service that is not said where',
    { ...least, runner: { name: 'flink' } },
    ['runner.endpoint: expected a value with the runner flink, got nothing.'],
  ],
  [
    'an endpoint without a port',
    { ...least, runner: { name: 'portable', endpoint: 'http://localhost' } },
    ['runner.endpoint: expected an address as host:port, got "http://localhost".'],
  ],
  [
    'a container without an image',
    { ...least, runner: { name: 'prism', environment: 'docker' } },
    ['runner.image: expected the name of an image with the environment docker, got nothing.'],
  ],
  [
    'Dataflow without what it needs',
    { ...least, runner: { name: 'dataflow', region: 'europe-west1' } },
    [
      'runner.project: expected a value with the runner dataflow, got nothing.',
      'runner.tempLocation: expected a value with the runner dataflow, got nothing.',
      'runner.image: expected the name of an image with the environment docker, got nothing.',
    ],
  ],
  [
    'Dataflow with workers elsewhere',
    {
      ...least,
      runner: {
        name: 'dataflow',
        project: 'a-project',
        region: 'europe-west1',
        tempLocation: 'gs://bucket/temp',
        environment: 'process',
      },
    },
    ['runner.environment: expected docker with the runner dataflow, got process.'],
  ],
  [
    'a misspelt runner',
    { ...least, runner: { name: 'prsim' } },
    ['runner.name: expected one of direct, prism, flink, portable or dataflow, got "prsim". Did you mean prism?'],
  ],
];

describe('a mistake names the key, what was expected, what arrived and the nearest name', () => {
  for (const [name, value, expected] of mistakes) {
    test(name, () => assert.deepEqual(issues(value), expected));
  }

  test('in a message that opens with the file', () => {
    assert.throws(() => parseConfig({ ...least, output: {} }, 'job.yaml'), {
      name: 'ConfigError',
      message: 'job.yaml: output.directory: expected a path, got nothing.',
    });
  });

  test('and a long value is cut', () => {
    const [issue] = issues({ ...least, balance: { fit: 'x'.repeat(1e6) } });
    assert.ok(issue!.length < 200, String(issue!.length));
  });

  test('a thousand mistakes are not all listed', () => {
    const all = issues({ ...least, filters: Array.from({ length: 1000 }, () => 3) });
    assert.equal(all.length, 51);
    assert.equal(all.at(-1), 'and 950 more.');
  });

  test('nesting without end is refused', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic.input = cyclic;
    assert.match(issues(cyclic)[0]!, /expected at most 32 levels, got more/);
  });
});

describe('the sentences and the schema agree', () => {
  const schema = configJsonSchema();
  const word = fc.constantFrom(
    'column',
    'lexicon',
    'value',
    'words',
    'minimum',
    'rate',
    'rb',
    'list',
    'auto',
    'x',
    'constructor',
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.oneof(word, fc.integer(), fc.double(), fc.boolean()),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(word, tie('value'), { maxKeys: 3 }),
    ),
  }));
  const keys = Object.keys(schema.properties!);
  const sections = fc.record(Object.fromEntries(keys.map((key) => [key, value])), { requiredKeys: [] });

  test('whatever zod refuses is explained, and nothing else is', () => {
    fc.assert(
      fc.property(sections, (changes) => {
        const candidate = { ...least, ...changes };
        const said = explain(schema, candidate);
        assert.equal(said.length === 0, configSchema.safeParse(candidate).success, said.join('\n'));
        for (const sentence of said) assert.match(sentence, /expected .*, got /);
      }),
      { numRuns: 2000 },
    );
  });

  test('a section replaced one key at a time', () => {
    const inside = fc
      .constantFrom('input', 'balance', 'output', 'report', 'runner')
      .chain((section) =>
        fc
          .constantFrom(...Object.keys(schema.properties![section]!.properties!))
          .chain((key) => value.map((v) => ({ section, key, v }))),
      );
    fc.assert(
      fc.property(inside, ({ section, key, v }) => {
        const candidate = { ...least, [section]: { ...least[section as 'input'], [key]: v } };
        const said = explain(schema, candidate);
        assert.equal(said.length === 0, configSchema.safeParse(candidate).success, said.join('\n'));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the nearest name', () => {
  test('is found through a slip, in either case', () => {
    assert.equal(nearestName('Similarty', ['words', 'similarity']), 'similarity');
    assert.equal(nearestName('rat', ['rate', 'seed']), 'rate');
  });
  test('is not made up where none is near', () => {
    assert.equal(nearestName('zebra', ['words', 'similarity']), undefined);
    assert.equal(nearestName('x', ['id', 'url']), undefined);
    assert.equal(nearestName('x', []), undefined);
  });
});
