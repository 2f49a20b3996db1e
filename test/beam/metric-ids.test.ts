import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MonitoringInfo } from 'apache-beam/proto/metrics';
import { MetricIds } from '../../beam/metric-ids.js';

const info = (NAME: string) => MonitoringInfo.create({ urn: 'u', labels: { NAME }, payload: Uint8Array.of(7) });

test('reports that end before the runner has asked share no id, so that none takes the place of another', () => {
  let now = 0;
  const ids = new MetricIds(() => now);
  const given = [0, 1, 2].flatMap(() => ['a', 'b'].map((key) => ids.atEnd(key, info(key))));
  assert.equal(new Set(given).size, given.length);
  given.forEach((id, i) => {
    assert.equal(ids.asked(id)!.labels.NAME, i % 2 === 0 ? 'a' : 'b');
    assert.deepEqual(ids.asked(id)!.payload, new Uint8Array());
  });
  const progress = ids.inProgress('a', info('a'));
  assert.ok(!given.includes(progress));
  assert.equal(ids.inProgress('a', info('a')), progress, 'reports of progress replace each other');
  assert.ok(!given.includes(ids.atEnd('a', info('a'))), 'the answer may be on its way');
  now = 1000;
  assert.deepEqual([ids.atEnd('a', info('a')), ids.atEnd('b', info('b'))], given.slice(0, 2));
  assert.equal(ids.asked('m999'), undefined);
});

test('a runner that never asks is given no end of ids', () => {
  const ids = new MetricIds();
  const given = new Set(Array.from({ length: 5000 }, () => ids.atEnd('a', info('a'))));
  assert.equal(given.size, 1000);
});
