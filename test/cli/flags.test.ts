import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { configFlags, withFlags } from '../../cli/flags.js';
import { parseConfig } from '../../schemas/parse-config.js';

const flags = configFlags();

describe('flags', () => {
  test('are there for every key of every section', () => {
    const full = parseConfig({ input: { files: 'x' }, attributes: { f: { column: 'f' } }, output: { directory: 'o' } });
    const names = new Set(flags.map((f) => f.name));
    for (const section of ['input', 'balance', 'output', 'report', 'runner'] as const) {
      for (const key of Object.keys(full[section])) assert.ok(names.has(`${section}.${key}`), `${section}.${key}`);
    }
    for (const key of ['filters', 'attributes', 'labels']) assert.ok(names.has(key), key);
    for (const key of ['balance.tolerance.rb', 'balance.utility', 'balance.warm', 'output.shardRows'])
      assert.ok(names.has(key), key);
  });

  test('have names and aliases that are all different', () => {
    const all = flags.flatMap((f) => (f.alias === undefined ? [f.name] : [f.name, f.alias]));
    assert.equal(new Set(all).size, all.length);
  });

  test('of the runner have the names that other tools give them', () => {
    const aliases = new Map(flags.map((f) => [f.alias, f.name]));
    const short = {
      runner: 'name',
      endpoint: 'endpoint',
      parallelism: 'parallelism',
      environment: 'environment',
      image: 'image',
      project: 'project',
      region: 'region',
      'temp-location': 'tempLocation',
      'service-account': 'serviceAccount',
      network: 'network',
      'max-workers': 'maxWorkers',
      'worker-machine-type': 'workerMachineType',
    };
    for (const [alias, key] of Object.entries(short)) assert.equal(aliases.get(alias), `runner.${key}`);
  });

  test('become values of their keys', () => {
    const argv = {
      'input.files': ['a.parquet,b.parquet', 'c.parquet'],
      'input.columns.text': 'caption',
      filters: ['datacomp-basic,laion2b', '{similarity: {fraction: 0.3}}'],
      attributes: ['female: {lexicon: gender, value: female}', '{"old": {"lexicon": "age", "value": "elderly"}}'],
      labels: '[{lexicon: occupations}, {columns: [y_*]}]',
      'balance.rate': '0.9',
      'balance.seed': '7',
      'balance.warm': '123',
      'balance.tolerance': '{rb: 0.01, ab: 0.02}',
      'output.directory': 'out',
      'output.formats': 'arrow,tfrecord',
      'output.overwrite': true,
      'runner.name': 'flink',
      'runner.endpoint': 'localhost:8099',
      'runner.parallelism': '4',
      'runner.labels': ['{team: a}', 'night: "1"'],
      'runner.options': '{flinkMaster: "[local]", retries: 2}',
    };
    assert.deepEqual(withFlags({}, argv, flags), {
      input: { files: ['a.parquet', 'b.parquet', 'c.parquet'], columns: { text: 'caption' } },
      filters: ['datacomp-basic', 'laion2b', { similarity: { fraction: 0.3 } }],
      attributes: { female: { lexicon: 'gender', value: 'female' }, old: { lexicon: 'age', value: 'elderly' } },
      labels: [{ lexicon: 'occupations' }, { columns: ['y_*'] }],
      balance: { rate: 0.9, seed: 7, warm: '123', tolerance: { rb: 0.01, ab: 0.02 } },
      output: { directory: 'out', formats: ['arrow', 'tfrecord'], overwrite: true },
      runner: {
        name: 'flink',
        endpoint: 'localhost:8099',
        parallelism: 4,
        labels: { team: 'a', night: '1' },
        options: { flinkMaster: '[local]', retries: 2 },
      },
    });
  });

  test('go before the file, key by key, and leave it as it was', () => {
    const file = { balance: { rate: 0.5, seed: 3 }, output: { directory: 'a' } };
    const changed = withFlags(file, { 'balance.rate': 'auto', 'output.overwrite': false }, flags);
    assert.deepEqual(changed, { balance: { rate: 'auto', seed: 3 }, output: { directory: 'a', overwrite: false } });
    assert.deepEqual(file, { balance: { rate: 0.5, seed: 3 }, output: { directory: 'a' } });
  });

  test('keep a path with a comma in a YAML list', () => {
    assert.deepEqual(withFlags({}, { 'input.files': '["a,b.parquet"]' }, flags), { input: { files: ['a,b.parquet'] } });
  });

  test('leave what is no number for the schema to refuse', () => {
    assert.deepEqual(withFlags({}, { 'balance.penalty': 'ten' }, flags), { balance: { penalty: 'ten' } });
    assert.deepEqual(withFlags({}, { 'balance.penalty': '' }, flags), { balance: { penalty: '' } });
  });

  test('given twice where one value is meant are refused', () => {
    assert.throws(() => withFlags({}, { 'balance.rate': ['1', '2'] }, flags), {
      message: 'command line: --balance.rate: expected one value, got 2.',
    });
  });

  test('that are no YAML name the flag, line and column', () => {
    assert.throws(
      () => withFlags({}, { labels: '[{lexicon: occupations}' }, flags),
      /^ConfigError: --labels: line 1, column 24: /,
    );
  });
});
