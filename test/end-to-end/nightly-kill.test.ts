/** `nightly` killed behind each of its events: the set in use is the old or the new one, whole, and the same call ends it, once. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runNightly } from '../../pipelines/index.js';
import { afterNight, nightlyConfig, saveNight } from './nights.js';
import { scratch } from './scratch.js';

const SCRIPT = join(dirname(fileURLToPath(import.meta.url)), 'nightly-process.js');
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

function requireWhole(out: string, rows: number): void {
  const latest = json(join(out, 'latest.json'));
  const { files } = json(join(out, latest.set));
  for (const { path } of files) assert.ok(existsSync(join(out, path)), path);
  assert.equal(json(join(out, latest.ledger)).figures.rows, rows);
}

test('killed behind any event, nightly publishes once and counts each night once', { timeout: 120_000 }, async (t) => {
  const folder = scratch(t);
  const data = join(folder, 'data');
  for (const [i, night] of ['2026-05-01', '2026-05-02'].entries()) await saveNight(data, night, { seed: i + 1 });
  const first = join(folder, 'first');
  await runNightly(nightlyConfig(data, first, { window: '5d', gates: { rb: 'off', ab: 'off' } }), {
    now: afterNight('2026-05-02'),
  });
  await saveNight(data, '2026-05-03', { seed: 3 });
  const outcomes = { old: 0, new: 0 };
  for (let at = 1; ; at++) {
    const out = join(folder, `out-${at}`);
    cpSync(first, out, { recursive: true });
    const now = afterNight('2026-05-03');
    const { signal, status, stderr } = spawnSync(process.execPath, [SCRIPT, data, out, now.toISOString(), String(at)]);
    if (signal === null) {
      assert.equal(status, 0, String(stderr));
      requireWhole(out, 900);
      break;
    }
    const { history } = json(join(out, 'latest.json'));
    outcomes[history.length === 1 ? 'old' : 'new']++;
    requireWhole(out, 300 * (history.length + 1));
    await runNightly(nightlyConfig(data, out, { window: '5d', gates: { rb: 'off', ab: 'off' } }), { now });
    requireWhole(out, 900);
    assert.equal(json(join(out, 'latest.json')).history.length, 2, 'published once');
    assert.deepEqual(readdirSync(join(out, 'runs')).sort(), ['2026-05-03T03-00Z', '2026-05-04T03-00Z']);
    assert.ok(!existsSync(join(out, 'work')));
  }
  t.diagnostic(JSON.stringify(outcomes));
  assert.ok(outcomes.old >= 10 && outcomes.new >= 2, JSON.stringify(outcomes));
});
