import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bool, DateDay, Float64, Int32, TimestampMillisecond, Utf8 } from 'apache-arrow';
import type { SliceRule } from '../../../schemas/config.js';
import { ConfigError, InputError } from '../../../schemas/errors.js';
import type { Tags } from '../../../schemas/tags.js';
import { hostOf } from '../../../transforms/stats/slice-domain.js';
import { createSlices } from '../../../transforms/stats/slices.js';
import { batchOf, type Column } from '../../end-to-end/inputs.js';

const NAMES = { attributes: ['female', 'old'], labels: [] };

async function valuesOf(rule: SliceRule, columns: readonly (readonly [string, Column])[], tags?: Tags) {
  const infos = columns.map(([name, { type }]) => ({ name, type: String(type), nullable: true }));
  const [slice] = createSlices([rule], infos, NAMES);
  const rows = columns[0][1].values.length;
  await slice.prepare?.();
  slice.begin(
    batchOf(columns),
    tags ?? {
      rows,
      attributes: new Uint8Array(2 * rows),
      offsets: new Uint32Array(rows + 1),
      labels: new Uint16Array(0),
    },
  );
  return Array.from({ length: rows }, (_, row) =>
    slice.find(row) ? Buffer.from(slice.bytes.subarray(slice.start, slice.end)).toString() : null,
  );
}

test('hosts are what a URL parser finds, without www., or nothing', () => {
  const host = new Uint8Array(300);
  const found = (url: string) => {
    const bytes = Buffer.from(`x${url}x`);
    return Buffer.from(host.subarray(0, hostOf(bytes, 1, bytes.length - 1, host))).toString();
  };
  for (const url of [
    'https://example.com/a.jpg',
    'http://WWW.Example.COM:8080/x?y#z',
    'https://user:pass@host.example/a@b',
    'https://cdn.example.org?x=/y',
    'https://xn--bcher-kva.example/',
    'https://192.0.2.7/a',
  ]) {
    assert.equal(found(url), new URL(url).hostname.replace(/^www\./, ''), url);
  }
  for (const none of ['', 'no url', 'https://', 'https:///path', 'http://a b/c', `https://${'a'.repeat(300)}/`]) {
    assert.equal(found(none), '', none);
  }
});

test('dates of texts, days and times', async () => {
  const text: Column = {
    type: new Utf8(),
    values: ['2026-11-25T14:00', '2026-1-2', null, '', '1999-12-31', 'x026-11-25'],
  };
  assert.deepEqual(await valuesOf({ date: { column: 'd', unit: 'month' } }, [['d', text]]), [
    '2026-11',
    null,
    null,
    null,
    '1999-12',
    null,
  ]);
  const time: Column = { type: new TimestampMillisecond(), values: [0, -1, Date.UTC(2024, 1, 29, 23, 59), null] };
  assert.deepEqual(await valuesOf({ date: { column: 'd', unit: 'day' } }, [['d', time]]), [
    '1970-01-01',
    '1969-12-31',
    '2024-02-29',
    null,
  ]);
  const day: Column = { type: new DateDay(), values: [new Date(Date.UTC(2020, 5, 1)), null] };
  assert.deepEqual(await valuesOf({ date: { column: 'd', unit: 'year' } }, [['d', day]]), ['2020', null]);
});

test('aspects in bins, values of columns, languages, attributes together', async () => {
  const size: [string, Column][] = [
    ['width', { type: new Int32(), values: [100, 200, 150, 0, null] }],
    ['height', { type: new Int32(), values: [100, 100, 100, 100, 100] }],
  ];
  assert.deepEqual(await valuesOf({ aspect: { edges: [1, 2] } }, size), ['1 to 2', 'from 2', '1 to 2', null, null]);
  const values = (type: Column['type'], some: unknown[]) =>
    valuesOf({ value: { column: 'v' } }, [['v', { type, values: some }]]);
  assert.deepEqual(await values(new Utf8(), ['a', '', null]), ['a', null, null]);
  assert.deepEqual(await values(new Float64(), [0.5, Number.NaN, -3, null]), ['0.5', null, '-3', null]);
  assert.deepEqual(await values(new Bool(), [true, false, null]), ['true', 'false', null]);
  assert.equal((await values(new Utf8(), ['long'.repeat(100)]))[0]!.length, 200);
  const captions: [string, Column][] = [
    ['language', { type: new Utf8(), values: ['de', null, null] }],
    ['text', { type: new Utf8(), values: ['a cat', 'a woman stands in front of the house and reads a book', null] }],
  ];
  assert.deepEqual(await valuesOf({ language: { column: 'language', detect: 'missing' } }, captions), [
    'de',
    'en',
    null,
  ]);
  assert.deepEqual(await valuesOf({ language: { column: 'language', detect: 'never' } }, captions), ['de', null, null]);
  const tags = {
    rows: 2,
    attributes: Uint8Array.of(1, 2, 0, 1),
    offsets: new Uint32Array(3),
    labels: new Uint16Array(0),
  };
  assert.deepEqual(
    await valuesOf({ attributes: { names: ['old', 'female'] } }, [['x', { type: new Int32(), values: [1, 2] }]], tags),
    ['old unknown, female present', 'old present, female absent'],
  );
});

test('columns and attributes that are not there are told', () => {
  const columns = [
    { name: 'url', type: 'Utf8', nullable: true },
    { name: 'list', type: 'List<Utf8>', nullable: true },
  ];
  const create =
    (...rules: SliceRule[]) =>
    () =>
      createSlices(rules, columns, NAMES);
  assert.throws(create({ domain: { column: 'link' } }), /stats\.slices\[0\]: no column link; there are url, list/);
  assert.throws(create({ attributes: { names: ['tall'] } }), /no attribute tall; there are female, old/);
  assert.throws(create({ value: { column: 'list' } }), InputError);
  assert.throws(create({ domain: { column: 'url' } }, { domain: { column: 'url' } }), ConfigError);
});
